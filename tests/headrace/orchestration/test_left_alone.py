import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.dsl.io import fileio

from headrace.orchestration.left_alone import left_alone

REMOVALS: dict[str, Callable[[Path], object]] = {
    "shutil.rmtree": shutil.rmtree,
    "os.remove": lambda folder: os.remove(folder / "file"),
    "pathlib": lambda folder: (folder / "file").unlink(),
    "os.rmdir": lambda folder: os.rmdir(folder / "empty"),
    "gfile.rmtree": lambda folder: tf.io.gfile.rmtree(str(folder)),
    "gfile.remove": lambda folder: tf.io.gfile.remove(str(folder / "file")),
    "TFX's fileio": lambda folder: fileio.rmtree(str(folder)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "empty").mkdir(parents=True)
    (folder / "file").write_text("made by a run")
    return folder


@pytest.mark.parametrize("name", REMOVALS)
def test_nothing_is_removed_and_what_was_asked_for_is_told(name: str, folder: Path) -> None:
    # What is taken by name before is not seen: each is looked up while it is replaced, as a program does.
    remove = {"shutil.rmtree": lambda at: shutil.rmtree(at)}.get(name, REMOVALS[name])
    with left_alone() as spared:
        remove(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["empty", "file"]
    assert len(spared.paths) == 1
    assert Path(spared.paths[0]).is_relative_to(folder)
    remove(folder)
    assert not folder.exists() or len(list(folder.iterdir())) == 1


def test_what_the_program_made_itself_it_removes(folder: Path) -> None:
    with left_alone() as spared:
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            Path(made, "inner").mkdir()
            Path(made, "inner", "file").touch()
        shutil.rmtree(folder)
    assert not Path(made).exists()
    assert folder.exists()
    assert spared.paths == [str(folder)]


def test_what_is_not_there_is_not_told_and_once_it_ends_all_is_as_it_was(folder: Path) -> None:
    stock = os.remove, os.mkdir, shutil.rmtree
    with left_alone() as spared:
        shutil.rmtree(folder / "gone")
        spared.end()
        shutil.rmtree(folder)
    assert not folder.exists()
    assert spared.paths == []
    assert (os.remove, os.mkdir, shutil.rmtree) == stock
