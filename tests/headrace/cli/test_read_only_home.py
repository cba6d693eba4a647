"""Commands that only read work where nothing can be written."""

import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from headrace.cli.main import main
from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from headrace.settings import Settings
from tests.headrace.as_nobody import as_nobody
from tests.headrace.recording import record_artifact, record_execution

COMMANDS = (("runs", "list"), ("runs", "show", "latest"), ("lineage", "trace"), ("show", "1"), ("gc",))


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A project with a run, the working folder; pytest's own folders are closed to all but their owner."""
    for name in ("HEADRACE_HOME", "HEADRACE_METADATA"):
        monkeypatch.delenv(name, raising=False)
    with TemporaryDirectory() as name:
        settings = Settings(home=Path(name, ".headrace"))
        settings.make_home()
        store = MetadataStore.connect(sqlite_config(settings.metadata_path))
        model = record_artifact(store, "Model", "/model", name="wide")
        record_execution(store, "taxi", "1", "Trainer", outputs={"model": [model]})
        Path(name, "pyproject.toml").touch()
        monkeypatch.chdir(name)
        yield settings
        for path in (Path(name), *Path(name).rglob("*")):
            path.chmod(0o755)


def close(settings: Settings) -> None:
    """From now on nothing can be written, not even that a run was killed, whose lock is there."""
    lock = settings.log_folder("taxi", "0") / "run.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("{}")
    settings.metadata_path.with_suffix(".lock").unlink()
    for path in (settings.home.parent, *settings.home.parent.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def printed() -> str:
    with redirect_stdout(StringIO()) as out, pytest.raises(SystemExit) as ended:
        main()
    return f"{out.getvalue()}exit code {ended.value.code or 0}"


def all_printed() -> str:
    with redirect_stderr(StringIO()) as err:
        out = printed()
    return err.getvalue() + out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_only_reads_says_the_same_where_nothing_can_be_written(
    settings: Settings, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["headrace", *command])
    before = printed()
    assert before.endswith("exit code 0")
    close(settings)
    files = sorted(settings.home.rglob("*"))
    assert as_nobody(printed) == before
    assert sorted(settings.home.rglob("*")) == files


def test_a_clean_up_says_that_it_cannot_write_and_marks_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["headrace", "gc", "--yes", "--keep-runs", "1"])
    store = MetadataStore.open(settings.metadata_path)
    for run in ("2", "3"):
        number = max(one.id for one in store.executions()) + 1
        place = settings.pipeline_root("taxi") / "Trainer" / "model" / str(number)
        place.mkdir(parents=True)
        model = record_artifact(store, "Model", str(place))
        record_execution(store, "taxi", run, "Trainer", outputs={"model": [model]})
    close(settings)
    said = as_nobody(all_printed)
    assert said.startswith("error: the home folder cannot be written\n")
    assert "Traceback" not in said
    assert said.endswith("exit code 2")
    assert {one.state for one in store.artifacts()} == {"LIVE"}
