"""How a store is opened, made by many at once, and refused."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.errors import MetadataStoreError
from headrace.metadata import MetadataStore
from headrace.metadata.server import Server
from headrace.metadata.store import project_config, sqlite_config
from headrace.settings import Settings
from tests.database_servers import DatabaseServer
from tests.headrace.recording import record_execution

# Connects to each store that a line of stdin names, a path or a URL, and answers each with a line.
CREATOR = """
import sys
from pathlib import Path
from headrace.metadata.server import Server
from headrace.metadata.store import MetadataStore, sqlite_config
print("ready", flush=True)
for line in sys.stdin:
    config = Server.read(line.strip()).config() if "://" in line else sqlite_config(Path(line.strip()))
    MetadataStore.connect(config).runs()
    print("made", flush=True)
"""
ROUNDS = 25  # without a lock, one round in thirty fails
SERVER_ROUNDS = 3  # without another try, most fail on PostgreSQL, and on MariaDB one in three where all cores are busy


def test_a_store_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "metadata.sqlite"
    with pytest.raises(MetadataStoreError) as raised:
        MetadataStore.open(path)
    assert raised.value.where == str(path)
    assert raised.value.next_step.startswith("headrace run")
    assert not path.exists()


@pytest.mark.parametrize("garbage", [b"no database " * 1000, b"short", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_was(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "metadata.sqlite"
    path.write_bytes(garbage)
    for _ in range(2):  # an error must not mend the file either
        with pytest.raises(MetadataStoreError) as raised:
            MetadataStore.open(path)
        assert path.read_bytes() == garbage
    assert raised.value.where == str(path)
    assert "not a database" in raised.value.why
    assert raised.value.next_step.startswith(f"mv {path} ")
    assert raised.value.exit_code == 2


def test_a_store_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetadataStoreError):
        MetadataStore.connect(sqlite_config(tmp_path / "missing" / "metadata.sqlite"))


def test_a_store_that_is_no_sqlite_file_can_be_connected_to() -> None:
    config = mlmd.ConnectionConfig(fake_database=mlmd.FakeDatabaseConfig())  # ML Metadata's own, in memory
    assert MetadataStore.connect(config).runs() == []


def test_what_was_recorded_is_there_when_the_store_is_opened_again(settings: Settings) -> None:
    store = MetadataStore.connect(project_config(settings))
    execution_id = record_execution(store, "taxi", "1", "Trainer")
    recorded = store.execution(execution_id)
    del store
    assert MetadataStore.of_project(settings).execution(execution_id) == recorded


def test_processes_that_create_one_store_at_once_all_succeed(tmp_path: Path) -> None:
    with creators() as create_at_once:
        for attempt in range(ROUNDS):
            create_at_once(f"{tmp_path / str(attempt)}.sqlite")


def test_processes_that_create_one_store_on_a_server_at_once_all_succeed(database_server: DatabaseServer) -> None:
    with busy_cores(), creators() as create_at_once:
        for attempt in range(SERVER_ROUNDS):
            with database_server.database(f"created_{attempt}") as url:
                create_at_once(url)


def test_a_store_that_another_process_fills_at_this_moment_is_waited_for(mysql: DatabaseServer) -> None:
    # MariaDB says then what it says of a deadlock too, which cannot be made to happen: "try restarting transaction".
    with mysql.database("filled") as url:
        MetadataStore.connect(Server.read(url).config())
        mysql.execute("DELETE FROM filled.Type")  # without its own types it is a store that is still being made
        mysql.execute("SET GLOBAL innodb_lock_wait_timeout = 1")
        fill = "START TRANSACTION; SELECT * FROM filled.Type FOR UPDATE; SELECT 'fills'; SELECT SLEEP(2)"
        command, environment = [*mysql.client, fill, "--unbuffered"], {**os.environ, **mysql.environment}
        try:
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as other:
                assert other.stdout is not None
                assert other.stdout.readline() == b"fills\n"
                assert MetadataStore.connect(Server.read(url).config()).runs() == []
        finally:
            mysql.execute("SET GLOBAL innodb_lock_wait_timeout = DEFAULT")


@contextmanager
def creators() -> Iterator[Callable[[str], None]]:
    """Processes that all create the same store at the same time."""
    with ExitStack() as stack:
        processes = [stack.enter_context(creator()) for _ in range(4)]
        assert [answer(one) for one in processes] == ["ready"] * len(processes)

        def create_at_once(store: str) -> None:
            for one in processes:
                assert one.stdin is not None
                one.stdin.write(f"{store}\n")
                one.stdin.flush()
            assert [answer(one) for one in processes] == ["made"] * len(processes)

        yield create_at_once


@contextmanager
def busy_cores() -> Iterator[None]:
    """Processes that keep this one's cores busy, so that others are interrupted wherever they are."""
    with ExitStack() as stack:
        for _ in os.sched_getaffinity(0):
            busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(busy.kill)
        yield


def creator() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CREATOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()  # empty where the process has ended
