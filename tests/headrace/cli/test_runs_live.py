import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, State
from headrace.settings import Settings
from tests.headrace.recording import record_execution, record_node

Command = Callable[..., tuple[int, str, str]]
Orchestrate = Callable[..., "subprocess.Popen[str]"]
# An orchestrator at work on a run, that takes SIGTERM as it is told to.
ORCHESTRATOR = """
import signal, sys, time
from headrace.orchestration.run_lock import run_lock
from headrace.settings import Settings

def end(*_):
    raise SystemExit(0)

if sys.argv[2] == "ends":
    signal.signal(signal.SIGTERM, end)
elif sys.argv[2] == "ignores":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with run_lock(Settings.load(), sys.argv[3], sys.argv[1]):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def orchestrate(project: Path) -> Iterator[Orchestrate]:
    """Starts an orchestrator of a run; returns when it holds its lock."""
    started = []

    def start(run_id: str, sigterm: str = "ends", pipeline: str = "taxi") -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", ORCHESTRATOR, run_id, sigterm, pipeline]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_run_that_goes_on_is_running_even_before_it_recorded_anything(
    settings: Settings, headrace: Command, orchestrate: Orchestrate
) -> None:
    orchestrate("new")
    assert not settings.metadata_path.exists()
    [run] = json.loads(headrace("runs", "list", "--json")[1])
    assert (run["run"], run["pipeline"], run["state"], run["nodes"]) == ("new", "taxi", "running", {})
    assert "no node has started yet" in headrace("runs", "show", "latest")[1]
    assert not settings.metadata_path.exists()
    code, out, _ = headrace("runs", "terminate", "latest")
    assert (code, out) == (0, "run new of taxi ended\n")


@pytest.mark.parametrize("pipeline", ["a/b", "../../x y"])
def test_a_run_of_a_pipeline_whose_name_is_a_path_is_known_and_ended_as_any_other(
    settings: Settings, store: MetadataStore, headrace: Command, orchestrate: Orchestrate, pipeline: str
) -> None:
    orchestrate("1", pipeline=pipeline)
    record_execution(store, pipeline, "1", "Trainer", State.RUNNING)
    [run] = json.loads(headrace("runs", "list", "--json")[1])
    assert (run["pipeline"], run["state"]) == (pipeline, "running")
    assert headrace("runs", "terminate", "1")[1].startswith(f"run 1 of {pipeline} ended")
    process = orchestrate("2", pipeline=pipeline)
    record_execution(store, pipeline, "2", "Trainer", State.RUNNING)
    process.kill()
    process.wait()
    assert headrace("runs", "logs", "2")[2].startswith(f"note: run 2 of {pipeline} died")
    assert json.loads(headrace("runs", "show", "2", "--json")[1])["state"] == "died"


def test_a_live_runs_nodes_are_shown_as_they_are(
    store: MetadataStore, headrace: Command, orchestrate: Orchestrate
) -> None:
    orchestrate("1")
    record_node(store, "1", "CsvExampleGen")
    record_node(store, "1", "Trainer", State.RUNNING)
    [run] = json.loads(headrace("runs", "list", "--json")[1])
    assert (run["state"], run["nodes"]) == ("running", {"succeeded": 1, "running": 1})


@pytest.mark.parametrize("command", [("list",), ("show", "1"), ("logs", "1"), ("terminate", "1")])
def test_the_next_command_says_that_an_orchestrator_was_killed(
    store: MetadataStore, headrace: Command, orchestrate: Orchestrate, command: tuple[str, ...]
) -> None:
    record_node(store, "1", "Trainer", State.RUNNING)
    process = orchestrate("1")
    process.kill()
    process.wait()
    _, _, err = headrace("runs", *command)
    assert err.splitlines()[0] == (
        "note: run 1 of taxi died: its orchestrator was killed while Trainer ran; to go on: headrace run taxi"
    )
    code, out, err = headrace("runs", "list", "--json")
    [run] = json.loads(out)
    assert (code, err, run["state"], run["nodes"]) == (0, "", "died", {"failed": 1})
    [execution] = json.loads(headrace("runs", "show", "1", "--json")[1])["executions"]
    assert execution["error"]["kind"] == "orchestrator killed"
    assert execution["seconds"] is None  # nobody knows when it ended


def test_a_run_is_terminated_and_waited_for(
    settings: Settings, store: MetadataStore, headrace: Command, orchestrate: Orchestrate
) -> None:
    record_node(store, "1", "Trainer", State.CANCELED)
    process = orchestrate("1")
    code, out, err = headrace("runs", "terminate", "1")
    assert (code, out, err) == (0, "run 1 of taxi ended: canceled\n", "")
    assert process.wait() == 0
    assert not (settings.log_folder("taxi", "1") / "run.lock").exists()


def test_an_orchestrator_that_dies_of_being_terminated_is_recorded(
    store: MetadataStore, headrace: Command, orchestrate: Orchestrate
) -> None:
    record_node(store, "1", "Trainer", State.RUNNING)
    orchestrate("1", "dies")
    code, out, err = headrace("runs", "terminate", "1")
    assert (code, out) == (0, "run 1 of taxi ended: died\n")
    assert err.startswith("note: run 1 of taxi died")
    assert [one.state for one in store.executions()] == [State.FAILED]


def test_an_orchestrator_that_does_not_end_in_time_is_named(
    store: MetadataStore, headrace: Command, orchestrate: Orchestrate
) -> None:
    record_node(store, "1", "Trainer", State.RUNNING)
    process = orchestrate("1", "ignores")
    code, out, err = headrace("runs", "terminate", "1", "--wait", "0.2")
    assert (code, out) == (1, "")
    assert "has not ended within 0.2 s" in err
    assert f"kill -9 {process.pid}" in err
    assert process.poll() is None


def test_a_run_that_is_not_running_is_not_terminated(store: MetadataStore, headrace: Command) -> None:
    record_node(store, "1", "Trainer")
    code, out, err = headrace("runs", "terminate", "1")
    assert (code, out) == (2, "")
    assert "run 1 of taxi is not running\n  why: it has succeeded" in err


def test_a_run_of_another_machine_is_not_terminated(
    settings: Settings, store: MetadataStore, headrace: Command, orchestrate: Orchestrate
) -> None:
    record_node(store, "1", "Trainer", State.RUNNING)
    process = orchestrate("1")
    path = settings.log_folder("taxi", "1") / "run.lock"
    path.write_text(json.dumps({**json.loads(path.read_text()), "host": "elsewhere"}))
    code, _, err = headrace("runs", "terminate", "1")
    assert code == 2
    assert "elsewhere" in err
    assert process.poll() is None
