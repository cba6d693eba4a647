import io
from pathlib import Path

import pytest
from rich.console import Console

from headrace.contents.evaluation import Evaluation
from headrace.contents.serving_check import ServingCheck
from headrace.contents.validation import Check
from headrace.metadata import MetadataStore, State
from headrace.metadata.store import sqlite_config
from headrace.orchestration.outcomes import Failure, NodeOutcome, NodeState, RunOutcome
from headrace.orchestration.summary import Findings, findings_of, print_summary
from tests.headrace.recording import record_artifact, record_execution

NOTHING = Findings((), ())


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite"))


def run_of(*nodes: NodeOutcome) -> RunOutcome:
    return RunOutcome("taxi", "1", nodes, Path("/logs/taxi/1"), 2.54)


def printed(outcome: RunOutcome, findings: Findings = NOTHING) -> str:
    file = io.StringIO()
    print_summary(outcome, findings, Console(file=file, width=100, color_system=None))
    return file.getvalue()


def row(text: str, node: str) -> list[str]:
    [line] = [line for line in text.splitlines() if f" {node} " in line and "│" in line]
    return [cell.strip() for cell in line.split("│")[1:-1]]


@pytest.mark.parametrize("state", list(NodeState))
def test_every_node_has_its_row_and_only_work_has_its_seconds(state: NodeState) -> None:
    text = printed(run_of(NodeOutcome("a[bold]", state, 1.26, failure=Failure("ValueError", "no"))))
    _, node, shown, seconds = row(text, "a[bold]")
    assert (node, shown) == ("a[bold]", state)
    assert seconds == ("1.3" if state in (NodeState.SUCCEEDED, NodeState.FAILED) else "")


def test_the_run_and_its_logs_are_named() -> None:
    text = printed(run_of())
    assert "\ntaxi run 1 took 2.5 s\n" in text
    assert text.endswith("logs in /logs/taxi/1\n")


def test_a_failure_is_told_with_its_facts_and_its_log_and_one_that_was_stopped_is_not() -> None:
    failure = Failure("ValueError", "no [tips]", "model.py:3 in run_fn", next_step="less " + "x" * 200)
    failed = NodeOutcome("Trainer", NodeState.FAILED, 1.0, (), Path("/logs/Trainer.log"), failure)
    stopped = NodeOutcome("Stopped", NodeState.CANCELED, failure=Failure("stopped", "somebody stopped the run"))
    text = printed(run_of(failed, stopped, NodeOutcome("Pusher", NodeState.BLOCKED)))
    told = text[text.index("Trainer failed") :]
    assert told == f"Trainer failed\n{failure}\n  log: /logs/Trainer.log\nlogs in /logs/taxi/1\n"


def test_an_evaluation_is_told_in_its_overall_metrics_and_its_verdict() -> None:
    evaluation = Evaluation({(): {"accuracy": 0.76543, "auc": None}}, {}, True, ())
    text = printed(run_of(), Findings((evaluation,), ()))
    assert "accuracy 0.7654\nBlessed: no threshold was set.\n" in text
    assert "auc" not in text


def test_an_evaluation_of_slices_alone_has_its_verdict_and_no_metrics() -> None:
    evaluation = Evaluation({(("company", "Blue"),): {"accuracy": 0.5}}, {}, True, ())
    text = printed(run_of(), Findings((evaluation,), ()))
    assert "took 2.5 s\nBlessed: no threshold was set.\n" in text


def test_a_model_that_was_not_blessed_is_told_with_the_reason() -> None:
    check = Check((), "accuracy", 0.5, "at least 0.6", held=False)
    evaluation = Evaluation({(): {"accuracy": 0.5}}, {}, False, (check,))
    text = printed(run_of(), Findings((evaluation,), ()))
    assert "Not blessed: 1 of 1 threshold did not hold.\n  overall: accuracy 0.5, asked: at least 0.6\n" in text


def test_what_was_pushed_is_told_with_its_place_and_so_is_that_nothing_was() -> None:
    text = printed(run_of(), Findings((), ("/models/[1]/" + "x" * 200, "")))
    assert f"pushed to /models/[1]/{'x' * 200}\nnothing was pushed\n" in text


def test_pushed_models_are_found_of_all_executions_of_the_nodes_that_ended_well(
    store: MetadataStore, tmp_path: Path
) -> None:
    still_there, gone = str(tmp_path), str(tmp_path / "gone")

    def pushes(node: str, state: State, **properties: str) -> int:
        pushed = record_artifact(store, "PushedModel", f"/root/{node}", **properties)
        return record_execution(store, "taxi", "1", node, state, outputs={"pushed_model": [pushed]})

    first, second = (pushes("Pusher", State.COMPLETE, pushed_destination=f"/models/{number}") for number in (1, 2))
    cached = pushes("Again", State.CACHED, pushed_destination=still_there)
    rolled_back = pushes("Rolled back", State.CACHED, pushed_destination=gone)
    failed = pushes("Fails", State.FAILED, pushed_destination="/models/4")
    kept = pushes("Keeps", State.COMPLETE)
    other = record_execution(
        store, "taxi", "1", "Trainer", outputs={"model": [record_artifact(store, "Model", "/root/model")]}
    )
    outcome = run_of(
        NodeOutcome("Trainer", NodeState.SUCCEEDED, executions=(other,)),
        NodeOutcome("Pusher", NodeState.SUCCEEDED, executions=(first, second)),
        NodeOutcome("Again", NodeState.CACHED, executions=(cached,)),
        NodeOutcome("Rolled back", NodeState.CACHED, executions=(rolled_back,)),
        NodeOutcome("Fails", NodeState.FAILED, executions=(failed,)),
        NodeOutcome("Keeps", NodeState.SUCCEEDED, executions=(kept,)),
        NodeOutcome("Waits", NodeState.BLOCKED),
    )
    found = findings_of(outcome, store)
    assert found.pushed == ("/models/1", "/models/2", still_there, "", "")
    text = printed(outcome, found)
    assert f"pushed to /models/2\nnothing new to push: an earlier run pushed to {still_there}\nnothing was" in text
    command = f"headrace run {outcome.pipeline} --only 'Rolled back' --no-cache"
    told = f"Rolled back: what an earlier run pushed to {gone} is gone, and was not pushed again"
    assert f"{told} because nothing changed. To push it again: {command}\n" in text


def test_that_the_baseline_has_learned_from_the_examples_is_told(store: MetadataStore) -> None:
    data = [record_artifact(store, "Examples", f"/data/{span}", span=span) for span in (3, 4)]
    old, new = (record_artifact(store, "Model", f"/models/{number}") for number in range(2))
    record_execution(store, "taxi", "1", "Trainer", inputs={"examples": data}, outputs={"model": [old]})
    record_execution(store, "taxi", "2", "Trainer", inputs={"examples": data[:1]}, outputs={"model": [new]})
    evaluation = record_artifact(store, "ModelEvaluation", "/evaluation")
    inputs = {"examples": data[1:], "model": [new], "baseline_model": [old]}
    judge = record_execution(store, "taxi", "2", "Evaluator", inputs=inputs, outputs={"evaluation": [evaluation]})
    outcome = run_of(NodeOutcome("Evaluator", NodeState.SUCCEEDED, executions=(judge,)))
    told = "the model it was compared with has learned from these examples (span 4), and it has not"
    assert findings_of(outcome, store).notes == (("Evaluator", told),)


def test_whether_a_model_could_be_served_is_told_with_the_reason(store: MetadataStore, tmp_path: Path) -> None:
    check = ServingCheck(blessed=False, reason="it answers nan as [score], which is no number")
    check.write(tmp_path)
    given = [record_artifact(store, "InfraBlessing", str(place)) for place in (tmp_path, tmp_path / "of another")]
    checks = [record_execution(store, "taxi", "1", "InfraCheck", outputs={"blessing": [one]}) for one in given]
    outcome = run_of(NodeOutcome("InfraCheck", NodeState.SUCCEEDED, executions=tuple(checks)))
    found = findings_of(outcome, store)
    assert found == Findings((), (), (check,))
    assert "\nNot blessed as served: it answers nan as [score], which is no number\n" in printed(outcome, found)
