import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.cli.finding_pipelines import find_definition
from tests.conftest import without_notes

Command = Callable[..., tuple[int, str, str]]

# A pipeline of one node, whose component is in the file itself.
MINE = """
from pathlib import Path
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.types.standard_artifacts import Integer

@component
def Number(value: Parameter[int], number: OutputArtifact[Integer]) -> None:
    if value < 0:
        raise ValueError("too few")
    number.value = value

if __name__ == "__main__":
    root = str(Path("root").absolute())
    nodes = [Number(value=RuntimeParameter("value", int, 1))]
    LocalDagRunner().run(Pipeline("mine", root, components=nodes, enable_cache=True))
"""


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
    assert "next: ls .\n" in err


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


@pytest.mark.parametrize(
    "options",
    [
        ("--resume", "--only", "Trainer"),
        ("--resume", "--from", "Trainer"),
        ("--resume", "--to", "Trainer"),
        ("--only", "Trainer", "--to", "Pusher"),
        ("--resume", "--only", "Trainer", "--from", "Trainer"),
    ],
)
def test_options_that_exclude_each_other_are_refused_before_anything_runs(
    project: Path, headrace: Command, options: tuple[str, ...]
) -> None:
    before = sorted(project.rglob("*"))
    code, out, err = headrace("run", "taxi", *options)
    assert (code, out) == (2, "")
    assert "exclude each other" in err
    assert "next: headrace run --help" in err
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "Transform", "--from", "Trainer", "--to", "Pusher"),
        ("--resume", "--no-cache", "--no-cache-for", "Trainer", "--json"),
    ],
)
def test_options_that_go_together_are_not_refused(project: Path, headrace: Command, options: tuple[str, ...]) -> None:
    _, _, err = headrace("run", "nowhere.py", *options)
    assert "there is no such file" in err


def test_a_run_as_json_is_events_alone_and_its_exit_code_says_how_it_ended(project: Path, headrace: Command) -> None:
    (project / "mine.py").write_text(MINE)
    code, out, err = headrace("run", "mine.py", "--json", "--set", "value=3")
    events = [json.loads(line) for line in out.splitlines()]
    assert (code, without_notes(err)) == (0, "")
    assert [event["event"] for event in events] == ["run_started", "node_started", "node_ended", "run_ended"]
    assert events[2]["state"] == "succeeded"
    assert events[3]["state"] == "succeeded"

    code, out, err = headrace("run", "mine.py", "--json", "--set", "value=-1")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert (events[2]["failure"]["message"], events[3]["state"]) == ("too few", "failed")
    assert err.startswith("error: the run of mine failed: Number\n")
    assert "next: headrace run mine.py" in err


@pytest.mark.parametrize("options", [(), ("--no-cache-for", "Number"), ("--no-cache",)])
def test_a_second_run_is_cached_unless_it_is_told_not_to(
    project: Path, headrace: Command, options: tuple[str, ...]
) -> None:
    (project / "mine.py").write_text(MINE)
    headrace("run", "mine.py")
    code, out, _ = headrace("run", "mine.py", *options)
    assert code == 0
    assert ("≡ Number cached" in out) == (not options)
    assert ("✓ Number succeeded" in out) == bool(options)


def test_one_node_alone_runs_whatever_the_cache_has_unless_it_may_be_cached(project: Path, headrace: Command) -> None:
    (project / "mine.py").write_text(MINE)
    headrace("run", "mine.py")
    _, out, _ = headrace("run", "mine.py", "--only", "Number")
    assert "✓ Number succeeded" in out
    _, out, _ = headrace("run", "mine.py", "--only", "Number", "--cached")
    assert "≡ Number cached" in out


@pytest.mark.parametrize(
    "options", [("--cached",), ("--only", "Number", "--cached", "--no-cache"), ("--to", "Number", "--cached")]
)
def test_only_one_node_alone_is_said_to_be_cached(project: Path, headrace: Command, options: tuple[str, ...]) -> None:
    (project / "mine.py").write_text(MINE)
    code, out, err = headrace("run", "mine.py", *options)
    assert (code, out) == (2, "")
    assert err.startswith("error: --cached says that --only may take its node from the cache")


@pytest.mark.parametrize("option", ["--no-cache-for", "--only", "--from", "--to"])
def test_a_node_that_is_none_suggests_the_nearest_and_nothing_runs(
    project: Path, headrace: Command, option: str
) -> None:
    (project / "mine.py").write_text(MINE)
    code, out, err = headrace("run", "mine.py", option, "Numbr")
    assert (code, out) == (2, "")
    assert "there is no node 'Numbr'" in err
    assert "why: did you mean 'Number'?" in err
    assert not (project / "root").exists()


def test_what_was_refused_left_nothing_behind(project: Path, headrace: Command) -> None:
    before = sorted(project.rglob("*"))
    headrace("run", "taxy")
    headrace("run", "taxi", "--set", "steps")
    assert sorted(project.rglob("*")) == before
