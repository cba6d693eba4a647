import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.metadata import Execution, MetadataStore, State
from headrace.metadata import properties as names
from headrace.metadata.store import sqlite_config
from headrace.orchestration.ends import NOTE_FILE, End, Note
from headrace.orchestration.run_lock import KILLED, live_runs, reconcile, run_lock
from headrace.settings import Settings
from tests.headrace.recording import record_execution, record_execution_of_no_run, record_run

# An orchestrator: holds the locks of runs until it is killed or its stdin ends, with others at its side.
ORCHESTRATOR = """
import multiprocessing, os, subprocess, sys, time
from contextlib import ExitStack
from headrace.orchestration.preload import warm_server
from headrace.orchestration.run_lock import run_lock
from headrace.settings import Settings

with ExitStack() as stack:
    for run_id in sys.argv[3:]:
        stack.enter_context(run_lock(Settings(home=sys.argv[1]), "taxi", run_id))
    if sys.argv[2] == "forked":
        forked, told = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(told, b"forked")  # and has done by now what a forked process does first
            time.sleep(60)
            os._exit(0)
        os.read(forked, 1)
    elif sys.argv[2] == "spawned":
        child = subprocess.Popen(["sleep", "60"], close_fds=False, stdin=subprocess.DEVNULL).pid
    elif sys.argv[2] == "served":  # as the warm server of nodes is
        child = warm_server(Settings().server).start("sleeper", time.sleep, 60, hangup=0).pid
    elif sys.argv[2] == "leaving":
        child = os.fork()
        if child == 0:
            raise SystemExit(0)
        os.waitpid(child, 0)
    else:
        child = 0
    print(child, flush=True)
    sys.stdin.read()
"""
# Reconciles each time it is told to, and prints the runs it says died.
RECONCILER = """
import sys
from headrace.metadata import MetadataStore
from headrace.orchestration.run_lock import reconcile
from headrace.settings import Settings

settings = Settings(home=sys.argv[1])
store = MetadataStore.open(settings.metadata_path)
print("ready", flush=True)
sys.stdin.readline()
print(*(died.run_id for died in reconcile(settings, store)), flush=True)
"""
Orchestrate = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def store(settings: Settings) -> MetadataStore:
    settings.make_home()
    return MetadataStore.connect(sqlite_config(settings.metadata_path))


@pytest.fixture
def orchestrate(settings: Settings) -> Iterator[Orchestrate]:
    """Starts an orchestrator of some runs; returns when it holds their locks."""
    started: list[subprocess.Popen[str]] = []

    def start(*run_ids: str, beside: str = "nothing") -> "subprocess.Popen[str]":
        process = _python(ORCHESTRATOR, str(settings.home), beside, *run_ids)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()


def _killed(process: "subprocess.Popen[str]") -> None:
    """Kills an orchestrator at work."""
    _line(process)
    _kill(process)


def _executions(store: MetadataStore, run_id: str) -> list[Execution]:
    [run] = [run for run in store.runs("taxi") if run.id == run_id]
    return store.executions(run)


def test_a_run_is_live_as_long_as_its_lock_is_held(settings: Settings) -> None:
    assert live_runs(settings) == []
    with run_lock(settings, "taxi", "1"), run_lock(settings, "penguin", "2"):
        newest, oldest = live_runs(settings)
        assert (newest.pipeline, newest.run_id, oldest.run_id) == ("penguin", "2", "1")
        assert newest.pid == os.getpid()
        assert newest.started >= oldest.started
        assert newest.host
        assert newest.user
    assert live_runs(settings) == []


def test_a_run_that_ends_by_itself_leaves_only_its_log_folder(settings: Settings) -> None:
    with pytest.raises(KeyError), run_lock(settings, "taxi", "1"):
        raise KeyError
    assert list(settings.log_folder("taxi", "1").iterdir()) == []


def test_looking_at_a_live_run_changes_nothing(
    settings: Settings, store: MetadataStore, orchestrate: Orchestrate
) -> None:
    record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    process = orchestrate("1")
    _line(process)
    for _ in range(3):
        assert [run.pid for run in live_runs(settings)] == [process.pid]
        assert reconcile(settings, store) == []
    assert [one.state for one in _executions(store, "1")] == [State.RUNNING]


def test_a_run_is_locked_once(settings: Settings, store: MetadataStore, orchestrate: Orchestrate) -> None:
    process = orchestrate("1")
    _line(process)
    with pytest.raises(UserError) as raised, run_lock(settings, "taxi", "1"):
        pass
    assert raised.value.where.endswith("taxi/1/run.lock")
    _kill(process)
    with pytest.raises(UserError), run_lock(settings, "taxi", "1"):
        pass
    reconcile(settings, store)
    with run_lock(settings, "taxi", "1"):
        assert [run.pid for run in live_runs(settings)] == [os.getpid()]


def test_nothing_stays_running_after_its_orchestrator_was_killed(
    settings: Settings, store: MetadataStore, orchestrate: Orchestrate
) -> None:
    record_execution(store, "taxi", "1", "CsvExampleGen")
    record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    record_execution(store, "taxi", "1", "Evaluator", State.NEW)
    record_execution(store, "taxi", "2", "Trainer", State.RUNNING)  # of a run that goes on
    killed, alive = orchestrate("1"), orchestrate("2")
    _line(killed)
    _line(alive)
    _kill(killed)
    assert [run.run_id for run in live_runs(settings)] == ["2"]

    [died] = reconcile(settings, store)

    assert (died.pipeline, died.run_id, died.nodes) == ("taxi", "1", ("Trainer", "Evaluator"))
    executions = {one.node: one for one in _executions(store, "1")}
    assert {node: one.state for node, one in executions.items()} == {
        "CsvExampleGen": State.COMPLETE,
        "Trainer": State.FAILED,
        "Evaluator": State.FAILED,
    }
    properties = executions["Trainer"].properties
    assert properties[names.ERROR_KIND] == KILLED
    assert "orchestrator" in str(properties[names.ERROR_MESSAGE])
    assert str(killed.pid) in str(properties[names.ERROR_WHERE])
    assert "SIGKILL" in str(properties[names.ERROR_WHY])
    assert names.ERROR_KIND not in executions["CsvExampleGen"].properties
    assert [one.state for one in _executions(store, "2")] == [State.RUNNING]
    assert [run.properties for run in store.runs()] == [{}, {names.RUN_STATE: "died"}]
    assert reconcile(settings, store) == []


def test_what_died_is_said_in_one_line_with_the_next_command(
    settings: Settings, store: MetadataStore, orchestrate: Orchestrate
) -> None:
    record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    record_run(store, "taxi", "2")
    _killed(orchestrate("1", "2", "3"))
    told = {died.run_id: str(died) for died in reconcile(settings, store)}
    assert told["1"] == (
        "run 1 of taxi died: its orchestrator was killed while Trainer ran; to go on: headrace run taxi"
    )
    between_nodes = "run 2 of taxi died: its orchestrator was killed; to go on: headrace run taxi"
    assert told["2"] == between_nodes
    assert told["3"] == between_nodes.replace("run 2", "run 3")  # killed before it registered anything


def test_what_died_is_resumed_as_it_was_run(settings: Settings, store: MetadataStore) -> None:
    with run_lock(settings, "taxi", "1", "headrace run mine/taxi.py --resume"):
        path = settings.log_folder("taxi", "1") / "run.lock"
        text = path.read_text()
    path.write_text(text)  # as SIGKILL leaves it
    assert [str(died) for died in reconcile(settings, store)] == [
        "run 1 of taxi died: its orchestrator was killed; to go on: headrace run mine/taxi.py --resume"
    ]


def test_those_who_look_are_not_taken_for_an_orchestrator(settings: Settings, store: MetadataStore) -> None:
    path = settings.log_folder("taxi", "1") / "run.lock"
    path.parent.mkdir(parents=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert live_runs(settings) == []
        assert [died.run_id for died in reconcile(settings, store)] == ["1"]


def test_the_executions_of_an_asynchronous_pipeline_do_not_stay_running_either(
    settings: Settings, store: MetadataStore, orchestrate: Orchestrate
) -> None:
    before = record_execution_of_no_run(store, "taxi", "Trainer", State.RUNNING)
    process = orchestrate("1")
    _line(process)
    lost = record_execution_of_no_run(store, "taxi", "Pusher", State.RUNNING)
    _kill(process)
    assert [died.nodes for died in reconcile(settings, store)] == [("Pusher",)]
    states = {one.id: one.state for one in store.executions()}
    assert states == {before: State.RUNNING, lost: State.FAILED}  # the first was somebody else's


@pytest.mark.parametrize("beside", ["forked", "spawned", "served"])
def test_a_process_that_outlives_the_orchestrator_does_not_keep_its_lock(
    settings: Settings, store: MetadataStore, orchestrate: Orchestrate, beside: str
) -> None:
    process = orchestrate("1", beside=beside)
    child = int(_line(process))
    try:
        assert [run.run_id for run in live_runs(settings)] == ["1"]
        _kill(process)
        os.kill(child, 0)  # it is there still
        assert live_runs(settings) == []
        assert [died.run_id for died in reconcile(settings, store)] == ["1"]
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_forked_child_that_leaves_does_not_end_its_parents_run(settings: Settings, orchestrate: Orchestrate) -> None:
    process = orchestrate("1", beside="leaving")
    _line(process)
    assert [run.pid for run in live_runs(settings)] == [process.pid]
    process.communicate()  # its stdin ends, and so does it
    assert not (settings.log_folder("taxi", "1") / "run.lock").exists()


def test_of_processes_that_reconcile_at_once_one_says_so(
    settings: Settings, store: MetadataStore, orchestrate: Orchestrate
) -> None:
    run_ids = [str(number) for number in range(6)]
    for run_id in run_ids:
        record_execution(store, "taxi", run_id, "Trainer", State.RUNNING)
    _killed(orchestrate(*run_ids))
    reconcilers = [_python(RECONCILER, str(settings.home)) for _ in range(4)]
    assert [_line(one) for one in reconcilers] == ["ready"] * len(reconcilers)
    for one in reconcilers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [one.communicate()[0].split() for one in reconcilers]
    assert [one.returncode for one in reconcilers] == [0] * len(reconcilers)
    assert sorted(run_id for ids in told for run_id in ids) == run_ids
    assert {one.state for one in store.executions()} == {State.FAILED}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "me"}', "\xff"])
def test_a_lock_that_cannot_be_read_and_nobody_holds_is_a_run_that_died(
    settings: Settings, store: MetadataStore, text: str
) -> None:
    record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    folder = settings.log_folder("taxi", "1")
    folder.mkdir(parents=True)
    (folder / "run.lock").write_text(text, encoding="latin-1")
    assert live_runs(settings) == []
    assert [(died.run_id, died.nodes) for died in reconcile(settings, store)] == [("1", ("Trainer",))]
    assert list(folder.iterdir()) == []


def test_a_run_that_leaves_its_lock_is_recorded_as_its_note_says(settings: Settings, store: MetadataStore) -> None:
    noted = record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    record_execution(store, "taxi", "1", "Evaluator", State.RUNNING)
    ended = record_execution(store, "taxi", "1", "ExampleGen")
    end = End(State.CANCELED, {names.ERROR_KIND: "stopped"})
    with run_lock(settings, "taxi", "1") as lock:
        lock.leave(Note("canceled", {noted: end, ended: end}, "the server is away"))
    assert live_runs(settings) == []
    assert [str(died) for died in reconcile(settings, store)] == [
        "run 1 of taxi canceled: recorded now, because the metadata store could not be written when it ended"
    ]
    executions = {one.node: one for one in _executions(store, "1")}
    assert {node: one.state for node, one in executions.items()} == {
        "Trainer": State.CANCELED,
        "Evaluator": State.FAILED,
        "ExampleGen": State.COMPLETE,
    }
    assert executions["Trainer"].properties[names.ERROR_KIND] == "stopped"
    assert executions["Evaluator"].properties[names.ERROR_WHY] == "the server is away"
    assert store.runs()[0].properties == {names.RUN_STATE: "canceled"}
    assert list(settings.log_folder("taxi", "1").iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", '{"state": "failed"}', '{"state": "failed", "why": "", "ends": {"x": 1}}'])
def test_a_note_that_cannot_be_read_is_as_none(settings: Settings, store: MetadataStore, text: str) -> None:
    record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    with run_lock(settings, "taxi", "1") as lock:
        lock.leave(Note("failed", {}, ""))
    (settings.log_folder("taxi", "1") / NOTE_FILE).write_text(text)
    [died] = reconcile(settings, store)
    assert "its orchestrator was killed while Trainer ran" in str(died)
    assert [one.state for one in _executions(store, "1")] == [State.FAILED]
    assert list(settings.log_folder("taxi", "1").iterdir()) == []


def test_a_run_with_a_store_of_its_own_is_recorded_there(
    settings: Settings, store: MetadataStore, tmp_path: Path
) -> None:
    own = MetadataStore.connect(sqlite_config(tmp_path / "own.sqlite"))
    record_execution(own, "taxi", "1", "Trainer", State.RUNNING)
    with run_lock(settings, "taxi", "1", store=own.address) as lock:
        lock.leave(Note("failed", {}, "it was locked"))
    assert [died.nodes for died in reconcile(settings, store)] == [("Trainer",)]
    assert [one.state for one in own.executions()] == [State.FAILED]


@pytest.mark.parametrize("elsewhere", ["postgresql://me@host:1/store", "/gone/metadata.sqlite"])
def test_a_run_whose_store_cannot_be_opened_here_keeps_its_lock(
    settings: Settings, store: MetadataStore, elsewhere: str
) -> None:
    for run_id, address in (("1", elsewhere), ("2", store.address)):
        with run_lock(settings, "taxi", run_id, store=address) as lock:
            lock.leave(Note("failed", {}, ""))
    assert [died.run_id for died in reconcile(settings, store)] == ["2"]
    assert (settings.log_folder("taxi", "1") / "run.lock").exists()
