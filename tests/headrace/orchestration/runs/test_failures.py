"""What fails alone, what is tried again, and what a failure leaves behind."""

import os
import shutil
from pathlib import Path

import pytest
from tfx.components import CsvExampleGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.experimental.node_execution_options.utils import NodeExecutionOptions, TriggerStrategy
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.proto.example_gen_pb2 import Input
from tfx.types import Channel
from tfx.types.standard_artifacts import Integer

from headrace.errors import RunFailedError
from headrace.metadata import State
from headrace.orchestration import node_launch
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from tests.headrace.orchestration.runs.conftest import RunPipeline
from tests.small_components import (
    AddOne,
    Crash,
    FillDisk,
    Flaky,
    KillItself,
    MaybeAddOne,
    Number,
    Raise,
    RaiseEscaped,
    Sleep,
)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_launch, "FIRST_PAUSE_SECONDS", 0.01)


def with_options(node: BaseNode, **options: int) -> BaseNode:
    node.node_execution_options = NodeExecutionOptions(**options)
    return node


def test_what_depends_on_a_failed_node_does_not_run_and_what_does_not_does(
    run_pipeline: RunPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    fails, number = Raise(message="no such column"), Number(value=3)
    free = AddOne(number=number.outputs["number"])
    blocked = AddOne(number=free.outputs["sum"]).with_id("Blocked")
    blocked.add_upstream_node(fails)
    ran = run_pipeline("failing", [fails, number, free, blocked], RunRequest(command="headrace run failing"))
    assert isinstance(ran.error, RunFailedError)
    assert ran.error.what == "the run of failing failed: Raise"
    assert ran.error.next_step.endswith(" --resume  # once what Raise failed on is put right")
    assert ran.value("AddOne", "sum") == ["4"]
    assert ran.of("Blocked") == []
    out = capsys.readouterr().out
    assert "✗ Raise failed" in out
    assert "· Blocked not run" in out


COMPLETED = NodeExecutionOptions(trigger_strategy=TriggerStrategy.ALL_UPSTREAM_NODES_COMPLETED)


def test_a_node_whose_strategy_is_completed_runs_on_what_there_is_however_those_before_it_ended(
    run_pipeline: RunPipeline,
) -> None:
    fails, number = Raise(message="no such column"), Number(value=3)
    number.add_upstream_node(fails)
    without = MaybeAddOne(number=number.outputs["number"]).with_id("Without")
    without.node_execution_options = COMPLETED
    after = AddOne(number=without.outputs["sum"]).with_id("After")
    ran = run_pipeline("failing", [fails, number, without, after])
    assert isinstance(ran.error, RunFailedError)
    assert ran.error.what == "the run of failing failed: Raise"
    assert ran.of("Number") == []
    assert ran.value("Without", "sum") == ["1"]
    assert ran.value("After", "sum") == ["2"]


def test_a_node_whose_strategy_is_completed_takes_what_those_before_it_made(run_pipeline: RunPipeline) -> None:
    number = Number(value=3)
    added = MaybeAddOne(number=number.outputs["number"])
    added.node_execution_options = COMPLETED
    assert run_pipeline("fine", [number, added]).value("MaybeAddOne", "sum") == ["4"]


def test_a_run_succeeds_though_a_node_failed_whose_success_is_optional(
    run_pipeline: RunPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    fails, after = with_options(Raise(message="nobody listens"), success_optional=True), Number(value=3)
    after.add_upstream_node(fails)
    ran = run_pipeline("fine", [fails, after])
    assert ran.error is None
    assert ran.states == {"Raise": NodeState.FAILED, "Number": NodeState.SUCCEEDED}
    assert ran.run is not None
    assert ran.run.properties["headrace_run_state"] == "succeeded"
    assert "ValueError: nobody listens" in capsys.readouterr().out


def test_the_error_its_place_and_the_log_are_on_the_execution(run_pipeline: RunPipeline) -> None:
    ran = run_pipeline("failing", [Raise(message="no such column")])
    [execution] = ran.of("Raise")
    assert execution.state is State.FAILED
    assert execution.properties["headrace_error_kind"] == "ValueError"
    assert execution.properties["headrace_error_message"] == "no such column"
    assert "small_components.py:" in str(execution.properties["headrace_error_where"])
    assert "ValueError: no such column" in Path(str(execution.properties["headrace_log"])).read_text()
    assert float(execution.properties["headrace_wall_seconds"]) > 0


def test_a_failure_outside_an_executor_names_the_log_of_the_orchestrator(
    run_pipeline: RunPipeline, tmp_path: Path
) -> None:
    for name in ("1/a.csv", "2/b.csv"):
        (tmp_path / "data" / name).parent.mkdir(parents=True)
        (tmp_path / "data" / name).write_text("a\n1\n")
    splits = [Input.Split(name=name, pattern=f"{{SPAN}}/{name}.csv") for name in "ab"]
    ran = run_pipeline("driven", [CsvExampleGen(str(tmp_path / "data"), input_config=Input(splits=splits))])
    [execution] = ran.of("CsvExampleGen")
    assert "Latest span should be the same for each split" in str(execution.properties["headrace_error_message"])
    next_step = str(execution.properties["headrace_error_next"])
    assert next_step.startswith("less ")
    log = Path(next_step.removeprefix("less "))
    assert log.name == "orchestrator.log"
    assert "Latest span should be the same for each split" in log.read_text()


@pytest.mark.parametrize(("node", "message"), [(Crash, "SIGSEGV"), (KillItself, "SIGKILL")])
def test_a_node_that_crashes_fails_alone_and_says_how(
    run_pipeline: RunPipeline, node: type[BaseNode], message: str
) -> None:
    ran = run_pipeline("crashing", [node().with_id("Crashes"), Number(value=1)])
    [execution] = ran.of("Crashes")
    assert execution.state is State.FAILED
    assert message in str(execution.properties["headrace_error_message"])
    assert ran.of("Number")[0].state is State.COMPLETE


def test_a_failure_that_may_pass_is_tried_again_each_attempt_an_execution(
    run_pipeline: RunPipeline, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    ran = run_pipeline("retried", [with_options(Flaky(marks=str(marks), failures=2), max_execution_retries=3)])
    assert ran.error is None
    assert [one.state for one in ran.of("Flaky")] == [State.FAILED, State.FAILED, State.COMPLETE]
    assert ran.of("Flaky")[1].properties["headrace_error_message"] == "failure 1"
    assert ran.outcome is not None
    assert ran.outcome.nodes[0].attempts == 3


def test_attempts_end_with_the_number_asked_for(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    ran = run_pipeline("retried", [with_options(Flaky(marks=str(marks), failures=9), max_execution_retries=1)])
    assert isinstance(ran.error, RunFailedError)
    assert [one.state for one in ran.of("Flaky")] == [State.FAILED, State.FAILED]


def test_a_failure_that_cannot_pass_is_not_tried_again(run_pipeline: RunPipeline) -> None:
    ran = run_pipeline("retried", [with_options(Raise(message="bad"), max_execution_retries=3)])
    assert len(ran.of("Raise")) == 1


def test_a_node_that_takes_longer_than_it_may_is_ended(run_pipeline: RunPipeline) -> None:
    ran = run_pipeline("slow", [with_options(Sleep(seconds=600.0), execution_timeout_sec=1)])
    [execution] = ran.of("Sleep")
    assert execution.state is State.FAILED
    assert execution.properties["headrace_error_kind"] == "timed out"


def test_inputs_that_cannot_be_resolved_fail_the_run(run_pipeline: RunPipeline) -> None:
    resolver = Resolver(strategy_class=LatestArtifactStrategy, number=Channel(type=Integer)).with_id("none_yet")
    ran = run_pipeline("unresolved", [resolver, AddOne(number=resolver.outputs["number"])])
    assert isinstance(ran.error, RunFailedError)
    assert ran.of("none_yet")[0].properties["headrace_error_kind"] == "inputs not resolved"
    assert ran.of("AddOne") == []


def test_an_error_whose_text_is_not_utf8_is_recorded_with_the_bytes_escaped(run_pipeline: RunPipeline) -> None:
    message = os.fsdecode(b"cannot read caf\xe9.csv\x00") + "\ud800"
    ran = run_pipeline("undecodable", [RaiseEscaped(message=message.encode("unicode-escape").decode())])
    [execution] = ran.of("RaiseEscaped")
    assert execution.state is State.FAILED
    assert execution.properties["headrace_error_kind"] == "ValueError"
    assert execution.properties["headrace_error_message"] == r"cannot read caf\xe9.csv\x00\ud800"


def test_a_full_disk_fails_the_node_and_says_so(run_pipeline: RunPipeline) -> None:
    ran = run_pipeline("full", [FillDisk()])  # /dev/full has no space left, ever
    assert "No space left on device" in str(ran.of("FillDisk")[0].properties["headrace_error_message"])


def test_outputs_that_cannot_be_written_fail_the_node_and_nothing_stays_running(
    run_pipeline: RunPipeline, tmp_path: Path
) -> None:
    root = tmp_path / "home" / "pipelines" / "stuck"
    root.mkdir(parents=True)
    (root / "Number").write_text("a file where a folder has to be")
    ran = run_pipeline("stuck", [Number(value=1)])
    assert isinstance(ran.error, RunFailedError)
    assert [one.state for one in ran.executions] == [State.FAILED]


def test_a_failed_node_leaves_no_output_behind(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    run_pipeline("left", [Flaky(marks=str(marks), failures=1)])
    assert not [path for path in (tmp_path / "home" / "pipelines").rglob("*") if path.is_file()]
    shutil.rmtree(marks)
    assert os.path.exists(tmp_path / "home" / "metadata.sqlite")
