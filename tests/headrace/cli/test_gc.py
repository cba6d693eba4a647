import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.metadata import MetadataStore
from headrace.metadata.known_stores import remember
from headrace.metadata.store import sqlite_config
from headrace.orchestration.outputs_lock import OutputsLock
from headrace.settings import Settings
from tests.headrace.recording import record_artifact, record_execution
from tests.headrace.signals import as_in_the_foreground
from tests.headrace.waiting import until_it_waits_for_a_lock

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def runs(settings: Settings, store: MetadataStore) -> list[Path]:
    """The folders of the models of seven runs, 2000 bytes each, the oldest first."""
    folders = []
    for run in range(7):
        folder = settings.pipeline_root("[taxi]") / "Trainer" / "model" / str(run + 1)  # an execution each
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"w" * 2000)
        model = record_artifact(store, "Model", str(folder), name="small")
        record_execution(store, "[taxi]", f"run-{run}", "Trainer", outputs={"model": [model]})
        folders.append(folder)
    return folders


def rows(out: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]


def test_what_may_go_is_a_table_and_nothing_is_removed(runs: list[Path], headrace: Command) -> None:
    code, out, err = headrace("gc")
    assert (code, err) == (0, "")
    assert rows(out) == [["[taxi]", "Trainer", "2", "4.0 kB"], ["all", "", "2", "4.0 kB"]]
    assert out.endswith("headrace gc --yes removes them; records and logs stay\n")
    assert all(folder.exists() for folder in runs)


def test_with_yes_it_goes_and_then_there_is_nothing_to_remove(
    runs: list[Path], store: MetadataStore, headrace: Command
) -> None:
    code, out, err = headrace("gc", "--yes")
    assert (code, err) == (0, "")
    assert rows(out)[0] == ["[taxi]", "Trainer", "2", "4.0 kB"]
    assert out.endswith("removed; records and logs stay\n")
    assert [folder.exists() for folder in runs] == [False, False, True, True, True, True, True]
    assert [one.state for one in store.artifacts()] == ["DELETED", "DELETED", *["LIVE"] * 5]
    code, out, _ = headrace("gc", "--yes")
    assert code == 0
    assert out.startswith("nothing to remove")


def test_a_removed_output_still_answers(runs: list[Path], store: MetadataStore, headrace: Command) -> None:
    headrace("gc", "--yes")
    removed, kept = store.artifacts()[0], store.artifacts()[-1]
    code, out, _ = headrace("show", str(removed.id))
    assert code == 0
    assert "its files were removed" in out
    assert ["name", "small"] in rows(out)
    assert "its files" not in headrace("show", str(kept.id))[1]
    assert len(json.loads(headrace("runs", "list", "--json")[1])) == len(runs)


def test_how_many_runs_are_recent_is_a_flag_and_a_setting(
    runs: list[Path], headrace: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = headrace("gc", "--keep-runs", "2", "--json")
    assert code == 0
    assert json.loads(out) == {
        "removed": False,
        "artifacts": 5,
        "bytes": 10000,
        "nodes": [{"pipeline": "[taxi]", "node": "Trainer", "artifacts": 5, "bytes": 10000}],
        "kept": [],
    }
    assert "headrace gc --keep-runs=2 --yes removes them" in headrace("gc", "--keep-runs", "2")[1]
    (project / "pyproject.toml").write_text("[tool.headrace]\nkeep_runs = 6\n")
    assert json.loads(headrace("gc", "--json")[1])["artifacts"] == 1
    monkeypatch.setenv("HEADRACE_KEEP_RUNS", "7")
    assert json.loads(headrace("gc", "--json", "--yes")[1]) == {
        "removed": True,
        "artifacts": 0,
        "bytes": 0,
        "nodes": [],
        "kept": [],
    }
    assert headrace("gc", "--keep-runs", "0")[0] == 2


@pytest.mark.usefixtures("project")
def test_before_anything_was_recorded_it_says_so(headrace: Command) -> None:
    code, out, err = headrace("gc", "--yes")
    assert (code, out) == (2, "")
    assert "nothing is recorded yet" in err


def test_ctrl_c_is_no_traceback_and_says_how_to_go_on(settings: Settings, runs: list[Path], project: Path) -> None:
    command = [str(Path(sys.executable).with_name("headrace")), "gc", "--yes", "--keep-runs", "1"]
    with OutputsLock.of(settings).using():  # a run takes something over, and takes its time
        cleaner = subprocess.Popen(
            command,
            cwd=project,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=as_in_the_foreground,
        )
        until_it_waits_for_a_lock(cleaner)
        cleaner.send_signal(signal.SIGINT)
        out, err = cleaner.communicate()
    assert (cleaner.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert err.endswith("next: headrace gc --keep-runs=1 --yes\n")
    assert all(folder.exists() for folder in runs)


def test_what_another_store_has_stays_whichever_store_is_cleaned_up(
    runs: list[Path], store: MetadataStore, settings: Settings, project: Path, headrace: Command
) -> None:
    other = MetadataStore.connect(sqlite_config(project / "other.db"))
    imported = record_artifact(other, "Model", str(runs[0]))
    record_execution(other, "penguin", "1", "Importer", outputs={"result": [imported]})
    remember(settings.home, other.address)
    assert rows(headrace("gc")[1])[0] == ["[taxi]", "Trainer", "1", "2.0 kB"]
    for named in ([], ["--metadata", store.address]):
        code, _, err = headrace("gc", "--yes", *named)
        assert (code, err) == (0, "")
        assert [folder.exists() for folder in runs] == [True, False, True, True, True, True, True]


def test_outputs_of_every_store_go(runs: list[Path], settings: Settings, project: Path, headrace: Command) -> None:
    other = MetadataStore.connect(sqlite_config(project / "other.db"))
    folders = []
    for run in range(6):
        folder = settings.pipeline_root("penguin") / "Trainer" / "model" / str(run + 1)
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"w" * 2000)
        model = record_artifact(other, "Model", str(folder))
        record_execution(other, "penguin", f"{run}", "Trainer", outputs={"model": [model]})
        folders.append(folder)
    remember(settings.home, other.address)
    assert [row[:3] for row in rows(headrace("gc", "--yes")[1])[:2]] == [
        ["[taxi]", "Trainer", "2"],
        ["penguin", "Trainer", "1"],
    ]
    assert [folder.exists() for folder in folders] == [False, *[True] * 5]


def test_nothing_goes_while_it_cannot_be_told_what_a_store_needs(
    runs: list[Path], settings: Settings, project: Path, headrace: Command
) -> None:
    (project / "other.db").write_bytes(b"no database " * 1000)
    remember(settings.home, str(project / "other.db"))
    code, _, err = headrace("gc", "--yes")
    assert code == 2
    assert "the clean-up has to know what every metadata store needs" in err
    assert all(folder.exists() for folder in runs)


def test_why_nothing_goes_is_said(
    runs: list[Path], store: MetadataStore, settings: Settings, headrace: Command, project: Path
) -> None:
    _, out, _ = headrace("gc", "--keep-runs", "7")
    assert out == ("nothing to remove: a live model, or one of the last 7 runs of its pipeline, needs all there is\n")
    headrace("gc", "--yes", "--keep-runs", "1")
    _, out, _ = headrace("gc", "--keep-runs", "1")
    assert out == "nothing to remove: a live model, or the last run of its pipeline, needs all there is\n"
    for run in ("8", "9"):
        place = project / "root" / "Trainer" / "model" / run
        place.mkdir(parents=True)
        model = record_artifact(store, "Model", str(place))
        record_execution(store, "elsewhere", f"run-{run}", "Trainer", outputs={"model": [model]})
    _, out, _ = headrace("gc", "--keep-runs", "1")
    assert out.endswith(f"; outputs outside {settings.home} are never removed, as those in {project / 'root'}\n")


def test_a_number_of_runs_that_is_none_is_told_in_words(store: MetadataStore, headrace: Command) -> None:
    code, _, err = headrace("gc", "--keep-runs", "x")
    assert code == 2
    assert "'x' is not a valid whole number" in err


def test_what_was_changed_stays_and_is_named(runs: list[Path], headrace: Command) -> None:
    later = time.time() + 60
    for folder in runs[:2]:
        os.utime(folder / "weights", (later, later))
    for arguments in (["gc"], ["gc", "--yes"]):
        code, out, _ = headrace(*arguments)
        assert code == 0
        assert out.splitlines() == [
            "nothing to remove: a live model, or one of the last 5 runs of its pipeline, needs all else",
            *(f"kept, although nothing needs it: {one} (it was changed since it was made)" for one in runs[:2]),
        ]
    assert json.loads(headrace("gc", "--json")[1])["kept"] == list(map(str, runs[:2]))
