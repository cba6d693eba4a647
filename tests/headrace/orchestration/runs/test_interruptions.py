"""Runs that are stopped or killed, and runs beside each other: nothing is lost, nothing is left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from headrace.metadata import MetadataStore, State
from headrace.orchestration.run_lock import live_runs
from headrace.settings import Settings
from headrace.warm_server.client import statuses
from tests.conftest import assert_one_clear_message
from tests.headrace.signals import as_by_nohup_in_a_script, as_in_the_foreground

DEFINITION = """
import sys
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tests.small_components import AddOne, Meet, Number

place = {place!r}
number = Number(value=1)
waits = Meet(place=place, me={me!r}, other={other!r}).with_id("Waits")
last = AddOne(number=number.outputs["number"]).with_id("Last")
last.add_upstream_node(waits)
LocalDagRunner().run(Pipeline({name!r}, {root!r}, components=[number, waits, last], enable_cache=False))
"""

Start = Callable[..., "subprocess.Popen[str]"]


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def start(tmp_path: Path, home: Path) -> Iterator[Start]:
    """Starts `headrace run` of a pipeline whose node Waits ends when the file `other` is there."""
    started: list[subprocess.Popen[str]] = []

    def run(
        *options: str,
        name: str = "stopped",
        me: str = "me",
        other: str = "other",
        signals: Callable[[], None] = as_in_the_foreground,
    ) -> "subprocess.Popen[str]":
        path = tmp_path / f"{name}_{me}.py"
        path.write_text(DEFINITION.format(place=str(tmp_path), me=me, other=other, name=name, root=str(home / name)))
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("headrace")), "run", str(path), *options],
            env={**os.environ, "HEADRACE_HOME": str(home)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=signals,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def processes() -> dict[int, str]:
    """What lives of the warm servers: the names of processes by their ids."""
    return {pid: name for status in statuses() for pid, name in status.processes.items()}


def private_servers() -> set[str]:
    """The servers that end with the commands that started them, and the copies of programs."""
    words = {line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines()}
    return {word for word in words if word.startswith(("@headrace-private-", "@headrace-copy-"))}


def orchestrator(home: Path) -> int:
    """The process of the one run that goes on."""
    [run] = live_runs(Settings(home=home))
    assert run.pid is not None
    return run.pid


def states(home: Path) -> dict[str, State]:
    store = MetadataStore.open(home / "metadata.sqlite")
    return {execution.node: execution.state for execution in store.executions()}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 129)])
def test_a_stopped_run_ends_its_children_and_records_them_as_canceled(
    start: Start, home: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    run = start()
    eventually((tmp_path / "me").exists, "the node never began")
    os.killpg(run.pid, number)  # a terminal's Ctrl-C goes to the whole group
    out, err = run.communicate(timeout=60)
    assert run.returncode == code
    assert "was stopped" in err
    assert err.strip().splitlines()[-1].endswith("--resume")
    assert "Traceback" not in out + err
    recorded = states(home)
    assert recorded["Waits"] is State.CANCELED
    assert set(recorded.values()) <= {State.COMPLETE, State.CANCELED}
    assert "Last" not in recorded
    eventually(lambda: not processes(), "processes were left behind")


def test_a_run_that_nohup_started_in_a_script_ends_neither_with_the_terminal_nor_by_ctrl_c(
    start: Start, home: Path, tmp_path: Path
) -> None:
    run = start(signals=as_by_nohup_in_a_script)
    eventually((tmp_path / "me").exists, "the node never began")
    for number in (signal.SIGINT, signal.SIGHUP):
        os.killpg(run.pid, number)
    (tmp_path / "other").touch()
    out, err = run.communicate(timeout=120)
    assert run.returncode == 0, out + err
    assert set(states(home).values()) == {State.COMPLETE}


def test_after_a_kill_no_process_is_left_and_the_next_command_puts_the_record_right_and_resumes(
    start: Start, home: Path, tmp_path: Path
) -> None:
    run = start()
    eventually((tmp_path / "me").exists, "the node never began")
    os.kill(orchestrator(home), signal.SIGKILL)
    _, err = run.communicate()
    assert run.returncode == 1
    assert "SIGKILL" in err
    eventually(lambda: not processes(), "processes were left behind")
    assert states(home)["Waits"] is State.RUNNING  # nobody could say otherwise
    (tmp_path / "other").touch()
    resumed = start("--resume")
    out, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, out + err
    [note] = [line for line in err.splitlines() if "its orchestrator was killed" in line]
    assert "Waits" in note
    store = MetadataStore.open(home / "metadata.sqlite")
    ended = [execution for execution in store.executions() if execution.node == "Waits"]
    assert [execution.state for execution in ended] == [State.FAILED, State.COMPLETE]
    assert "Last" in {execution.node for execution in store.executions(store.runs("stopped")[0])}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
def test_a_run_whose_command_is_killed_is_stopped_in_good_order(
    start: Start, home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    run = start()
    eventually((tmp_path / "me").exists, "the node never began")
    os.kill(run.pid, number)
    run.communicate()
    eventually(lambda: not processes(), "processes were left behind")
    assert states(home)["Waits"] is State.CANCELED


@pytest.mark.parametrize("number", [0, signal.SIGINT, signal.SIGKILL])
def test_without_a_warm_server_nothing_is_left_of_a_run(start: Start, home: Path, tmp_path: Path, number: int) -> None:
    before = private_servers()
    run = start("--no-server")
    eventually((tmp_path / "me").exists, "the node never began")
    its_own = private_servers() - before
    assert its_own
    assert not processes()
    if number:
        os.kill(run.pid, number)
    else:
        (tmp_path / "other").touch()
    run.communicate()
    eventually(lambda: private_servers().isdisjoint(its_own), "the server was left behind")
    assert run.returncode == {0: 0, signal.SIGINT: 130, signal.SIGKILL: -9}[number]


def test_two_runs_at_once_share_a_store_that_did_not_exist(start: Start, home: Path) -> None:
    # Each waits for a sign of the other, so they do run at once.
    runs = [start(name="left", me="l", other="r"), start(name="right", me="r", other="l")]
    for run in runs:
        out, err = run.communicate(timeout=120)
        assert run.returncode == 0, out + err
    store = MetadataStore.open(home / "metadata.sqlite")
    for name in ("left", "right"):
        [recorded] = store.runs(name)
        assert [execution.state for execution in store.executions(recorded)] == [State.COMPLETE] * 3


def test_two_runs_of_one_pipeline_at_once_are_two_runs(start: Start, home: Path) -> None:
    runs = [start(name="same", me="l", other="r"), start(name="same", me="r", other="l")]
    for run in runs:
        out, err = run.communicate(timeout=120)
        assert run.returncode == 0, out + err
    store = MetadataStore.open(home / "metadata.sqlite")
    assert len(store.runs("same")) == 2
    assert [execution.state for execution in store.executions()] == [State.COMPLETE] * 6


def test_a_home_that_is_removed_while_a_run_goes_on_is_one_message_and_stays_removed(
    start: Start, home: Path, tmp_path: Path
) -> None:
    run = start()
    eventually((tmp_path / "me").exists, "the node never began")
    eventually(lambda: states(home).get("Number") is State.COMPLETE, "the other node never ended")
    shutil.rmtree(home)
    (tmp_path / "other").touch()
    out, err = run.communicate(timeout=60)
    ended = subprocess.CompletedProcess(run.args, run.returncode, out, err)
    assert_one_clear_message(ended, 1, "its metadata store was removed while it ran", str(home / "metadata.sqlite"))
    assert "WARNING" not in err
    assert "--resume" not in err
    assert not home.exists()


def test_a_run_whose_copy_of_the_program_somebody_stopped_says_so_and_can_be_stopped(
    start: Start, home: Path, tmp_path: Path
) -> None:
    run = start()
    eventually((tmp_path / "me").exists, "the node never began")
    [copy] = [one for one in psutil.Process(orchestrator(home)).children() if os.getpgid(one.pid) == one.pid]
    copy.suspend()
    assert run.stderr is not None
    note = next(line for line in run.stderr if "forked from" in line)
    assert f"process {copy.pid}, which nodes are forked from, is stopped" in note
    os.kill(run.pid, signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert states(home)["Waits"] is State.CANCELED
