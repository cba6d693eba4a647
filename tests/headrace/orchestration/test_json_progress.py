import json
import time
from pathlib import Path
from typing import Any

import pytest

from headrace.contents.evaluation import Evaluation
from headrace.orchestration.json_progress import JsonProgress
from headrace.orchestration.outcomes import Failure, NodeOutcome, NodeState, RunOutcome
from headrace.orchestration.summary import Findings

NOTHING = Findings((), ())


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The events written, each one a line that is a JSON object."""
    out, err = capsys.readouterr()
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def outcome(*states: NodeState, stopped: bool = False) -> RunOutcome:
    nodes = tuple(NodeOutcome(f"node{index}", state) for index, state in enumerate(states))
    return RunOutcome("taxi", "1", nodes, Path("/logs/taxi/1"), 2.5, stopped)


def test_a_run_is_a_sequence_of_events_in_the_order_they_happen(capsys: pytest.CaptureFixture[str]) -> None:
    before = time.time()
    with JsonProgress() as progress:
        progress.run_started("taxi", "1")
        progress.started("Trainer", Path("/logs/Trainer.log"))
        progress.waiting({"Pusher": {"Trainer"}})
        progress.ended(NodeOutcome("Trainer", NodeState.SUCCEEDED))
        progress.run_ended(outcome(NodeState.SUCCEEDED), NOTHING)
    written = events(capsys)
    assert [event["event"] for event in written] == ["run_started", "node_started", "node_ended", "run_ended"]
    assert (written[0]["pipeline"], written[0]["run_id"]) == ("taxi", "1")
    assert (written[1]["node"], written[1]["log"]) == ("Trainer", "/logs/Trainer.log")
    times = [before, *(event["time"] for event in written), time.time()]
    assert times == sorted(times)


def test_an_event_is_written_when_it_happens_not_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonProgress() as progress:
        progress.started("Trainer", Path("/logs/Trainer.log"))
        assert [event["node"] for event in events(capsys)] == ["Trainer"]


def test_a_node_that_failed_says_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    failure = Failure("ValueError", 'no "tips"\nat all', "model.py:3 in run_fn", "ö", retryable=False)
    with JsonProgress() as progress:
        progress.ended(NodeOutcome("Trainer", NodeState.FAILED, 1.5, (7, 8), Path("/logs/Trainer.log"), failure, 3))
    [event] = events(capsys)
    del event["time"]
    assert event == {
        "event": "node_ended",
        "node": "Trainer",
        "state": "failed",
        "seconds": 1.5,
        "executions": [7, 8],
        "log": "/logs/Trainer.log",
        "attempts": 3,
        "optional": False,
        "failure": {
            "kind": "ValueError",
            "message": 'no "tips"\nat all',
            "where": "model.py:3 in run_fn",
            "why": "ö",
            "next_step": "",
            "retryable": False,
        },
    }


def test_a_node_without_a_log_or_a_failure_has_null_there(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonProgress() as progress:
        progress.ended(NodeOutcome("Trainer", NodeState.CACHED))
    [event] = events(capsys)
    assert (event["state"], event["log"], event["failure"]) == ("cached", None, None)


@pytest.mark.parametrize(
    ("states", "stopped", "state"),
    [
        ([NodeState.SUCCEEDED, NodeState.SKIPPED, NodeState.CACHED, NodeState.REUSED], False, "succeeded"),
        ([NodeState.SUCCEEDED, NodeState.FAILED, NodeState.BLOCKED], False, "failed"),
        ([NodeState.FAILED, NodeState.CANCELED, NodeState.BLOCKED], True, "canceled"),
    ],
)
def test_the_end_of_a_run_says_how_it_ended(
    capsys: pytest.CaptureFixture[str], states: list[NodeState], stopped: bool, state: str
) -> None:
    with JsonProgress() as progress:
        progress.run_ended(outcome(*states, stopped=stopped), NOTHING)
    [event] = events(capsys)
    assert (event["state"], event["seconds"], event["log_folder"]) == (state, 2.5, "/logs/taxi/1")


def test_the_end_of_a_run_says_what_was_blessed_and_pushed(capsys: pytest.CaptureFixture[str]) -> None:
    findings = Findings(tuple(Evaluation({}, {}, blessed, ()) for blessed in (True, False)), ("/models/1", ""))
    with JsonProgress() as progress:
        progress.run_ended(outcome(NodeState.SUCCEEDED), findings)
    [event] = events(capsys)
    assert (event["blessed"], event["pushed"]) == ([True, False], ["/models/1", ""])
