import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cloudpickle
import pytest
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.executable_spec_pb2 import PythonClassExecutableSpec
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput
from tfx.proto.orchestration.pipeline_pb2 import PipelineInfo, PipelineNode

from headrace.orchestration.node_process import STOPPED, Answer, NodeFailedError, NodeProcesses, Work
from headrace.orchestration.outcomes import Failure
from headrace.orchestration.preload import PRELOAD
from headrace.orchestration.program_definitions import ProgramDefinitions
from headrace.warm_server.client import WarmProcess, WarmServer
from tests.headrace.orchestration import failing_executors

MakeWork = Callable[..., Work]

# An executor of a program's own module, which its process is handed.
PROGRAM = """
from tfx.dsl.components.base.base_executor import BaseExecutor

FACTOR = 7

class OfTheProgram(BaseExecutor):
    def Do(self, input_dict, output_dict, exec_properties):
        exec_properties |= {"module": __name__, "product": times(6)}

def times(number):
    return number * FACTOR
"""


@pytest.fixture
def work(tmp_path: Path) -> MakeWork:
    def make(executor: type, log: str = "node.log", **properties: int | float | str) -> Work:
        info = ExecutionInfo(
            execution_id=1,
            exec_properties=properties,
            execution_output_uri=str(tmp_path / "output"),
            stateful_working_dir=str(tmp_path / "state"),
            tmp_dir=str(tmp_path / "scratch"),
            pipeline_node=PipelineNode(),
            pipeline_info=PipelineInfo(id="pipeline"),
            pipeline_run_id="run",
        )
        spec = PythonClassExecutableSpec(class_path=f"{executor.__module__}.{executor.__name__}")
        return Work(spec, None, info.to_proto().SerializeToString(), tmp_path / "logs" / log)

    return make


def node_processes() -> NodeProcesses:
    return NodeProcesses(WarmServer.shared(PRELOAD))


def failure(answer: Answer) -> Failure:
    assert isinstance(answer.result, Failure)
    return answer.result


def properties(answer: Answer) -> dict[str, int]:
    assert isinstance(answer.result, bytes)
    found = ExecutorOutput.FromString(answer.result).execution_properties
    return {name: int(value.int_value) for name, value in found.items()}


def test_an_executor_works_in_a_process_of_its_own_that_leaves_nothing_behind(work: MakeWork) -> None:
    processes = node_processes()
    first, second = (properties(processes.run("node", work(failing_executors.Echoes))) for _ in range(2))
    assert len({os.getpid(), first["process"], second["process"]}) == 3
    assert first["seen_before"] == second["seen_before"] == 0


@pytest.mark.parametrize("users", [None, 7])
def test_a_node_leaves_cores_to_others_unless_the_user_says_how_many_threads_it_has(
    work: MakeWork, monkeypatch: pytest.MonkeyPatch, users: int | None
) -> None:
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    if users:
        monkeypatch.setenv("OMP_NUM_THREADS", str(users))
        monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    found = properties(node_processes().run("node", work(failing_executors.TellsThreads)))
    assert found["threads"] == (users or max(1, len(os.sched_getaffinity(0)) // 2))
    assert found["passive"] == (0 if users else 1)


def test_what_the_process_used_is_measured(work: MakeWork) -> None:
    size = 2**28
    little, much = (
        node_processes().run("node", work(failing_executors.UsesTheMachine, bytes=memory, cpu_seconds=seconds))
        for memory, seconds in ((0, 0.0), (size, 0.5))
    )
    assert much.cpu_seconds >= 0.5 > little.cpu_seconds
    assert much.peak_memory_bytes - little.peak_memory_bytes > 0.9 * size
    assert much.wall_seconds > little.wall_seconds > 0


def test_an_exception_is_answered_with_its_line_and_its_traceback_is_logged(work: MakeWork) -> None:
    asked = work(failing_executors.Raises)
    answer = failure(node_processes().run("node", asked))
    assert (answer.kind, answer.message) == ("ValueError", "no trips")
    assert answer.where.startswith(f"{failing_executors.__file__}:")
    assert answer.where.endswith(" in work")
    log = asked.log.read_text()
    assert "Traceback" in log
    assert "ValueError: no trips" in log


def test_a_headrace_error_keeps_its_facts(work: MakeWork) -> None:
    answer = failure(node_processes().run("node", work(failing_executors.RaisesFacts)))
    assert answer == Failure(
        "AnomaliesFoundError", "2 anomalies", "data", "tips missing", "headrace show 3", retryable=False
    )


def test_an_exception_of_a_type_that_cannot_be_sent_is_answered_too(work: MakeWork) -> None:
    answer = failure(node_processes().run("node", work(failing_executors.RaisesWhatCannotBeSent)))
    assert (answer.kind, answer.message) == ("OfThisCallError", "made inside a function")


def test_an_executor_that_calls_exit_has_failed(work: MakeWork) -> None:
    answer = failure(node_processes().run("node", work(failing_executors.AsksToExit)))
    assert (answer.kind, answer.message) == ("SystemExit", "enough")


def test_an_executor_that_is_not_there_is_named(work: MakeWork) -> None:
    asked = work(type("Missing", (), {"__module__": failing_executors.__name__}))
    answer = failure(node_processes().run("node", asked))
    assert answer.kind == "ImportError"
    assert "Missing" in answer.message


@pytest.mark.parametrize(
    ("executor", "message", "why"),
    [
        (failing_executors.Segfaults, "its process was ended by SIGSEGV", "native code crashed"),
        (failing_executors.KillsItself, "its process was ended by SIGKILL", "memory"),
        (failing_executors.EndsByARealTimeSignal, "its process was ended by signal 36", ""),
        (failing_executors.ExitsAtOnce, "its process exited with code 3 and no answer", ""),
    ],
)
def test_a_process_that_dies_says_how_and_where_its_log_is(
    work: MakeWork, executor: type, message: str, why: str
) -> None:
    asked = work(executor)
    with pytest.raises(NodeFailedError) as raised:
        node_processes().run("node", asked)
    died = raised.value.failure
    assert (died.kind, died.message) == ("died", message)
    assert why in died.why
    assert bool(died.why) == bool(why)
    assert died.next_step == f"less {asked.log}"
    assert died.retryable
    assert str(raised.value) == str(died)


def test_the_server_survives_a_process_that_crashed(work: MakeWork) -> None:
    processes = node_processes()
    with pytest.raises(NodeFailedError):
        processes.run("node", work(failing_executors.Segfaults))
    assert properties(processes.run("node", work(failing_executors.Echoes)))["process"]


def test_what_a_user_prints_is_in_the_log_and_not_on_the_console(
    work: MakeWork, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = work(failing_executors.Prints)
    node_processes().run("node", asked)
    log = asked.log.read_text()
    assert "printed by the user\n" in log
    assert "printed by native code\n" in log
    assert capfd.readouterr() == ("", "")


def test_two_processes_are_at_work_at_the_same_time(work: MakeWork, tmp_path: Path) -> None:
    processes = node_processes()
    names = [("a", "b"), ("b", "a")]
    with ThreadPoolExecutor(2) as threads:
        asked = [
            work(failing_executors.Meets, f"{me}.log", folder=str(tmp_path), me=me, other=other) for me, other in names
        ]
        answers = list(threads.map(processes.run, ("a", "b"), asked))
    assert [type(answer.result) for answer in answers] == [bytes, bytes]


def test_stop_ends_every_process_and_their_runs_raise(work: MakeWork, tmp_path: Path) -> None:
    processes = node_processes()
    with ThreadPoolExecutor(2) as threads:
        asked = [work(failing_executors.Waits, f"{me}.log", folder=str(tmp_path), me=me) for me in ("a", "b")]
        futures = [threads.submit(processes.run, "node", one) for one in asked]
        pids = [_pid(tmp_path / me) for me in ("a", "b")]
        processes.stop()
        deaths = [future.exception() for future in futures]
    for death in deaths:
        assert isinstance(death, NodeFailedError)
        assert death.failure == STOPPED
    assert not any(map(_lives, pids))


def test_nothing_starts_after_stop(work: MakeWork, tmp_path: Path) -> None:
    processes = node_processes()
    processes.stop()
    with pytest.raises(NodeFailedError) as raised:
        processes.run("node", work(failing_executors.LeavesSign, sign=str(tmp_path / "sign")))
    assert raised.value.failure == STOPPED
    assert not (tmp_path / "sign").exists()


def test_what_had_ended_before_stop_is_not_touched_by_it(work: MakeWork, tmp_path: Path) -> None:
    processes = node_processes()
    answer = processes.run("node", work(failing_executors.LeavesSign, sign=str(tmp_path / "sign")))
    processes.stop()
    processes.stop()  # a second Ctrl-C
    assert isinstance(answer.result, bytes)
    assert (tmp_path / "sign").exists()


def test_to_be_stopped_is_not_a_failure_to_try_again() -> None:
    assert not STOPPED.retryable


def test_a_process_that_takes_longer_than_it_may_is_killed(work: MakeWork, tmp_path: Path) -> None:
    processes = node_processes()
    asked = work(failing_executors.Waits, folder=str(tmp_path), me="me")
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(processes.run, "node", asked, 1.5)
        [process] = _live(processes)
        late = future.exception()
    assert isinstance(late, NodeFailedError)
    assert (late.failure.kind, late.failure.next_step) == ("timed out", f"less {asked.log}")
    assert "1.5 s" in late.failure.message
    assert "execution_timeout_sec" in late.failure.message
    assert late.failure.retryable
    assert not _lives(process.pid)


def test_a_process_that_ends_in_its_time_is_not_disturbed(work: MakeWork) -> None:
    answer = node_processes().run("node", work(failing_executors.Echoes), failing_executors.PATIENCE)
    assert isinstance(answer.result, bytes)


def test_a_process_that_is_killed_in_the_middle_of_its_work_has_died_and_was_not_stopped(
    work: MakeWork, tmp_path: Path
) -> None:
    processes = node_processes()
    with ThreadPoolExecutor(2) as threads:
        killed, other = (
            threads.submit(processes.run, "node", work(executor, f"{me}.log", folder=str(tmp_path), me=me, other="go"))
            for executor, me in ((failing_executors.Waits, "killed"), (failing_executors.Meets, "other"))
        )
        os.kill(_pid(tmp_path / "killed"), signal.SIGKILL)
        death = killed.exception()
        (tmp_path / "go").touch()
        assert isinstance(other.result().result, bytes)  # it fails alone
    assert isinstance(death, NodeFailedError)
    assert (death.failure.kind, death.failure.message) == ("died", "its process was ended by SIGKILL")
    assert death.failure.retryable


def test_a_process_that_died_is_noticed_though_one_that_it_forked_could_live_on(work: MakeWork, tmp_path: Path) -> None:
    asked = work(failing_executors.DiesBeforeItsChild, folder=str(tmp_path))
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(node_processes().run, "node", asked)
        child = _pid(tmp_path / "child")
        try:
            death = future.exception(failing_executors.PATIENCE / 6)
        finally:
            _end(child)
    assert isinstance(death, NodeFailedError)
    assert death.failure.kind == "died"


def test_stop_ends_what_a_process_started_itself_too(work: MakeWork, tmp_path: Path) -> None:
    processes = node_processes()
    asked = work(failing_executors.WaitsForItsChild, folder=str(tmp_path))
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(processes.run, "node", asked)
        child = _pid(tmp_path / "child")
        try:
            processes.stop()
            death = future.exception(failing_executors.PATIENCE / 6)
            assert isinstance(death, NodeFailedError)
            assert death.failure == STOPPED
            assert _has_ended(child)
        finally:
            _end(child)


def test_an_executor_of_the_program_works_with_the_definitions_that_it_is_handed(work: MakeWork) -> None:
    program = ModuleType("__main__")
    exec(PROGRAM, vars(program))
    asked = work(type("OfTheProgram", (), {"__module__": "__main__"}))
    definitions = ProgramDefinitions(cloudpickle.dumps({"OfTheProgram": vars(program)["OfTheProgram"]}), ("gone",))
    answer = node_processes().run("node", replace(asked, definitions=definitions))
    assert isinstance(answer.result, bytes), answer.result
    found = ExecutorOutput.FromString(answer.result).execution_properties
    assert (found["module"].string_value, found["product"].int_value) == ("__main__", 42)
    assert "gone is only in the process that called run()" in asked.log.read_text()


def test_an_interrupt_of_the_terminal_does_not_reach_a_node(work: MakeWork, tmp_path: Path) -> None:
    processes = node_processes()
    with ThreadPoolExecutor(1) as threads:
        asked = work(failing_executors.Meets, folder=str(tmp_path), me="me", other="other")
        future = threads.submit(processes.run, "node", asked)
        failing_executors.wait_for(tmp_path / "me")
        [process] = _live(processes)
        os.kill(process.pid, signal.SIGINT)
        (tmp_path / "other").touch()
        assert isinstance(future.result().result, bytes)


def _live(processes: NodeProcesses) -> set[WarmProcess]:
    """The one process that runs, or is about to."""
    while not (live := set(processes._live)):
        pass
    return live


def _lives(pid: int) -> bool:
    """Whether a process is there and has not ended; one that nobody has waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "XZ"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _has_ended(pid: int) -> bool:
    """Whether a process that was killed, and that is no child of this one, has gone."""
    deadline = time.monotonic() + failing_executors.PATIENCE / 6
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not _lives(pid)


def _end(pid: int) -> None:
    if _lives(pid):
        os.kill(pid, signal.SIGKILL)


def _pid(path: Path) -> int:
    failing_executors.wait_for(path)
    while not (text := path.read_text()):
        pass
    return int(text)
