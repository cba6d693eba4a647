from pathlib import Path

import pytest

from headrace.project import SETTINGS, may_set, mistyped_variables, project_root
from headrace.settings import Settings


def project(folder: Path, text: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_the_project_is_the_nearest_one_above(tmp_path: Path) -> None:
    outer, inner = project(tmp_path), project(tmp_path / "inner")
    below = inner / "a" / "b"
    below.mkdir(parents=True)
    assert project_root(below) == inner
    assert project_root(tmp_path / "elsewhere") == outer


@pytest.mark.parametrize(
    "text",
    [
        "[tool.headrace]\nserver = false\n",
        '[tool.headrace]\n"server"=false',
        "[tool]\nheadrace = {keep_runs = 3, server = false}",
        "tool.headrace.server = false",
        "[server]\nname = 'another\\'s'\n[tool.other]\nserver = 'x'",  # it only looks so
    ],
)
def test_a_project_that_may_set_something_is_told_at_a_glance(tmp_path: Path, text: str) -> None:
    assert may_set("server", project(tmp_path, text) / "below")


@pytest.mark.parametrize("text", ["", "[tool.headrace]\nkeep_runs = 3\n", '[tool]\nrooms = ["warm_server", "a"]\n'])
def test_one_that_does_not_is_told_too(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not may_set("server", project(tmp_path, text))
    monkeypatch.setenv("headrace_Server", "0")
    assert may_set("server", tmp_path)


def test_a_variable_that_is_mistyped_is_told_and_one_of_the_projects_own_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set(SETTINGS) == set(Settings.model_fields)
    monkeypatch.setenv("HEADRACE_MAX_PARALLEL", "2")
    monkeypatch.setenv("HEADRACE_WEBHOOK", "http://localhost")
    assert mistyped_variables() == []
    monkeypatch.setenv("HEADRACE_MAX_PARALEL", "2")
    assert mistyped_variables() == ["HEADRACE_MAX_PARALEL sets nothing: did you mean HEADRACE_MAX_PARALLEL?"]
