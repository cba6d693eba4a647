"""04_data_over_time.ipynb on two months: what it shows is what the flights and the runs of these months say."""

from collections.abc import Mapping
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient.exceptions import CellExecutionError

from headrace.contents.drift import MISSING, read_drift
from headrace.contents.evaluation import Evaluation, read_evaluation
from headrace.contents.metrics import OVERALL, Metrics, Slice
from headrace.lineage import Lineage
from pipelines.flights.features import TEXTS
from pipelines.flights.pipeline import SKEW
from tests.conftest import MonthlyRun
from tests.notebooks.executing import executed, figures, page, printed, table

NAME = "04_data_over_time.ipynb"
Rows = tuple[Path, Mapping[int, int]]
Map = dict[str, dict[int, float | None]]


@pytest.fixture(scope="module")
def notebook(flights_runs: list[MonthlyRun], flights_home: Path) -> nbformat.NotebookNode:
    return executed(NAME, flights_home)


@pytest.fixture(scope="module")
def flights(flights_rows: Rows) -> dict[int, pd.DataFrame]:
    """The flights that were read, by month."""
    folder, counts = flights_rows
    return {month: pd.read_parquet(folder / f"span-{month:02}/v0/flights.parquet") for month in counts}


@pytest.fixture(scope="module")
def evaluations(flights_runs: list[MonthlyRun]) -> dict[int, Evaluation]:
    """Of the newest run of each month."""
    _, april, march = flights_runs
    found = {span: run.outputs("Evaluator", "evaluation") for span, run in ((3, march), (4, april))}
    return {span: read_evaluation(Path(artifact.uri)) for span, [artifact] in found.items()}


def heat_map(notebook: nbformat.NotebookNode, ending: str) -> Map:
    """The numbers of the map that the only cell whose code ends so draws: a row's name to its number by span."""
    [figure] = figures(notebook, ending)
    [drawn] = figure["data"]
    return {
        name: dict(zip(map(int, drawn["x"]), row, strict=True))
        for name, row in zip(drawn["y"], drawn["z"], strict=True)
    }


def bars_of(figure: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    """The bars of each panel, by the feature it is of."""
    names = [one["text"].split("</b>")[0].removeprefix("<b>") for one in figure["layout"]["annotations"]]
    return dict(zip(names, (one for one in figure["data"] if one["type"] == "bar"), strict=True))


def gain(evaluation: Evaluation, key: Slice = OVERALL) -> float | None:
    """What the candidate has more than the live model; None where none was live."""
    if not evaluation.baseline:
        return None
    return auc(evaluation.metrics, key) - auc(evaluation.baseline, key)


def auc(metrics: Mapping[Slice, Metrics], key: Slice = OVERALL) -> float:
    value = metrics[key]["auc"]
    assert value is not None
    return value


def verdict(evaluation: Evaluation) -> str:
    return "blessed" if evaluation.blessed else "rejected"


def moved(before: pd.Series, after: pd.Series) -> float:
    """The largest change of a value's share."""
    shares = [one.value_counts(normalize=True) for one in (before, after)]
    return float(shares[1].sub(shares[0], fill_value=0).abs().max())


def test_without_a_run_of_flights_it_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="next: headrace run"):
        executed(NAME, tmp_path)


def test_the_year_has_the_rows_metrics_and_verdict_of_each_month(
    notebook: nbformat.NotebookNode, flights_rows: Rows, evaluations: dict[int, Evaluation]
) -> None:
    shown = {row["span"]: row for row in table(notebook, '\nspans = lineage.spans("flights")\nspans')}
    assert list(shown) == ["3", "4"]
    for span, evaluation in evaluations.items():
        row = shown[str(span)]
        assert row["rows"] == f"{flights_rows[1][span]:,}"
        assert row["auc"] == f"{auc(evaluation.metrics):.4f}"
        # March run again has the verdict that it had when no model was live: its model is the live one.
        assert row["live auc"] == (f"{auc(evaluation.baseline):.4f}" if evaluation.baseline else "none")
        assert row["verdict"] == verdict(evaluation)


def test_features_are_those_of_the_months_and_of_the_one_before(
    notebook: nbformat.NotebookNode, flights: dict[int, pd.DataFrame]
) -> None:
    [figure] = figures(notebook, '"visib"])')
    lines = {one["name"]: one for one in figure["data"] if one.get("name") in ("EWR", "JFK", "LGA")}
    for name, line in lines.items():
        assert line["x"] == ["2", "3", "4"]
        assert line["y"] == pytest.approx([(flights[month]["origin"] == name).mean() for month in (2, 3, 4)])
    temperature = next(one for one in figure["data"] if one.get("name") == "mean")
    assert temperature["y"] == pytest.approx([flights[month]["temp"].mean() for month in (2, 3, 4)])


def test_what_is_missing_and_how_many_were_late_is_what_the_rows_say(
    notebook: nbformat.NotebookNode, flights: dict[int, pd.DataFrame]
) -> None:
    missing = heat_map(notebook, '"share missing", form=".1%", most=0.2)')
    for name, shares in missing.items():
        assert shares == pytest.approx({month: flights[month][name].isna().mean() for month in (2, 3, 4)})
    assert {"pressure", "wind_gust"} <= set(missing)
    assert "origin" not in missing
    late = heat_map(notebook, '"share of late flights", form=".1%")')
    for origin in ("EWR", "JFK", "LGA"):
        its = {month: flights[month][flights[month]["origin"] == origin] for month in (3, 4)}
        assert late[origin] == pytest.approx({month: (one["arr_delay"] > 15).mean() for month, one in its.items()})


def test_drift_is_that_of_the_rows_and_fires_where_it_is_over_the_monitors_threshold(
    notebook: nbformat.NotebookNode, flights: dict[int, pd.DataFrame], flights_runs: list[MonthlyRun]
) -> None:
    _, april, march = flights_runs
    reports = [read_drift(Path(one.outputs("DriftMonitor", "drift")[0].uri)) for one in (march, april)]
    [figure] = figures(notebook, "for span, report in reports.items()\n    }\n)")
    bars = bars_of(figure)
    assert set(bars) == {*TEXTS, "sched_dep_time", "temp", "arr_delay"}
    for name in TEXTS:
        expected = [moved(flights[month - 1][name], flights[month][name]) for month in (3, 4)]
        may = [
            one.threshold
            for report in reports
            for one in report.features
            if one.feature == name and one.measure != MISSING
        ]
        assert bars[name]["x"] == ["3", "4"]
        assert bars[name]["y"] == pytest.approx(expected)
        assert bars[name]["customdata"] == may
        assert bars[name]["text"] == [
            f"{one:.3f}" if one > most else "" for one, most in zip(expected, may, strict=True)
        ]
    assert all(bars["temp"]["text"])  # spring comes
    for span, report in zip((3, 4), reports, strict=True):
        assert f"span {span}: {len(report.drifted)} features drifted: {', '.join(report.drifted)}" in printed(notebook)


def test_skew_is_measured_against_the_months_before_together(
    notebook: nbformat.NotebookNode, flights: dict[int, pd.DataFrame]
) -> None:
    [figure] = figures(notebook, '"Skew", "anomalies")) for span in runs})')
    bars = bars_of(figure)
    assert set(bars) == set(SKEW)
    for name, bar in bars.items():
        learned = {month: pd.concat([flights[one][name] for one in range(1, month)]) for month in (3, 4)}
        assert bar["y"] == pytest.approx([moved(learned[month], flights[month][name]) for month in (3, 4)])
        assert bar["customdata"] == pytest.approx([SKEW[name]] * 2)


def test_the_map_of_distances_agrees_with_what_the_pipeline_measured(
    notebook: nbformat.NotebookNode, flights: dict[int, pd.DataFrame]
) -> None:
    distances = heat_map(notebook, 'heat_map(by_feature, "distance from the month before", most=0.5)')
    assert next(iter(distances.values())) == {3: 1.0, 4: 1.0}
    assert next(iter(distances)) == "month"
    for name in TEXTS:
        assert distances[name] == pytest.approx(
            {month: moved(flights[month - 1][name], flights[month][name]) for month in (3, 4)}
        )


def test_weekdays_move_as_the_calendar_does(notebook: nbformat.NotebookNode, flights: dict[int, pd.DataFrame]) -> None:
    found = heat_map(notebook, '"distance from the month before", most=0.05)')
    days = {month: pd.to_datetime(its[["year", "month", "day"]]).dt.day_name() for month, its in flights.items()}
    assert found["weekdays of the flights"] == {3: None, 4: pytest.approx(moved(days[3], days[4]))}
    # Of Mondays, March has four in 31 days and April five in 30.
    assert found["weekdays of the calendar"] == {
        3: None,
        4: pytest.approx(5 / 30 - 4 / 31),
    }
    assert found["origin"][4] == pytest.approx(moved(flights[3]["origin"], flights[4]["origin"]))


def test_each_retraining_has_its_months_its_hyperparameters_and_its_change(
    notebook: nbformat.NotebookNode, evaluations: dict[int, Evaluation]
) -> None:
    rows = table(notebook, 'precision=4, na_rep="none")')
    assert [row["span"] for row in rows] == ["3", "4"]
    assert [row["learned from"] for row in rows] == ["1 to 2", "1 to 3"]
    assert {row["units"] for row in rows} <= {"32", "64"}
    assert [row["verdict"] for row in rows] == [verdict(one) for one in evaluations.values()]
    for row, one in zip(rows, evaluations.values(), strict=True):
        assert row["AUC"] == f"{auc(one.metrics):.4f}"
        change = gain(one)
        assert row["change"] == ("none" if change is None else f"{change:+.4f}")
    assert [gain(one) is None for one in evaluations.values()] == [True, False]


def test_what_a_retraining_brought_to_whom_is_the_difference_of_the_models(
    notebook: nbformat.NotebookNode, evaluations: dict[int, Evaluation]
) -> None:
    gained = heat_map(notebook, 'form="+.3f", most=0.04)')
    for origin in ("EWR", "JFK", "LGA"):
        key = (("origin", origin),)
        assert gained[origin][3] is None
        assert gained[origin][4] == pytest.approx(gain(evaluations[4], key))


def test_changes_are_those_of_diff_and_rejections_those_of_the_gate(
    notebook: nbformat.NotebookNode,
    flights_home: Path,
    flights_runs: list[MonthlyRun],
    evaluations: dict[int, Evaluation],
) -> None:
    _, april, march = flights_runs
    differences = Lineage.of_home(flights_home).diff(march.recorded.run.id, april.recorded.run.id).differences
    vocabularies = [one for one in differences if one.kind == "vocabulary"]
    shown = page(notebook, '"text-align: left"}])')
    assert vocabularies
    assert all(one.detail in shown for one in vocabularies)
    rejected = sum(not one.blessed for one in evaluations.values())
    assert f"{rejected} of 2 rejected" in printed(notebook)
    assert "Schema" in page(notebook, 'lineage.schema_history("flights")')
    assert "span 4: no anomalies" in printed(notebook)
