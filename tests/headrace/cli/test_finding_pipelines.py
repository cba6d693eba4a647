from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.cli.finding_pipelines import find_definition

Command = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("name", ["elsewhere/taxi", "elsewhere/taxi/", "./elsewhere/taxi"])
def test_a_folder_outside_the_project_is_run_by_its_local_runner(project: Path, name: str) -> None:
    folder = project / "elsewhere" / "taxi"
    folder.mkdir(parents=True)
    (folder / "local_runner.py").touch()
    assert find_definition(name) == folder / "local_runner.py"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("mine", ("there is no pipeline 'mine'", "did you mean 'mine.py'?", "next: headrace run mine.py\n")),
        ("mnie.py", ("there is no such file", "did you mean 'mine.py'?", "next: headrace run mine.py\n")),
        ("notes.md", ("notes.md is no Python file",)),
        ("folder", ("the folder folder defines no pipeline", "no local_runner.py in it", "run folder/one.py\n")),
        ("no/such/folder", ("there is no pipeline 'no/such/folder'", "next: ls .\n")),
        ("unknown", ("there is no pipeline 'unknown'", "next: headrace run FILE.py")),
    ],
)
def test_what_is_no_pipeline_is_told_for_what_it_is(
    project: Path, headrace: Command, name: str, parts: tuple[str, ...]
) -> None:
    (project / "mine.py").touch()
    (project / "notes.md").touch()
    (project / "folder").mkdir()
    (project / "folder" / "one.py").touch()
    code, out, err = headrace("run", name)
    assert (code, out) == (2, "")
    for part in parts:
        assert part in err
