import atexit
import multiprocessing
import os
import posix
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.dsl.io import fileio

from headrace.errors import DefinitionError
from headrace.plan_guard.guarding import left_alone

Act = Callable[[Path], object]


def move_into_a_new_folder_and_remove_that(root: Path) -> None:
    os.mkdir(root.parent / "new")
    os.rename(root / "full", root.parent / "new" / "full")
    shutil.rmtree(root.parent / "new")


def remove_behind_a_link_of_its_own(root: Path) -> None:
    os.mkdir(root.parent / "new")
    os.symlink(root / "full", root.parent / "new" / "link")
    os.remove(root.parent / "new" / "link" / "inner")


def remove_a_link_of_its_own_with_a_slash(root: Path) -> None:
    os.symlink(root / "full", root.parent / "own")
    shutil.rmtree(f"{root.parent / 'own'}/")


def remove_a_folder_of_its_own_with_a_link(root: Path) -> None:
    os.mkdir(root.parent / "new")
    os.symlink(root / "full", root.parent / "new" / "link")
    tf.io.gfile.rmtree(str(root.parent / "new"))
    assert not (root.parent / "new").exists()


def replace_by_its_own(root: Path) -> None:
    (root.parent / "own").write_text("new")
    os.replace(root.parent / "own", root / "file")


def rotate(root: Path) -> None:
    os.rename(root / "file", root / "file.1")
    (root / "file").write_text("new")


def link_anew(root: Path) -> None:
    os.unlink(root / "link")
    os.symlink("full", root / "link")


def empty_and_copy_anew(root: Path) -> None:
    template = root.parent / "template"
    (template / "inner").mkdir(parents=True)
    (template / "file").write_text("new")
    shutil.rmtree(root)
    shutil.copytree(template, root)
    assert (root / "file").read_text() == "new"
    shutil.rmtree(root / "inner")
    os.rmdir(root / "empty")


def truncate_by_its_descriptor(root: Path) -> None:
    with open(root / "file", "r+") as file:
        file.truncate(0)


def close_late(root: Path) -> None:
    file = open(root / "file", "w")  # noqa: SIM115
    file.write("new")
    atexit.register(file.close)


REMOVALS: dict[str, Act] = {
    "shutil.rmtree": lambda root: shutil.rmtree(root),  # each is looked up while it is replaced, as a program does
    "os.remove": lambda root: os.remove(root / "file"),
    "pathlib": lambda root: (root / "file").unlink(),
    "posix": lambda root: posix.unlink(root / "file"),
    "os.rmdir": lambda root: os.rmdir(root / "empty"),
    "in a folder": lambda root: os.remove("file", dir_fd=os.open(root, os.O_RDONLY)),
    "gfile.rmtree": lambda root: tf.io.gfile.rmtree(str(root)),
    "gfile.remove": lambda root: tf.io.gfile.remove(str(root / "file")),
    "TFX's fileio": lambda root: fileio.rmtree(str(root)),
    "os.rename": lambda root: os.rename(root / "file", root / "other"),
    "os.replace": lambda root: os.replace(root / "file", root / "full" / "inner"),
    "os.renames": lambda root: os.renames(root / "full" / "inner", root.parent / "a" / "b"),
    "shutil.move": lambda root: shutil.move(root / "full", root.parent / "moved"),
    "gfile.rename": lambda root: tf.io.gfile.rename(str(root / "file"), str(root / "other")),
    "fileio.rename": lambda root: fileio.rename(str(root / "file"), str(root / "full" / "inner"), overwrite=True),
    "os.chmod": lambda root: os.chmod(root / "file", 0),
    "a link": link_anew,
    "rm": lambda root: subprocess.run(["rm", "-rf", root], check=True),
    "os.system": lambda root: os.system(f"cd / && rm -rf {root}"),
    "os.popen": lambda root: os.popen(f"mv {root} {root}.old").read(),
    "posix_spawn": lambda root: os.waitpid(os.posix_spawn("/bin/rm", ["rm", "-r", str(root)], {}), 0),
    "moved into its own": move_into_a_new_folder_and_remove_that,
    "behind its link": remove_behind_a_link_of_its_own,
    "behind its link, with a slash": remove_a_link_of_its_own_with_a_slash,
}
OVERWRITES: dict[str, Act] = {
    "open": lambda root: open(root / "file", "w").write("new"),  # noqa: SIM115
    "pathlib": lambda root: (root / "file").write_text("new"),
    "os.open": lambda root: os.write(os.open(root / "file", os.O_WRONLY | os.O_TRUNC), b"new"),
    "os.truncate": lambda root: os.truncate(root / "file", 0),
    "truncate": truncate_by_its_descriptor,
    "copy": lambda root: shutil.copy(root / "full" / "inner", root / "file"),
    "gfile": lambda root: tf.io.gfile.GFile(str(root / "file"), "w").write("new"),
    "gfile.copy": lambda root: tf.io.gfile.copy(str(root / "full" / "inner"), str(root / "file"), overwrite=True),
    "replaced": replace_by_its_own,
    "rotated": rotate,
    "emptied": empty_and_copy_anew,
    "closed late": close_late,
}
OTHERS: dict[str, Act] = {
    "gfile": remove_a_folder_of_its_own_with_a_link,
    "the same": lambda root: (root / "file").write_text("made by a run"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "empty").mkdir(parents=True)
    (root / "full").mkdir()
    (root / "full" / "inner").write_text("made by a run, too")
    (root / "file").write_text("made by a run")
    (root / "link").symlink_to("file")
    os.utime(root / "file", (1e9, 1e9))
    return root


def files(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(root))] = content, status.st_mode, 0 if path.is_dir() else status.st_mtime_ns
    return found


@pytest.mark.parametrize("name", REMOVALS)
def test_nothing_is_removed_or_moved_and_what_was_asked_for_is_told(name: str, root: Path) -> None:
    before = files(root)
    with left_alone() as guard:
        REMOVALS[name](root)
    assert files(root) == before
    assert str(root) in guard.spared[0]
    assert guard.spared[0].endswith(" before each run")
    assert guard.undone == guard.done == []


@pytest.mark.parametrize("name", OVERWRITES)
def test_what_is_overwritten_is_put_back_and_told(name: str, root: Path) -> None:
    before = files(root)
    with left_alone() as guard:
        OVERWRITES[name](root)
    assert files(root) == before
    assert guard.undone == [f"overwrites {root / 'file'} before each run"]


@pytest.mark.parametrize("name", OTHERS)
def test_other_ways_do_no_harm_either(name: str, root: Path) -> None:
    before = files(root)
    with left_alone() as guard:
        OTHERS[name](root)
    assert files(root) == before
    assert guard.undone == []


def test_what_the_program_made_itself_it_removes(root: Path) -> None:
    with left_alone() as guard:
        with tempfile.TemporaryDirectory(dir=root.parent) as made:
            Path(made, "inner").mkdir()
            Path(made, "inner", "file").touch()
        descriptor, name = tempfile.mkstemp(dir=root)
        os.close(descriptor)
        os.remove(name)
        tf.io.gfile.makedirs(str(root.parent / "deep" / "deeper"))
        tf.io.gfile.rmtree(str(root.parent / "deep"))
        os.rename(tempfile.mkdtemp(dir=root), root / "renamed")
        os.rmdir(root / "renamed")
    assert sorted(path.name for path in root.parent.iterdir()) == ["root"]
    assert sorted(path.name for path in root.iterdir()) == ["empty", "file", "full", "link"]
    assert guard.spared == guard.undone == []


@pytest.mark.parametrize(
    "make", [lambda at: os.mkdir(at), lambda at: os.makedirs(at), Path.mkdir, lambda at: os.makedirs(at / "full")]
)
def test_what_was_spared_can_be_made_anew_once(root: Path, make: Act) -> None:
    before = files(root)
    with left_alone():
        shutil.rmtree(root)
        make(root)
        with pytest.raises(FileExistsError):
            make(root)
        shutil.rmtree(root)
        make(root)
    assert files(root) == before


def test_what_fails_in_a_run_fails_in_a_plan(root: Path) -> None:
    fails: tuple[tuple[Callable[[], object], type[OSError]], ...] = (
        (lambda: os.remove(root / "gone"), FileNotFoundError),
        (lambda: os.remove(root / "full"), IsADirectoryError),
        (lambda: os.rmdir(root / "full"), OSError),
        (lambda: os.rmdir(root / "file"), NotADirectoryError),
        (lambda: os.removedirs(root / "full"), OSError),
        (lambda: shutil.rmtree(root / "gone"), FileNotFoundError),
        (lambda: shutil.rmtree(root / "file"), NotADirectoryError),
        (lambda: os.rename(root / "gone", root / "other"), FileNotFoundError),
        (lambda: os.rename(root / "file", root / "gone" / "other"), FileNotFoundError),
        (lambda: os.mkdir(root / "full"), FileExistsError),
    )
    with left_alone() as guard:
        for act, error in fails:
            with pytest.raises(error):
                act()
        shutil.rmtree(root / "gone", ignore_errors=True)
    assert guard.spared == []
    assert len(files(root)) == 5


def test_a_function_that_was_taken_before_is_refused(root: Path) -> None:
    remove, rename, rmdir, chmod = os.remove, os.rename, os.rmdir, os.chmod
    acts: tuple[Callable[[], object], ...] = (
        lambda: remove(root / "file"),
        lambda: rename(root / "file", root / "other"),
        lambda: rmdir(root / "empty"),
        lambda: chmod(root / "file", 0),
        lambda: os.execv("/bin/true", ["true"]),
    )
    before = files(root)
    with left_alone():
        for act in acts:
            with pytest.raises(DefinitionError, match="can neither leave out nor undo") as raised:
                act()
            assert raised.value.where.startswith(__file__)
    assert files(root) == before


def test_other_commands_are_started_and_those_of_the_program_are_told(root: Path) -> None:
    with left_alone() as guard:
        said = subprocess.run(["echo", "said"], capture_output=True, text=True, check=True).stdout
        os.system("true")
    assert said == "said\n"
    assert guard.done == ["starts `echo said` before each run", "starts `true` before each run"]


def test_a_database_that_changes_is_told_and_one_that_is_read_is_not(root: Path) -> None:
    for name in ("read", "written"):
        with sqlite3.connect(root / name) as database:
            database.execute("create table t (x)")
        os.utime(root / name, (1e9, 1e9))
    with left_alone() as guard:
        sqlite3.connect(root / "read").execute("select * from t")
        sqlite3.connect(root / "written").execute("drop table t")
    assert guard.done == [f"changes the database {root / 'written'} before each run"]


def test_a_process_that_is_forked_or_begins_anew_leaves_the_files_alone(root: Path) -> None:
    before = files(root)
    with left_alone():
        for start in (multiprocessing.get_context("fork").Process, multiprocessing.get_context("spawn").Process):
            for function, argument in ((shutil.rmtree, root), (os.remove, root / "file"), (os.truncate, root / "file")):
                arguments = (argument,) if function is not os.truncate else (argument, 0)
                process = start(target=function, args=arguments)
                process.start()
                process.join()
                assert process.exitcode == 0
    assert files(root) == before


def test_a_library_may_write_its_cache(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(root))
    with left_alone() as guard:
        (root / "own").write_text("new")
        os.replace(root / "own", root / "file")
    assert (root / "file").read_text() == "new"
    assert guard.undone == []


def test_once_it_ends_all_is_as_it_was(root: Path) -> None:
    stock = os.remove, os.mkdir, shutil.rmtree, subprocess.Popen.__init__
    with left_alone():
        taken = shutil.rmtree
    assert (os.remove, os.mkdir, shutil.rmtree, subprocess.Popen.__init__) == stock
    taken(root)
    assert not root.exists()
