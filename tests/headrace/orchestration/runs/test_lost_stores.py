"""Runs whose metadata store is locked, away or gone while they go on: what they did is recorded, or will be."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from tfx.orchestration.pipeline import Pipeline

from headrace.errors import RunFailedError
from headrace.metadata import MetadataStore, State, patience
from headrace.metadata import properties as names
from headrace.metadata.store import sqlite_config
from headrace.orchestration import HeadraceDagRunner, RunOutcome
from headrace.orchestration.outcomes import RunState
from headrace.orchestration.run_lock import live_runs, reconcile
from headrace.settings import Settings
from tests.database_servers import DatabaseServer
from tests.headrace.recording import record_execution
from tests.small_components import AddOne, Shell

_LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def in_client(server: DatabaseServer, statement: str) -> str:
    """The command line that executes a statement."""
    variables = [f"{name}={shlex.quote(value)}" for name, value in server.environment.items()]
    return " ".join([*variables, shlex.join([*server.client, statement])])


def ends_connections(server: DatabaseServer, database: str) -> str:
    """The command line that ends all connections to a database, as a server does that is restarted."""
    if server.kind == "postgresql":
        return in_client(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
    kills = f"SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE db = '{database}'"
    client = in_client(server, "").removesuffix(" ''")
    return f'set -o pipefail; {in_client(server, kills)} | grep ^KILL | while read -r kill; do {client} "$kill"; done'


def test_a_store_that_is_locked_is_waited_for_and_the_user_is_told(tmp_path: Path) -> None:
    config = sqlite_config(tmp_path / "metadata.sqlite")
    store = MetadataStore.connect(config)
    execution = record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    locker = subprocess.Popen(
        [sys.executable, "-c", _LOCKER, str(tmp_path / "metadata.sqlite")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert locker.stdout is not None
    assert locker.stdout.readline() == "locked\n"
    told: list[str] = []

    def tell(note: str) -> None:
        told.append(note)
        locker.communicate()

    store.wait_for(config, tell)
    store.annotate(execution, {}, State.FAILED)
    assert told == ["the metadata store is locked by another process; the run waits for it"]
    assert [one.state for one in store.executions()] == [State.FAILED]


def test_connections_that_are_lost_in_the_middle_cost_nothing(database_server: DatabaseServer, tmp_path: Path) -> None:
    database = f"restarted_{database_server.kind}"
    with database_server.database(database) as url:
        settings = Settings(home=tmp_path / "home", metadata=SecretStr(url))
        assert run(settings, ends_connections(database_server, database)).state is RunState.SUCCEEDED
        store = MetadataStore.of_project(settings)
        assert [one.state for one in store.executions()] == [State.COMPLETE] * 2
        assert [Path(one.uri).read_text() for one in store.artifacts()] == ["1", "2"]


def test_what_cannot_be_recorded_when_a_run_ends_is_recorded_by_the_next_command(
    postgresql: DatabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgresql.database("gone") as url:
        settings = Settings(home=tmp_path / "home", metadata=SecretStr(url))
        refuse = in_client(postgresql, "ALTER DATABASE gone WITH ALLOW_CONNECTIONS false")
        monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.1)
        with pytest.raises(RunFailedError) as raised:
            run(settings, f"{refuse}; {ends_connections(postgresql, 'gone')}")
        assert raised.value.exit_code == 1
        assert live_runs(settings) == []
        postgresql.execute("ALTER DATABASE gone WITH ALLOW_CONNECTIONS true")
        store = MetadataStore.of_project(settings)
        assert [one.state for one in store.executions()] == [State.RUNNING]
        [died] = reconcile(settings, store)
        assert "failed: recorded now" in str(died)
        [execution] = store.executions()
        assert execution.state is State.FAILED
        assert execution.properties[names.ERROR_KIND] == "MetadataStoreError"
        assert store.runs()[0].properties[names.RUN_STATE] == "failed"
        assert reconcile(settings, store) == []
        assert not [path for path in (settings.home / "logs").rglob("*") if path.suffix in (".lock", ".json")][1:]


def run(settings: Settings, command: str) -> RunOutcome:
    """Runs a pipeline, the first node of which executes a command line."""
    shell = Shell(command=command)
    nodes = [shell, AddOne(number=shell.outputs["number"])]
    pipeline = Pipeline("lost", str(settings.pipeline_root("lost")), components=nodes)
    return HeadraceDagRunner(settings).run(pipeline)
