from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pipelines(project: Path) -> Path:
    """Two pipelines of the project, and a folder that is none."""
    for name in ("taxi", "flights"):
        folder = project / "pipelines" / name
        folder.mkdir(parents=True)
        (folder / "local_runner.py").write_text(f'NAME = "{name}"\nDATA = "{name}"\n# headrace run {name}\n')
        (folder / "picture.png").write_bytes(b"\x89PNG")
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "x.pyc").touch()
    (project / "pipelines" / "half_made").mkdir()
    return project / "pipelines"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ((), ["README.md", "__init__.py", "component.py"]),
        (("--kind", "function"), ["README.md", "__init__.py", "component.py"]),
        (("--kind", "class"), ["README.md", "__init__.py", "component.py", "executor.py"]),
        (("--kind", "beam"), ["README.md", "__init__.py", "component.py", "executor.py"]),
    ],
)
def test_a_component_is_written_and_the_next_commands_are_named(
    project: Path, headrace: Command, options: tuple[str, ...], written: list[str]
) -> None:
    code, out, err = headrace("new", "component", "row_count", *options)
    assert (code, err) == (0, "")
    assert files(project / "components" / "row_count") == written
    assert files(project / "tests" / "components") == ["row_count/test_row_count.py"]
    source = (project / "components" / "row_count" / "component.py").read_text()
    assert "class RowCount(" in source or "def RowCount(" in source
    assert "pytest tests/components/row_count\n" in out
    assert "$" not in "".join(path.read_text() for path in project.rglob("row_count/*"))


def test_a_folder_of_the_project_will_do(project: Path, headrace: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "deep").mkdir()
    monkeypatch.chdir(project / "deep")
    _, out, _ = headrace("new", "component", "row_count")
    assert (project / "components" / "row_count").is_dir()
    assert "pytest ../tests/components/row_count" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("component", "RowCount"), "next: headrace new component row_count"),
        (("component", "gate", "--kind", "clas"), "why: did you mean 'class'?"),
        (("component", "executor", "--kind", "class"), "next: headrace new component my_executor"),
        (("pipeline", "my-taxi"), "next: headrace new pipeline my_taxi"),
        (("pipeline", "mine", "--from", "taxy"), "why: did you mean 'taxi'?"),
        (("pipeline", "mine", "--from", "half_made"), "why: known: blank, flights, taxi"),
        (("pipeline", "taxi"), "there is a folder pipelines/taxi already"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    project: Path, pipelines: Path, headrace: Command, arguments: tuple[str, ...], message: str
) -> None:
    before = sorted(project.rglob("*"))
    code, out, err = headrace("new", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert sorted(project.rglob("*")) == before


def test_nothing_is_written_over(project: Path, headrace: Command) -> None:
    headrace("new", "component", "row_count")
    mine = project / "components" / "row_count" / "component.py"
    mine.write_text("mine")
    code, _, err = headrace("new", "component", "row_count", "--kind", "beam")
    assert code == 2
    assert "there is a folder components/row_count already" in err
    assert mine.read_text() == "mine"


def test_outside_of_a_project_nothing_is_written(
    tmp_path: Path, headrace: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = headrace("new", "component", "row_count")
    assert code == 2
    assert "there is no project here" in err
    assert list(tmp_path.iterdir()) == []


def test_a_blank_pipeline_is_written_and_says_where_its_data_goes(project: Path, headrace: Command) -> None:
    code, out, _ = headrace("new", "pipeline", "mine")
    assert code == 0
    assert files(project / "pipelines") == ["mine/__init__.py", "mine/local_runner.py", "mine/pipeline.py"]
    assert files(project / "tests") == ["pipelines/mine/test_mine.py"]
    assert "mkdir -p data/mine" in out
    assert out.endswith("  headrace run mine\n")


@pytest.mark.parametrize("source", ["taxi", "flights"])
def test_every_pipeline_of_the_project_can_be_copied(
    project: Path, pipelines: Path, headrace: Command, source: str
) -> None:
    code, out, _ = headrace("new", "pipeline", "mine", "--from", source)
    assert (code, "pytest" in out) == (0, False)  # it has no tests to copy
    assert files(pipelines / "mine") == ["local_runner.py", "picture.png"]
    text = (pipelines / "mine" / "local_runner.py").read_text()
    assert text == f'NAME = "mine"\nDATA = "{source}"\n# headrace run mine\n'
    assert (pipelines / "mine" / "picture.png").read_bytes() == b"\x89PNG"
