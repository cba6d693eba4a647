"""What is said of a SQLite store that cannot be opened: only one that is damaged is called broken."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from headrace.errors import MetadataStoreError
from headrace.metadata import MetadataStore, State
from headrace.metadata.sqlite_file import path_of_url, refusal
from headrace.metadata.store import sqlite_config
from tests.headrace.as_nobody import as_nobody
from tests.headrace.disks import fill, small_disk
from tests.headrace.recording import record_execution


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user reaches: pytest's own are root's alone."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def path(folder: Path) -> Path:
    """A store with an execution, in a folder that cannot be written by those who read it."""
    path = folder / "metadata db.sqlite"
    record_execution(MetadataStore.connect(sqlite_config(path)), "taxi", "1", "Trainer")
    (folder / "metadata db.lock").unlink()
    path.chmod(0o444)
    folder.chmod(0o555)
    return path


def test_a_store_that_can_only_be_read_is_read_and_nothing_is_left_beside_it(path: Path) -> None:
    assert as_nobody(lambda: MetadataStore.open(path).executions()[0].node) == "Trainer"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_store_that_can_only_be_read_is_refused_to_a_run_and_not_called_broken(path: Path) -> None:
    said = as_nobody(lambda: str(MetadataStore.connect(sqlite_config(path)).runs()))
    assert said.startswith("the metadata store cannot be read and written; nothing is wrong with it")
    assert f"where: {path}" in said
    assert "why: the file cannot be written" in said
    assert "mv " not in said


def test_a_store_that_nobody_may_read_is_not_called_broken(path: Path) -> None:
    path.chmod(0)
    said = as_nobody(lambda: str(MetadataStore.open(path).runs()))
    assert said.startswith("the metadata store cannot be read; nothing is wrong with it")
    assert "mv " not in said


@pytest.mark.parametrize(("place", "why"), [("no/metadata.sqlite", "there is no folder"), (".", "it is a folder")])
def test_a_place_where_no_store_can_be_says_so(folder: Path, place: str, why: str) -> None:
    with pytest.raises(MetadataStoreError) as raised:
        MetadataStore.connect(sqlite_config(folder / place))
    assert why in raised.value.why
    assert "mv " not in raised.value.next_step


@pytest.mark.parametrize(
    ("message", "what", "next_step"),
    [
        # ML Metadata's words, after many tries with a program that holds an exclusive lock.
        ("Concurrent writes aborted after max number of retries.", "is locked by another program", "fuser -v "),
        ("Error when executing query: database is locked query: SELECT 1", "is locked by another program", "fuser -v "),
        ("Cannot connect sqlite3 database: unable to open database file", "nothing is wrong with it", "ls -ld "),
        ("Error when executing query: disk I/O error query: SELECT 1", "nothing is wrong with it", "ls -ld "),
        ("Error when executing query: database disk image is malformed query: SELECT 1", "cannot be opened", "mv "),
        ("Error when executing query: file is not a database query: SELECT 1", "cannot be opened", "mv "),
    ],
)
def test_only_what_sqlite_calls_damaged_is_to_be_moved_away(message: str, what: str, next_step: str) -> None:
    said = refusal(Path("/a folder/metadata.sqlite"), message, to_read=False)
    assert what in said.what
    assert said.next_step.startswith(next_step)
    assert "'/a folder" in said.next_step  # quoted
    assert "query" not in said.why


def test_a_damaged_file_is_left_as_it_was(folder: Path) -> None:
    path = folder / "metadata.sqlite"
    record_execution(MetadataStore.connect(sqlite_config(path)), "taxi", "1", "Trainer")
    damaged = path.read_bytes()[: 3 * 4096] + b"\xff" * 40_000
    path.write_bytes(damaged)
    with pytest.raises(MetadataStoreError, match="mv ") as raised:
        MetadataStore.open(path)
    assert "malformed" in raised.value.why
    assert path.read_bytes() == damaged


@pytest.mark.parametrize(("url", "path"), [("sqlite:///m.db", "m.db"), ("SQLite:////a/b c.db", "/a/b c.db")])
def test_a_url_of_a_file_is_read_as_sqlalchemy_reads_it(url: str, path: str) -> None:
    assert path_of_url(url) == Path(path)


@pytest.mark.parametrize("url", ["sqlite:", "sqlite://", "sqlite:///", "sqlite://m.db", "sqlite:///:memory:"])
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(MetadataStoreError, match="names no file"):
        path_of_url(url)


def test_a_store_on_a_full_disk_says_so_and_is_right_again_once_there_is_space(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=4m") as disk:
        store = MetadataStore.connect(sqlite_config(disk / "metadata.sqlite"))
        execution = record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
        filler = fill(disk)
        for _ in range(2):  # the first leaves a transaction open
            with pytest.raises(MetadataStoreError, match="No space left on device") as raised:
                store.annotate(execution, {"text": "x" * 100_000}, State.COMPLETE)
            assert raised.value.where == str(disk / "metadata.sqlite")
        [found] = store.executions()
        assert found.state is State.RUNNING
        filler.unlink()
        store.annotate(execution, {"text": "x" * 100_000}, State.COMPLETE)
        [found] = store.executions()
        assert (found.state, len(str(found.properties["text"]))) == (State.COMPLETE, 100_000)


def test_a_store_whose_file_was_removed_is_not_made_anew(folder: Path) -> None:
    path = folder / "metadata.sqlite"
    store = MetadataStore.connect(sqlite_config(path))
    execution = record_execution(store, "taxi", "1", "Trainer")
    path.unlink()
    for _ in range(2):
        with pytest.raises(MetadataStoreError, match="the metadata store is gone"):
            store.annotate(execution, {"text": "x"})
    assert not path.exists()
