from pathlib import Path

import pytest
from tfx.proto.orchestration.pipeline_pb2 import Pipeline

from headrace.orchestration.continuing import continuing, going_on
from headrace.orchestration.faults import WITHOUT_STAND_IN
from headrace.orchestration.outcomes import Failure, NodeOutcome, NodeState, RunOutcome

PASSING = Failure("ConnectionError", "no answer")
LASTING = Failure("ValueError", "no trips", retryable=False)
OURS = Failure("AttributeError", "none", next_step=WITHOUT_STAND_IN, retryable=False)
SYNC = Pipeline(execution_mode=Pipeline.SYNC)


def failed(**failures: Failure) -> RunOutcome:
    nodes = tuple(NodeOutcome(name, NodeState.FAILED, failure=failure) for name, failure in failures.items())
    return RunOutcome("taxi", "1", nodes, Path("logs"), 1.0)


@pytest.mark.parametrize(
    ("command", "next_step"),
    [
        ("headrace run taxi", "headrace run taxi --resume"),
        ("headrace run 'my taxi.py' --set=a='b c'", "headrace run 'my taxi.py' '--set=a=b c' --resume"),
        ("headrace run taxi --resume", "headrace run taxi --resume"),
        ("headrace run taxi --only Trainer", "headrace run taxi --only Trainer"),
        ("headrace run taxi --from=Trainer --to=Pusher", "headrace run taxi --from=Trainer --to=Pusher"),
        ("headrace run taxi.py -- --resume 7", "headrace run taxi.py --resume -- --resume 7"),
        ("python taxi.py --factor 7", "python taxi.py --factor 7"),
    ],
)
def test_what_may_pass_by_itself_is_resumed_by_what_was_typed(command: str, next_step: str) -> None:
    assert continuing(command, SYNC, failed(Trainer=PASSING)) == next_step


def test_what_would_fail_again_is_to_be_put_right_first() -> None:
    outcome = failed(Trainer=LASTING, Slow=PASSING, Gate=LASTING)
    assert continuing("headrace run taxi", SYNC, outcome) == (
        "headrace run taxi --resume  # once what Trainer and Gate failed on is put right"
    )


def test_a_fault_of_a_stand_in_is_avoided_without_it() -> None:
    assert continuing("headrace run taxi", SYNC, failed(Transform=OURS)) == (
        "headrace run taxi --resume --no-acceleration"
    )


def test_what_cannot_be_run_in_part_is_run_again_as_a_whole() -> None:
    nested = Pipeline(execution_mode=Pipeline.SYNC)
    nested.nodes.add().sub_pipeline.SetInParent()
    for pipeline in (nested, Pipeline(execution_mode=Pipeline.ASYNC)):
        assert continuing("headrace run taxi", pipeline, failed(Trainer=PASSING)) == "headrace run taxi"
        assert going_on("headrace run taxi", pipeline) == "headrace run taxi"


def test_where_nothing_was_typed_the_cell_is_to_be_run_again() -> None:
    assert continuing("", SYNC, failed(Trainer=LASTING)) == "mend the cell and run it again"
    assert continuing("", SYNC, failed()) == "run the cell again"


def test_a_run_that_was_stopped_is_resumed() -> None:
    assert continuing("headrace run taxi", SYNC, failed()) == "headrace run taxi --resume"


def test_a_run_that_was_killed_is_resumed_if_it_can_be() -> None:
    assert going_on("headrace run taxi", SYNC) == "headrace run taxi --resume"
    assert going_on("python taxi.py", SYNC) == "python taxi.py"
