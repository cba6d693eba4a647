"""The notebooks run from the first cell to the last, and show what they speak of."""

import csv
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import nbformat
import pytest

from headrace.lineage import Lineage
from headrace.lineage.evaluations import EvaluationFacts
from headrace.lineage.facts import RunFacts
from tests.conftest import ROOT
from tests.notebooks.executing import NOTEBOOKS, executed, figures, outputs_of, page, printed

TRIPS = ROOT / "data" / "taxi"
QUESTIONS = (
    *("runs", "run", "executions", "artifacts"),
    *("trace", "impact", "diff", "features", "column", "schema_history", "live"),
)


def judged(lineage: Lineage, run: RunFacts) -> EvaluationFacts:
    """How the run's model was judged in the run."""
    [found] = [one for one in lineage.trace(run.id).evaluations if one.run == run.id]
    return found


@pytest.fixture(scope="module")
def tutorial_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def about_lineage(tutorial_home: Path) -> nbformat.NotebookNode:
    return executed("02_lineage.ipynb", tutorial_home)


@pytest.fixture(scope="module")
def runs(about_lineage: nbformat.NotebookNode, tutorial_home: Path) -> list[RunFacts]:
    """The good run, the one with another learning rate, the one on corrupted data."""
    return list(reversed(Lineage.of_home(tutorial_home / "tutorial").runs()))[:3]


@pytest.fixture(scope="module")
def lineage(runs: list[RunFacts], tutorial_home: Path) -> Lineage:
    return Lineage.of_home(tutorial_home / "tutorial")


@pytest.fixture(scope="module")
def about_comparing(lineage: Lineage, tutorial_home: Path) -> nbformat.NotebookNode:
    """It takes the runs of 02 from there."""
    return executed("03_compare_runs.ipynb", tutorial_home)


def test_the_taxi_notebook_draws_statistics_and_slices_without_a_network(taxi_run: object, home: Path) -> None:
    notebook = executed("01_taxi_pipeline.ipynb", home)
    assert len(figures(notebook)) == 4
    text = printed(notebook)
    assert "Blessed" in text
    assert "overall (5,469 examples)" in text
    tables = "".join(output.data.get("text/plain", "") for output in outputs_of(notebook) if "data" in output)
    for shown in ("AnomalyGate", "ExampleStatistics", "payment_type", "saved_model.pb"):
        assert shown in tables


def test_the_lineage_notebook_asks_every_question(about_lineage: nbformat.NotebookNode) -> None:
    code = "\n".join(cell.source for cell in about_lineage.cells if cell.cell_type == "code")
    for question in QUESTIONS:
        assert f"lineage.{question}(" in code


def test_its_runs_are_a_good_one_a_hasty_one_and_one_on_fares_in_cents(
    about_lineage: nbformat.NotebookNode, runs: list[RunFacts], lineage: Lineage, tutorial_home: Path
) -> None:
    assert [run.state for run in runs] == ["succeeded"] * 3
    assert [judged(lineage, run).blessed for run in runs] == [True, False, False]
    assert [run.command for run in runs] == [
        "headrace run taxi",
        "headrace run taxi '--set=hyperparameters={\"learning_rate\": 0.03}'",
        f"headrace run taxi --set=data_root={tutorial_home}/tutorial/trips-in-cents",
    ]
    for run in runs:
        assert run.id in page(about_lineage, 'lineage.runs("taxi")')
    assert "Not blessed: 2 of 2 thresholds did not hold." in printed(about_lineage)
    assert "Not blessed: 1 of 2 thresholds did not hold." in printed(about_lineage)
    assert judged(lineage, runs[2]).verdict in printed(about_lineage)


def test_the_corrupted_data_passed_validation_and_the_gate(runs: list[RunFacts], lineage: Lineage) -> None:
    """As the notebook says: so what stopped the model was the comparison with another."""
    trace = lineage.trace(runs[2].id)
    [blessing] = [one for one in trace.graph.of_type("DataBlessing") if one.id in trace.starts]
    assert blessing.properties["tolerated"] == 0
    [failure] = judged(lineage, runs[2]).failures or ()
    assert failure.is_change


def test_the_trace_is_that_of_the_pushed_model(
    about_lineage: nbformat.NotebookNode, runs: list[RunFacts], lineage: Lineage
) -> None:
    shown = page(about_lineage, "\ntrace")
    for file in sorted(TRIPS.glob("*.csv")):
        assert str(file) in shown
    assert shown.count("unchanged") == 4
    assert judged(lineage, runs[0]).verdict in shown
    assert runs[1].id not in shown


def test_the_corrupted_file_has_an_impact_on_a_rejected_model_and_the_original_on_the_live_one(
    about_lineage: nbformat.NotebookNode, runs: list[RunFacts], tutorial_home: Path
) -> None:
    corrupted = page(about_lineage, "impact(corrupted_trips / CORRUPTED)")
    assert "live: nothing" in corrupted
    assert "rejected" in corrupted
    assert runs[2].id in corrupted
    original = page(about_lineage, "impact(TRIPS / CORRUPTED)")
    assert f"live in {tutorial_home}/tutorial/serving/taxi/" in original
    assert runs[2].id not in original


def test_the_learning_rate_is_what_differs_first_in_one_run_and_the_file_and_its_fares_in_the_other(
    about_lineage: nbformat.NotebookNode, tutorial_home: Path
) -> None:
    hasty = page(about_lineage, "lineage.diff(good, hasty)")
    assert hasty.partition("<div>")[2].startswith("parameter: learning_rate of Trainer: 0.001 -> 0.03</div>")
    assert "data:" not in hasty
    data = tutorial_home / "tutorial" / "trips-in-cents"
    fares = [[fare(row) for row in rows_of_train(folder)] for folder in (TRIPS, data)]
    lines = page(about_lineage, "lineage.diff(good, corrupted)").split("<div>")[1:]
    assert lines[0].startswith(f"data: CsvExampleGen: read from {TRIPS} -> {data}")
    assert lines[1].startswith(f"data: {data}/trips-2014.csv in split train: was written again")
    assert lines[2].startswith("data: fare in split train: distance 0.")
    assert f"mean {fmean(fares[0]):.4g} -> {fmean(fares[1]):.4g}" in lines[2]
    assert lines[3].startswith("verdict: ")


def rows_of_train(folder: Path) -> Iterator[dict[str, str]]:
    for year in (2013, 2014):
        yield from csv.DictReader((folder / f"trips-{year}.csv").open(newline=""))


def fare(row: dict[str, str]) -> float:
    return float(row["fare"])


def test_a_fare_is_felt_by_the_models_and_a_tip_is_not(about_lineage: nbformat.NotebookNode) -> None:
    for column, felt in (("fare", "yes"), ("tips", "no")):
        shown = page(about_lineage, f'lineage.column("{column}")')
        assert "big_tip_xf" in shown
        assert shown.count(f">{felt}</td>") == 3


def test_what_is_live_is_the_good_model_and_the_others_are_rejected_with_their_reasons(
    about_lineage: nbformat.NotebookNode, runs: list[RunFacts], lineage: Lineage
) -> None:
    shown = page(about_lineage, 'lineage.live("taxi")')
    assert f"of run {runs[0].id} is live" in shown
    for run in runs[1:]:
        assert judged(lineage, run).verdict in shown


def test_the_comparison_has_a_row_a_run_with_the_metrics_of_its_evaluation(
    about_comparing: nbformat.NotebookNode, lineage: Lineage, runs: list[RunFacts]
) -> None:
    table = page(about_comparing, 'props="font-weight: bold")')
    for name in ("good", "hasty", "corrupted", "no company", "large batches"):
        assert f">{name}</th>" in table
    for run in runs:
        overall = (judged(lineage, run).metrics or {})[()]
        assert f">{overall['auc']:.4f}</td>" in table
        assert f">{overall['binary_crossentropy']:.4f}</td>" in table


def test_its_figures_show_what_it_says_of_them(about_comparing: nbformat.NotebookNode) -> None:
    _, by_company, distances, values = figures(about_comparing)
    dots = {trace["name"]: trace["x"] for trace in by_company["data"] if trace["mode"] == "markers"}
    hasty, others = dots.pop("hasty"), list(dots.values())
    assert all(value < min(slice_) for value, *slice_ in zip(hasty, *others, strict=True))
    corrupted, usual = distances["data"]
    assert [corrupted["y"][0], corrupted["x"][1]] == ["fare", None]
    assert corrupted["x"][0] > 2 * max(usual["x"])
    assert len(values["layout"]["annotations"]) == 3


def test_the_model_it_chooses_is_live_in_the_end_and_was_not_trained_again(
    about_comparing: nbformat.NotebookNode, lineage: Lineage
) -> None:
    newest, before, chosen = list(lineage.runs())[:3]
    states = {execution.node: execution.state.value for execution in lineage.executions(newest.id)}
    assert (states["Trainer"], states["Pusher"]) == ("CACHED", "COMPLETE")
    [live] = lineage.live("taxi")
    assert live.push.run == newest.id
    assert live.replaced is not None
    assert live.replaced.run == before.id
    assert live.push.model == judged(lineage, chosen).model
    [last] = outputs_of(about_comparing, 'judged(runs["no company"]).model')
    assert last.data["text/plain"] == "True"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_kept_without_outputs(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
