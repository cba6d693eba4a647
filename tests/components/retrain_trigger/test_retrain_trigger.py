"""Whether there is a reason to train: in a pipeline whose trainer waits for one, and alone."""

import shutil
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from tfx.components import CsvExampleGen, StatisticsGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Channel
from tfx.types.standard_artifacts import Examples, ExampleStatistics, Model

from components.drift_monitor.component import DriftMonitor, DriftReport
from components.drift_monitor.references import TrainedOn
from components.retrain_trigger.component import RetrainTrigger
from components.retrain_trigger.reasons import Facts, reasons
from headrace.cli.main import commands
from headrace.errors import ParameterError
from headrace.metadata import Artifact, MetadataStore
from headrace.orchestration.outcomes import NodeState, RunOutcome
from headrace.orchestration.request import RunRequest
from headrace.orchestration.runner import HeadraceDagRunner
from headrace.orchestration.summary import findings_of, print_summary
from headrace.settings import Settings
from headrace.testing import artifact, run_component
from tests.components.retrain_trigger.small_trainer import SmallTrainer

TRIPS = Path(__file__).parents[3] / "data/taxi"


@dataclass(frozen=True)
class Ran:
    """What came of a run."""

    outcome: RunOutcome
    store: MetadataStore

    def state(self, node: str) -> NodeState:
        [found] = [one for one in self.outcome.nodes if one.node == node]
        return found.state

    def output(self, node: str, key: str) -> Artifact:
        [found] = [one for one in self.outcome.nodes if one.node == node]
        [made] = self.store.outputs(found.executions[-1])[key]
        return made


def pipeline(data: Path, settings: Settings) -> Pipeline:
    """Trains where there are 500 new rows, a drift from what the last model was trained on, or a mark."""
    examples = CsvExampleGen(str(data))
    statistics = StatisticsGen(examples.outputs["examples"])
    last = Resolver(strategy_class=LatestArtifactStrategy, model=Channel(type=Model)).with_id("last_model")
    trained_on = Resolver(
        strategy_class=TrainedOn, statistics=Channel(type=ExampleStatistics), model=last.outputs["model"]
    ).with_id("trained_on")
    monitor = DriftMonitor(
        statistics.outputs["statistics"],
        reference=trained_on.outputs["statistics"],
        exclude=["trip_start_timestamp"],
        policy="warn",
    )
    trigger = RetrainTrigger(
        examples.outputs["examples"],
        model=last.outputs["model"],
        drift=monitor.outputs["drift"],
        smallest_new_rows=1000,
        mark=RuntimeParameter("mark", str, "no"),
    )
    trigger.add_upstream_node(statistics)
    with Cond(trigger.outputs["decision"].future()[0].property("train") == 1):
        trainer = SmallTrainer(examples=examples.outputs["examples"])
    nodes = [examples, statistics, last, trained_on, monitor, trigger, trainer]
    return Pipeline("retrained", str(settings.pipeline_root("retrained")), components=nodes, enable_cache=True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """Runs, one after another: the first, the same again, with a mark, with other trips, and with these again."""
    home, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    settings = Settings(home=home)

    def run(**parameters: str) -> Ran:
        request = RunRequest(parameters=parameters)
        outcome = HeadraceDagRunner(settings).run_with_ir(_compiled(pipeline(data, settings)), request=request)
        return Ran(outcome, MetadataStore.open(settings.metadata_path))

    shutil.copy(TRIPS / "trips-2016.csv", data / "trips.csv")
    found = {"first": run(), "again": run(), "marked": run(mark="the labels were mended")}
    shutil.copy(TRIPS / "trips-2013.csv", data / "trips.csv")
    found["later"] = run()
    found["settled"] = run()
    return found


def _compiled(made: Pipeline) -> object:
    from tfx.dsl.compiler.compiler import Compiler

    return Compiler().compile(made)


def test_without_a_model_it_trains(runs: dict[str, Ran]) -> None:
    first = runs["first"]
    assert first.output("RetrainTrigger", "decision").properties["reason"] == "there is no model yet"
    assert first.output("DriftMonitor", "drift").properties["verdict"] == "no reference"
    assert first.state("SmallTrainer") is NodeState.SUCCEEDED


def test_without_a_reason_cond_skips_the_trainer(runs: dict[str, Ran]) -> None:
    again = runs["again"]
    decision = again.output("RetrainTrigger", "decision").properties
    assert (decision["train"], decision["new_rows"]) == (0, 0)
    assert decision["reason"] == "no drift, 0 new rows of 1,000"
    assert again.state("SmallTrainer") is NodeState.SKIPPED


def test_a_mark_by_hand_is_a_reason_and_recorded(runs: dict[str, Ran]) -> None:
    decision = runs["marked"].output("RetrainTrigger", "decision").properties
    assert decision["note"] == "train: marked by hand: the labels were mended"
    assert runs["marked"].state("SmallTrainer").unlocks


def test_new_rows_and_drift_are_reasons(runs: dict[str, Ran]) -> None:
    decision = runs["later"].output("RetrainTrigger", "decision").properties
    assert decision["new_rows"] == 4388
    assert "4,388 new rows, at least 1,000" in str(decision["reason"])
    assert "drift: " in str(decision["reason"])
    assert runs["later"].state("SmallTrainer") is NodeState.SUCCEEDED


def test_the_summary_of_a_run_shows_the_notes_of_its_nodes(runs: dict[str, Ran]) -> None:
    later = runs["later"]
    notes = dict(findings_of(later.outcome, later.store).notes)
    assert notes["RetrainTrigger"].startswith("train: drift: ")
    assert "payment_type: L-infinity distance" in notes["DriftMonitor"]
    console = Console(record=True, width=200, file=StringIO())
    print_summary(later.outcome, findings_of(later.outcome, later.store), console)
    assert f"RetrainTrigger: {notes['RetrainTrigger']}" in console.export_text()


def test_a_drift_report_and_the_notes_of_a_run_are_shown_by_the_command(
    runs: dict[str, Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = runs["later"]
    monkeypatch.setenv("HEADRACE_HOME", str(later.outcome.log_folder.parents[2]))
    shown = CliRunner().invoke(commands, ["show", str(later.output("DriftMonitor", "drift").id)])
    assert "features drifted (833 examples before, 4,388 after)." in shown.output
    assert "chart.html" in shown.output
    noted = CliRunner().invoke(commands, ["runs", "show", later.outcome.run_id])
    assert "RetrainTrigger: train: drift: " in noted.output


def test_the_reference_is_what_the_last_model_was_trained_on(runs: dict[str, Ran]) -> None:
    trained = runs["first"].output("StatisticsGen", "statistics").id
    assert f'"before": {{\n  "artifacts": [\n   {trained}\n  ]' in _report(runs["later"])


def test_what_a_decision_looked_at_is_not_what_the_model_was_trained_on(runs: dict[str, Ran]) -> None:
    trained = runs["later"].output("StatisticsGen", "statistics").id
    assert f'"before": {{\n  "artifacts": [\n   {trained}\n  ]' in _report(runs["settled"])
    assert runs["settled"].state("SmallTrainer") is NodeState.SKIPPED


def _report(ran: Ran) -> str:
    return Path(ran.output("DriftMonitor", "drift").uri, "drift.json").read_text()


def test_rows_that_nobody_recorded_are_a_reason_that_says_so() -> None:
    result = run_component(
        RetrainTrigger, examples=artifact(Examples, None), model={"saved_model": "x"}, smallest_new_rows=10
    )
    decision = result.outputs["decision"].properties
    assert decision["train"] == 1
    assert str(decision["reason"]).startswith("unknown how many rows are new: no node recorded the rows of Examples")
    assert "new_rows" not in decision


def test_age_is_a_reason() -> None:
    result = run_component(
        RetrainTrigger, examples=artifact(Examples, None), model={"saved_model": "x"}, largest_age_days=1
    )
    assert result.outputs["decision"].properties["train"] == 0
    old = Facts(model=7, age_days=31, new_rows=0)
    assert list(reasons(old, "", "", None, 30)) == ["Model 7 is 31 days old, over 30"]
    assert not list(reasons(old, "", "", None, 31))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({}, "RetrainTrigger is given nothing that can be a reason to train"),
        ({"smallest_new_rows": 0}, "RetrainTrigger's smallest_new_rows is at least 1"),
        ({"largest_age_days": -1}, "RetrainTrigger's largest_age_days is at least 0"),
    ],
)
def test_bad_arguments_are_refused_when_the_pipeline_is_built(arguments: dict[str, int], what: str) -> None:
    with pytest.raises(ParameterError) as raised:
        RetrainTrigger(Channel(type=Examples), **arguments)
    assert raised.value.what == what


def test_a_drift_report_alone_is_enough_to_decide() -> None:
    assert RetrainTrigger(Channel(type=Examples), drift=Channel(type=DriftReport)).outputs["decision"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (999, []),
        (1000, ["1,000 new rows, at least 1,000"]),
        (1001, ["1,001 new rows, at least 1,000"]),
        (None, ["unknown how many rows are new: nobody knows"]),
    ],
)
def test_as_many_new_rows_as_were_asked_for_are_a_reason(rows: int | None, why: list[str]) -> None:
    facts = Facts(model=7, age_days=1, new_rows=rows, unknown="nobody knows")
    assert list(reasons(facts, "", "", 1000, None)) == why
    assert list(reasons(facts, "", "", None, None)) == []
