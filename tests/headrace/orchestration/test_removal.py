import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.errors import HeadraceError, UserError
from headrace.metadata import MetadataStore, State
from headrace.metadata.records import DELETED, LIVE, MARKED_FOR_DELETION
from headrace.metadata.store import project_config, sqlite_config
from headrace.orchestration import removal
from headrace.orchestration.clean_up import clean_up
from headrace.orchestration.outputs_lock import OutputsLock
from headrace.orchestration.removal import measured, remove
from headrace.settings import Settings
from tests.headrace.recording import record_artifact, record_execution
from tests.headrace.signals import as_in_the_foreground
from tests.headrace.waiting import until_it_waits_for_a_lock

# Removes what may go; says so and waits for ever, when it has begun to remove a folder for so many times.
CLEANER = """
import sys
from headrace.metadata import MetadataStore
from headrace.orchestration.removal import remove
from headrace.settings import Settings

left = int(sys.argv[2])

def stop_in_the_middle(event, arguments):
    global left
    if event == "shutil.rmtree":
        left -= 1
        if not left:
            print("in the middle", flush=True)
            sys.stdin.read()

settings = Settings(home=sys.argv[1])
store = MetadataStore.open(settings.metadata_path)
sys.addaudithook(stop_in_the_middle)
remove(settings, store, 1)
"""


def clean_up_in_a_process(settings: Settings, stops_at: int = 0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CLEANER, str(settings.home), str(stops_at)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=as_in_the_foreground,
    )


def folder_of(settings: Settings, run: int, number: int) -> Path:
    return settings.pipeline_root("taxi") / "Trainer" / "model" / str(run + 1) / str(number)  # an execution each


def record_runs(settings: Settings, store: MetadataStore, runs: int, outputs: int = 1, files: int = 1) -> None:
    """Runs of the pipeline taxi, each with a node that made so many folders with so many files of 4 bytes."""
    for run in range(runs):
        folders = [folder_of(settings, run, number) for number in range(outputs)]
        for folder in folders:
            (folder / "variables").mkdir(parents=True)
            for file in range(files):
                (folder / "variables" / str(file)).write_text("data")
        models = [record_artifact(store, "Model", str(folder)) for folder in folders]
        record_execution(store, "taxi", str(run), "Trainer", outputs={"model": models})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    settings.make_home()
    return settings


@pytest.fixture
def store(settings: Settings) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(settings.metadata_path))


def test_what_may_go_goes_and_its_record_stays(settings_with_each_store: Settings) -> None:
    settings = settings_with_each_store
    settings.make_home()
    store = MetadataStore.connect(project_config(settings))
    record_runs(settings, store, runs=3, files=5)
    expected = measured(clean_up(settings, store, 1))
    before = store.artifacts()
    gone = remove(settings, store, 1)
    assert gone == expected
    assert [one.bytes for one in gone] == [20, 20]
    assert [folder_of(settings, run, 0).exists() for run in range(3)] == [False, False, True]
    after = store.artifacts()
    assert [one.state for one in after] == [DELETED, DELETED, LIVE]
    assert [(one.id, one.uri, one.type, one.created) for one in after] == [
        (one.id, one.uri, one.type, one.created) for one in before
    ]
    assert [store.outputs(one.id)["model"][0].id for one in store.executions()] == [one.id for one in before]
    assert remove(settings, store, 1) == []


def test_a_value_goes_with_the_folder_that_was_made_for_it(settings: Settings, store: MetadataStore) -> None:
    record_runs(settings, store, runs=1)
    folder = settings.pipeline_root("taxi") / "Number" / "number" / "2"
    folder.mkdir(parents=True)
    (folder / "value").write_text("12")
    value = record_artifact(store, "Integer", str(folder / "value"))
    record_execution(store, "taxi", "0", "Number", outputs={"number": [value]})
    record_execution(store, "taxi", "1", "Trainer")
    assert sum(one.bytes for one in remove(settings, store, 1)) == 6
    assert not folder.exists()
    assert folder.parent.exists()


def test_a_link_in_an_output_goes_and_not_what_it_leads_to(
    settings: Settings, store: MetadataStore, tmp_path: Path
) -> None:
    record_runs(settings, store, runs=2)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_text("mine")
    (folder_of(settings, 0, 0) / "link").symlink_to(mine)
    os.utime(folder_of(settings, 0, 0) / "link", (0, 0), follow_symlinks=False)  # of the execution itself
    linked = settings.pipeline_root("taxi") / "Linked" / "model" / "3"
    linked.parent.mkdir(parents=True)
    linked.symlink_to(mine)
    record_execution(store, "taxi", "0", "Linked", outputs={"model": [record_artifact(store, "Model", str(linked))]})
    remove(settings, store, 1)
    assert not folder_of(settings, 0, 0).exists()
    assert not linked.is_symlink()
    assert (mine / "file").read_text() == "mine"


def test_what_a_killed_execution_left_unfinished_goes_and_its_record_stays(
    settings: Settings, store: MetadataStore
) -> None:
    (folder_of(settings, 0, 0)).mkdir(parents=True)
    (folder_of(settings, 0, 0) / "part").write_text("half")
    record_execution(store, "taxi", "0", "Trainer", State.FAILED)
    [gone] = remove(settings, store, 1)
    assert gone.bytes == 4
    assert not folder_of(settings, 0, 0).parent.exists()
    assert [one.state for one in store.executions()] == [State.FAILED]
    assert remove(settings, store, 1) == []


def test_what_has_come_to_lie_behind_a_link_stays(
    settings: Settings, store: MetadataStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_runs(settings, store, runs=2)
    place, mine = folder_of(settings, 0, 0), tmp_path / "mine"
    found = clean_up(settings, store, 1)
    place.parent.rename(mine)
    place.parent.symlink_to(mine)
    monkeypatch.setattr(removal, "clean_up", lambda *_: found)  # it had looked before
    with pytest.raises(HeadraceError, match="could not be removed"):
        remove(settings, store, 1)
    assert (mine / "0" / "variables" / "0").exists()


def test_what_somebody_removed_already_is_marked(settings: Settings, store: MetadataStore) -> None:
    record_runs(settings, store, runs=2)
    (folder_of(settings, 0, 0) / "variables" / "0").unlink()
    (folder_of(settings, 0, 0) / "variables").rmdir()
    folder_of(settings, 0, 0).rmdir()
    [gone] = remove(settings, store, 1)
    assert gone.bytes == 0
    assert store.artifacts()[0].state == DELETED


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_it_leaves_nothing_unseen_and_can_be_run_again(
    settings: Settings, store: MetadataStore, number: signal.Signals
) -> None:
    record_runs(settings, store, runs=2, outputs=80, files=3)
    cleaner = clean_up_in_a_process(settings, stops_at=70)  # some are marked as deleted by then, and others only gone
    assert cleaner.stdout is not None
    assert cleaner.stdout.readline() == "in the middle\n"
    cleaner.send_signal(number)
    cleaner.communicate()
    old, new = store.artifacts()[:80], store.artifacts()[80:]
    there = [Path(one.uri).exists() for one in old]
    assert there == [False] * 69 + [True] * 11
    for artifact, exists in zip(old, there, strict=True):
        assert artifact.state == MARKED_FOR_DELETION or (artifact.state == DELETED and not exists)
    assert DELETED in {one.state for one in old}
    assert {one.state for one in new} == {LIVE}
    left = [one.artifact_id for one in clean_up(settings, store, keep_runs=2)]  # none is old any more, but half gone
    assert left == [one.id for one in old if one.state == MARKED_FOR_DELETION]
    remove(settings, store, 1)
    assert {one.state for one in store.artifacts()[:80]} == {DELETED}
    assert not any(Path(one.uri).exists() for one in old)
    assert all(len(list(Path(one.uri, "variables").iterdir())) == 3 for one in new)


def test_what_cannot_be_removed_is_named_and_the_rest_goes(settings: Settings, store: MetadataStore) -> None:
    record_runs(settings, store, runs=4)
    stuck = folder_of(settings, 1, 0)
    mount = subprocess.run(["mount", "-t", "tmpfs", "none", str(stuck / "variables")], capture_output=True, check=False)
    if mount.returncode:
        if os.geteuid() == 0:
            pytest.skip("nothing is an obstacle to root where nothing can be mounted")
        stuck.chmod(0o500)
    try:
        with pytest.raises(HeadraceError) as raised:
            remove(settings, store, 1)
        assert raised.value.exit_code == 1
        assert "1 of 3 outputs" in raised.value.what
        assert raised.value.where == str(stuck)
        assert raised.value.why
        assert [one.state for one in store.artifacts()] == [DELETED, MARKED_FOR_DELETION, DELETED, LIVE]
    finally:
        if mount.returncode:
            stuck.chmod(0o700)
        else:
            subprocess.run(["umount", str(stuck / "variables")], check=True)
    remove(settings, store, 1)
    assert [one.state for one in store.artifacts()] == [DELETED, DELETED, DELETED, LIVE]


def test_two_clean_ups_do_not_meet(settings: Settings, store: MetadataStore) -> None:
    record_runs(settings, store, runs=2)
    with open(settings.home / "gc.lock", "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another clean-up"):
            remove(settings, store, 1)
    assert folder_of(settings, 0, 0).exists()


def test_nothing_is_marked_while_a_run_takes_outputs_over(settings: Settings, store: MetadataStore) -> None:
    record_runs(settings, store, runs=2)
    with OutputsLock.of(settings).using(), OutputsLock.of(settings).using():  # two nodes at once
        cleaner = clean_up_in_a_process(settings)
        until_it_waits_for_a_lock(cleaner)
        # What the run found a moment ago it records as its own now.
        model = store.artifacts()[0].id
        record_execution(store, "taxi", "1", "Trainer", outputs={"model": [model]})
    cleaner.communicate()
    assert cleaner.returncode == 0
    assert folder_of(settings, 0, 0).exists()
    assert store.artifacts()[0].state == LIVE
