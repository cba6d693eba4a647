from collections.abc import Callable
from pathlib import Path

from ml_metadata.metadata_store import metadata_store

from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from tests.headrace.recording import record_execution

Command = Callable[..., tuple[int, str, str]]


def test_the_command_that_an_older_store_names_makes_it_readable(project: Path, headrace: Command) -> None:
    path = project / ".headrace" / "metadata.sqlite"
    path.parent.mkdir()
    record_execution(MetadataStore.connect(sqlite_config(path)), "taxi", "1", "Trainer")
    metadata_store.downgrade_schema(sqlite_config(path), 7)
    code, _, err = headrace("runs", "list")
    assert code == 2
    assert f"next: headrace upgrade {path}" in err
    code, out, err = headrace("upgrade", str(path))
    assert (code, err) == (0, "")
    assert f"it is {path}.schema7" in out
    assert "taxi" in headrace("runs", "list")[1]
    assert headrace("upgrade", str(path))[1] == f"{path} needs no upgrade\n"
