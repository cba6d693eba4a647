"""A store of an older schema: what is said of it, and its upgrade."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from ml_metadata.metadata_store import metadata_store

from headrace.errors import MetadataStoreError, UserError
from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from headrace.metadata.upgrading import upgrade
from tests.headrace.recording import record_artifact, record_execution


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with an execution and its output."""
    path = tmp_path / "old one.sqlite"
    store = MetadataStore.connect(sqlite_config(path))
    record_execution(store, "taxi", "1", "Trainer", outputs={"model": [record_artifact(store, "Model", "/model")]})
    return path


def downgrade(path: Path, schema: int) -> None:
    """Makes it what an older ML Metadata left."""
    metadata_store.downgrade_schema(sqlite_config(path), schema)


def set_schema(path: Path, schema: int) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE MLMDEnv SET schema_version = ?", (schema,))


def test_a_store_of_an_older_schema_is_named_with_the_command_that_upgrades_it(path: Path) -> None:
    downgrade(path, 6)
    was = path.read_bytes()
    with pytest.raises(MetadataStoreError, match="of an older schema") as raised:
        MetadataStore.open(path)
    assert raised.value.why.startswith("its schema is 6, and ")
    assert raised.value.next_step.startswith(f"headrace upgrade '{path}'")
    assert path.read_bytes() == was


def test_a_store_of_a_newer_schema_is_left_alone(path: Path) -> None:
    set_schema(path, 99)
    with pytest.raises(MetadataStoreError, match="by a newer ML Metadata") as raised:
        MetadataStore.open(path)
    assert "mv " not in raised.value.next_step
    with pytest.raises(MetadataStoreError, match="by a newer ML Metadata"):
        upgrade(path)
    assert [one.name for one in path.parent.glob("*.upgrading")] == []


@pytest.mark.parametrize("schema", [1, 4, 5, 6, 8])
def test_the_upgraded_store_has_all_records_and_the_old_file_is_kept(path: Path, schema: int) -> None:
    downgrade(path, schema)
    was = path.read_bytes()
    done = upgrade(path)
    assert done is not None
    assert (done.before, done.old.read_bytes()) == (schema, was)
    store = MetadataStore.open(path)
    assert [(one.id, one.type) for one in store.executions()] == [(1, "components.Trainer")]
    assert [one.uri for one in store.outputs(1)["model"]] == ["/model"]
    assert sorted(one.name for one in path.parent.iterdir()) == [
        "old one.lock",
        path.name,
        f"{path.name}.schema{schema}",
    ]


def test_a_store_that_is_up_to_date_is_not_touched(path: Path) -> None:
    was = path.read_bytes()
    assert upgrade(path) is None
    assert path.read_bytes() == was


def test_a_store_that_somebody_writes_to_is_not_upgraded(path: Path) -> None:
    downgrade(path, 6)
    hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); print(); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(UserError, match="a program writes to the metadata store"):
            upgrade(path)
        writer.communicate(b"\n")
    assert upgrade(path) is not None


@pytest.mark.parametrize("content", [b"", b"no database " * 1000])
def test_what_is_no_store_is_not_upgraded(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(MetadataStoreError):
        upgrade(path)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("other", content)]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        upgrade(tmp_path / "none")
    assert not list(tmp_path.iterdir())
