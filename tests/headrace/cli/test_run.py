import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.cli.run import find_definition

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").touch()
    for name in ("taxi", "penguin"):
        folder = tmp_path / "pipelines" / name
        folder.mkdir(parents=True)
        (folder / "local_runner.py").touch()
    (tmp_path / "pipelines" / "half_made").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_name_is_found_from_every_folder_of_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "pipelines" / "penguin")
    assert find_definition("taxi") == project / "pipelines" / "taxi" / "local_runner.py"


def test_a_path_is_taken_as_it_is_wherever_the_file_lies(project: Path) -> None:
    (project / "mine.py").touch()
    assert find_definition("mine.py") == project / "mine.py"
    assert find_definition(str(project / "mine.py")) == project / "mine.py"


@pytest.mark.parametrize(("name", "why"), [("taxy", "did you mean 'taxi'?"), ("half_made", "known: penguin, taxi")])
def test_a_name_that_is_no_pipelines_is_refused_with_those_there_are(
    project: Path, headrace: Command, name: str, why: str
) -> None:
    code, out, err = headrace("run", name)
    assert (code, out) == (2, "")
    assert f"there is no pipeline {name!r}" in err
    assert f"why: {why}" in err
    assert str(project / "pipelines") in err


def test_a_file_that_is_not_there_is_named(project: Path, headrace: Command) -> None:
    code, _, err = headrace("run", "elsewhere/mine.py")
    assert code == 2
    assert "where: elsewhere/mine.py" in err
    assert "next: ls elsewhere" in err


def test_a_parameter_without_an_equals_sign_is_refused(project: Path, headrace: Command) -> None:
    code, _, err = headrace("run", "taxi", "--set", "a=1", "--set", "steps")
    assert code == 2
    assert "'steps'" in err
    assert "next: --set steps=VALUE" in err


def test_a_home_that_cannot_be_made_is_refused_before_anything_runs(
    project: Path, headrace: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "home").write_text("mine")
    monkeypatch.setenv("HEADRACE_HOME", "home")
    modules = set(sys.modules)
    code, _, err = headrace("run", "taxi")
    assert code == 2
    assert f"where: {project / 'home'}" in err
    assert "headrace.orchestration.definition" not in set(sys.modules) - modules


def test_what_was_refused_left_nothing_behind(project: Path, headrace: Command) -> None:
    before = sorted(project.rglob("*"))
    headrace("run", "taxy")
    headrace("run", "taxi", "--set", "steps")
    assert sorted(project.rglob("*")) == before
