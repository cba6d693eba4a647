"""What is written passes lint and its own tests as it stands: each kind is written into a project, and they are run."""

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree

import pytest

from headrace.scaffold.components import Kind, new_component
from headrace.scaffold.names import LONGEST
from headrace.scaffold.pipelines import new_pipeline, sources_of

ROOT = Path(__file__).parents[3]
SHORT, LONG = "", "count_of_all_rows_we_saw"[: LONGEST - 1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with this one's settings and pipelines, and one of each of what can be written."""
    folder = tmp_path_factory.mktemp("project")
    copy(ROOT / "pyproject.toml", folder)
    for name in ("components", "pipelines", "tests/pipelines"):
        copytree(ROOT / name, folder / name)
    (folder / "data").symlink_to(ROOT / "data")
    headrace, *words = page_commands()[0].split()
    subprocess.run([Path(sys.executable).with_name(headrace), *words], cwd=folder, check=True)
    for kind in (Kind.CLASS, Kind.BEAM):
        new_component(folder, f"a_{kind}", kind)
    new_pipeline(folder, "from_blank", "blank")
    new_pipeline(folder, "from_taxi", "taxi")
    return folder


def page_commands() -> list[str]:
    """The commands of the page for newcomers."""
    blocks = re.findall(r"^```console\n(.*?)^```", (ROOT / "components" / "README.md").read_text(), re.M | re.S)
    return "".join(blocks).splitlines()


def run(project: Path, *command: str, **environment: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env={**os.environ, **environment},
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def of(project: Path, *patterns: str) -> list[str]:
    return sorted(str(path.relative_to(project)) for pattern in patterns for path in project.glob(pattern))


def test_their_own_tests_pass(project: Path) -> None:
    tests = of(project, "tests/components/a_*", "tests/pipelines/from_blank", "tests/pipelines/from_taxi/test_[hs]*.py")
    assert len(tests) == 5
    run(project, *page_commands()[1].split(), "-o", "pythonpath=.", *tests)


def test_they_are_typed(project: Path) -> None:
    components = of(project, "components/a_*", "components/row_count", "tests/components/*")
    folders = [*components, *of(project, "pipelines/from_*", "tests/pipelines/from_*")]
    assert len(folders) == 10
    run(project, "mypy", *folders, MYPYPATH=str(ROOT))


@pytest.mark.parametrize("start", [SHORT, LONG])
def test_lint_has_nothing_to_say_whatever_they_are_called(project: Path, start: str) -> None:
    for kind in Kind:
        new_component(project, f"{start}{kind[0]}", kind)
    for source in sources_of(ROOT):
        new_pipeline(project, f"{start}{source[0]}", source)
    run(project, "ruff", "check", "--config", f'src = [".", "{ROOT}"]', "components", "pipelines", "tests")
    run(project, "ruff", "format", "--check", "components", "pipelines", "tests")


def test_a_copy_has_no_trace_of_its_source_but_for_the_data_it_reads(project: Path) -> None:
    folders = (project / "pipelines" / "from_taxi", project / "tests" / "pipelines" / "from_taxi")
    texts = "\n".join(path.read_text() for folder in folders for path in folder.iterdir() if path.is_file())
    assert 'NAME = "from_taxi"' in texts
    assert 'DATA = "taxi"' in texts
    for trace in ("pipelines.taxi", "pipelines/taxi", '"pipelines" / "taxi"', "headrace run taxi"):
        assert trace not in texts
