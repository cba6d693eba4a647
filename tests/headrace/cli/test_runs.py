import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, Property, State
from headrace.metadata import properties as names
from headrace.metadata.store import sqlite_config
from headrace.orchestration.run_lock import run_lock
from headrace.settings import Settings
from tests.headrace.metadata.test_other_runs import record_tfx_022
from tests.headrace.recording import record_execution, record_node, record_run

Command = Callable[..., tuple[int, str, str]]
HEAVY = ("tensorflow", "tfx", "apache_beam", "tensorflow_data_validation", "keras")


def rows(out: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]


def state_of(headrace: Command, run_id: str) -> str:
    code, out, _ = headrace("runs", "show", run_id, "--json")
    assert code == 0
    return str(json.loads(out)["state"])


def test_runs_are_listed_newest_first_with_what_came_of_their_nodes(store: MetadataStore, headrace: Command) -> None:
    for node in ("CsvExampleGen", "StatisticsGen"):
        record_node(store, "1", node)
    record_node(store, "2", "CsvExampleGen", State.CACHED)
    record_node(store, "2", "StatisticsGen")
    record_node(store, "2", "Trainer", State.FAILED)
    code, out, err = headrace("runs", "list")
    assert (code, err) == (0, "")
    newest, oldest = rows(out)
    assert newest[:2] == ["2", "taxi"]
    assert newest[4:] == ["failed", "1 cached, 1 succeeded, 1 failed"]
    assert oldest[:2] == ["1", "taxi"]
    assert oldest[4:] == ["succeeded", "2 succeeded"]


def test_the_list_is_of_one_pipeline_and_limited_if_asked(store: MetadataStore, headrace: Command) -> None:
    for pipeline, run_id in (("taxi", "1"), ("penguin", "2"), ("taxi", "3"), ("taxi", "4")):
        record_execution(store, pipeline, run_id, "Trainer")
    listed = {
        arguments: [run["run"] for run in json.loads(headrace("runs", "list", "--json", *arguments)[1])]
        for arguments in ((), ("--pipeline", "taxi"), ("--limit", "2"), ("--pipeline", "taxi", "--limit", "2"))
    }
    assert list(listed.values()) == [["4", "3", "2", "1"], ["4", "3", "1"], ["4", "3"], ["4", "3"]]


@pytest.mark.parametrize(("name", "hint"), [("taxis", "; did you mean taxi?"), ("houses", "")])
def test_the_list_of_a_pipeline_that_never_ran_suggests_the_nearest_that_did(
    store: MetadataStore, headrace: Command, name: str, hint: str
) -> None:
    record_execution(store, "taxi", "1", "Trainer")
    code, out, _ = headrace("runs", "list", "--pipeline", name)
    assert (code, out) == (0, f"no runs of {name} are recorded{hint}\n")


def test_the_list_as_json_has_every_column(store: MetadataStore, headrace: Command) -> None:
    record_node(store, "1", "Trainer")
    code, out, err = headrace("runs", "list", "--json")
    [run] = json.loads(out)
    assert (code, err) == (0, "")
    assert {name: run[name] for name in ("run", "pipeline", "state", "nodes")} == {
        "run": "1",
        "pipeline": "taxi",
        "state": "succeeded",
        "nodes": {"succeeded": 1},
    }
    assert datetime.fromisoformat(run["started"]) == store.runs()[0].started
    assert run["seconds"] >= 0


@pytest.mark.parametrize("command", [("list",), ("show", "latest"), ("logs", "latest"), ("terminate", "latest")])
@pytest.mark.usefixtures("project")
def test_before_anything_was_run_each_command_says_so(headrace: Command, command: tuple[str, ...]) -> None:
    code, out, err = headrace("runs", *command)
    assert (code, out) == (2, "")
    assert "nothing is recorded yet" in err


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([State.COMPLETE, State.CACHED], "succeeded"),
        ([State.COMPLETE, State.FAILED], "failed"),
        ([State.CANCELED, State.FAILED], "failed"),
        ([State.COMPLETE, State.CANCELED], "canceled"),
        ([State.COMPLETE, State.RUNNING], "unknown"),  # without a lock: another tool's, that may go on
        ([], "unknown"),
    ],
)
def test_a_runs_state_is_that_of_its_nodes(
    store: MetadataStore, headrace: Command, states: list[State], expected: str
) -> None:
    record_run(store, "taxi", "1")
    for number, state in enumerate(states):
        record_node(store, "1", f"Node{number}", state)
    assert state_of(headrace, "1") == expected


@pytest.mark.parametrize(
    ("attempts", "expected", "counts"),
    [
        ([State.FAILED, State.FAILED, State.COMPLETE], "succeeded", {"succeeded": 1}),
        ([State.COMPLETE, State.FAILED], "failed", {"failed": 1}),
        ([State.FAILED, State.CANCELED], "failed", {"failed": 1}),
        ([State.COMPLETE, State.CANCELED], "canceled", {"canceled": 1}),
    ],
)
def test_the_last_attempt_at_a_node_counts(
    store: MetadataStore, headrace: Command, attempts: list[State], expected: str, counts: dict[str, int]
) -> None:
    for state in attempts:
        record_node(store, "1", "Trainer", state)
    [run] = json.loads(headrace("runs", "list", "--json")[1])
    assert (run["state"], run["nodes"]) == (expected, counts)
    shown = json.loads(headrace("runs", "show", "1", "--json")[1])
    assert len(shown["executions"]) == len(attempts)


def test_a_skipped_node_is_not_a_canceled_one(store: MetadataStore, headrace: Command) -> None:
    record_node(store, "1", "Trainer")
    record_node(store, "1", "Pusher", State.CANCELED, skipped=True)
    [run] = json.loads(headrace("runs", "list", "--json")[1])
    assert (run["state"], run["nodes"]) == ("succeeded", {"succeeded": 1, "skipped": 1})


def test_a_state_that_is_recorded_for_the_run_counts(store: MetadataStore, headrace: Command) -> None:
    record_node(store, "1", "Trainer")
    [run] = store.runs()
    store.annotate_run(run.id, {names.RUN_STATE: "canceled"})  # between two nodes
    assert state_of(headrace, "1") == "canceled"
    with run_lock(Settings.load(), "taxi", "1"):  # and goes on
        assert state_of(headrace, "1") == "running"


def test_a_run_is_shown_with_time_memory_and_log_of_each_node(
    settings: Settings, store: MetadataStore, headrace: Command
) -> None:
    log = settings.log_folder("taxi", "1") / "Trainer.log"
    log.parent.mkdir(parents=True)
    facts: dict[str, Property] = {
        "wall_seconds": 61.26,
        "cpu_seconds": 90.04,
        "peak_memory_bytes": 640_000_000,
        "log": str(log),
    }
    trainer = record_node(store, "1", "Trainer", State.COMPLETE, **facts)
    resolver = record_node(store, "1", "resolver")
    code, out, err = headrace("runs", "show", "1")
    assert (code, err) == (0, "")
    assert "taxi run 1: succeeded" in out
    assert str(settings.log_folder("taxi", "1")) in out
    first, second = rows(out)
    assert first == ["Trainer", "succeeded", str(trainer), "61.3", "90.0", "640 MB", "Trainer.log"]
    assert second[:3] == ["resolver", "succeeded", str(resolver)]
    assert second[4:] == ["", "", ""]
    shown = json.loads(headrace("runs", "show", "1", "--json")[1])
    assert shown["log_folder"] == str(settings.log_folder("taxi", "1"))
    assert shown["executions"][0] == {
        "execution": trainer,
        "node": "Trainer",
        "state": "succeeded",
        "seconds": 61.26,
        "cpu_seconds": 90.04,
        "peak_memory_bytes": 640_000_000,
        "error": None,
        "log": str(log),
        "notes": [],
    }


def test_an_error_is_shown_with_all_its_facts(store: MetadataStore, headrace: Command) -> None:
    error = {
        "kind": "ValueError",
        "message": "not in [0, 1]",
        "where": "model.py:12",
        "why": "see [bold]this[/]",
        "next": "less model.py",
    }
    record_node(store, "1", "Trainer [big]", State.FAILED, **{f"error_{name}": fact for name, fact in error.items()})
    code, out, _ = headrace("runs", "show", "1")
    assert code == 0
    assert rows(out)[0][:2] == ["Trainer [big]", "failed"]
    assert "ValueError: not in [0, 1]\n  where: model.py:12\n  why: see [bold]this[/]\n  next: less model.py\n" in out
    [execution] = json.loads(headrace("runs", "show", "1", "--json")[1])["executions"]
    assert execution["error"] == error


@pytest.mark.parametrize("name", ["20260102-000000.000002", "20260102", "latest"])
def test_a_run_is_found_by_id_by_prefix_and_as_the_latest(store: MetadataStore, headrace: Command, name: str) -> None:
    for run_id in ("20260101-000000.000001", "20260101-000000.000003", "20260102-000000.000002"):
        record_node(store, run_id, "Trainer")
    assert json.loads(headrace("runs", "show", name, "--json")[1])["run"] == "20260102-000000.000002"


def test_an_id_that_begins_another_one_is_an_id(store: MetadataStore, headrace: Command) -> None:
    for run_id in ("1", "12"):
        record_node(store, run_id, "Trainer")
    assert json.loads(headrace("runs", "show", "1", "--json")[1])["run"] == "1"


@pytest.mark.parametrize(
    ("name", "what", "why"),
    [
        ("20260101-00", "2 runs begin with '20260101-00'", "20260101-000002, 20260101-000001"),
        ("20260102-000003", "there is no run '20260102-000003'", "did you mean '20260101-00000"),
        ("lastest", "there is no run 'lastest'", "did you mean 'latest'?"),
        ("zz", "there is no run 'zz'", "the newest: 20260101-000002, 20260101-000001"),
    ],
)
@pytest.mark.parametrize("command", ["show", "logs", "terminate"])
def test_a_run_that_is_none_is_refused_with_a_suggestion(
    store: MetadataStore, headrace: Command, command: str, name: str, what: str, why: str
) -> None:
    for run_id in ("20260101-000001", "20260101-000002"):
        record_node(store, run_id, "Trainer")
    code, out, err = headrace("runs", command, name)
    assert (code, out) == (2, "")
    assert f"error: {what}" in err
    assert f"why: {why}" in err
    assert "next: headrace runs list" in err


def test_looking_at_runs_imports_neither_tensorflow_nor_tfx_nor_beam(store: MetadataStore, project: Path) -> None:
    record_node(store, "1", "Trainer")
    code = f"""
import sys
from headrace.cli.main import main
for arguments in (["list"], ["show", "1"], ["logs", "1"], ["terminate", "1"]):
    sys.argv = ["headrace", "runs", *arguments]
    try:
        main()
    except SystemExit:
        pass
print("imported", *sorted(set(sys.modules) & set({HEAVY!r})))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "imported"


def test_runs_of_an_older_tfx_are_shown_with_their_nodes(project: Path, headrace: Command) -> None:
    path = project / "old.sqlite"
    record_tfx_022(MetadataStore.connect(sqlite_config(path)))
    listed = json.loads(headrace("runs", "list", "--metadata", str(path), "--json")[1])
    assert [(run["run"], run["state"], run["nodes"]) for run in listed] == [
        (run, "succeeded", {"cached": 1, "succeeded": 1}) for run in ("2020-06-02T10:00:00", "2020-06-01T10:00:00")
    ]
    shown = json.loads(headrace("runs", "show", "latest", "--metadata", str(path), "--json")[1])
    assert [one["node"] for one in shown["executions"]] == ["CsvExampleGen", "Trainer.wide"]


def test_where_no_run_is_recorded_the_latest_is_not_suggested_for_itself(
    store: MetadataStore, headrace: Command
) -> None:
    assert store.runs() == []
    code, _, err = headrace("runs", "show", "latest")
    assert code == 2
    assert "error: no run is recorded yet" in err
    assert "did you mean" not in err


def test_of_a_run_without_logs_none_are_named(store: MetadataStore, headrace: Command) -> None:
    record_node(store, "1", "Trainer")
    assert "logs" not in headrace("runs", "show", "1")[1]
    assert json.loads(headrace("runs", "show", "1", "--json")[1])["log_folder"] is None


def test_a_node_that_was_stopped_is_not_called_failed(store: MetadataStore, headrace: Command) -> None:
    record_node(store, "1", "Trainer", State.CANCELED, error_kind="stopped", error_message="somebody stopped the run")
    _, out, _ = headrace("runs", "show", "1")
    assert "Trainer canceled\nstopped: somebody stopped the run" in out
