from pathlib import Path

import pytest

from headrace.orchestration.project_imports import files_of_module, is_library, with_imports


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write(folder: Path, **texts: str) -> None:
    """Files by their names, `__` for `/`."""
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(project: Path, *names: str) -> set[str]:
    """The files behind a module, relative to the project."""
    files = [file for name in names for file in files_of_module(name)]
    return {path.relative_to(project).as_posix() for path in with_imports(files)}


def test_imports_are_followed_at_any_depth_and_others_are_not(project: Path) -> None:
    write(project, hr_model="import hr_layers", hr_layers="from hr_units import SIZE", hr_units="SIZE = 3", hr_other="")
    assert found(project, "hr_model") == {"hr_model.py", "hr_layers.py", "hr_units.py"}


@pytest.mark.parametrize(
    "line",
    [
        "import hr_kit.deep.tool",
        "import hr_kit.deep.tool as tool",
        "from hr_kit.deep import tool",
        "from hr_kit.deep.tool import name",
        "def work():\n    from hr_kit.deep import tool",
        "import importlib\ntool = importlib.import_module('hr_kit.deep.tool')",
        "tool = __import__('hr_kit.deep.tool')",
        "try:\n    import hr_kit.deep.tool\nexcept ImportError:\n    pass",
    ],
)
def test_every_way_to_import_a_module_runs_its_packages_too(project: Path, line: str) -> None:
    write(project, hr_main=line, hr_kit__deep__tool="", hr_kit__deep__other="")
    for package in ("hr_kit", "hr_kit/deep"):
        (project / package / "__init__.py").touch()
    packages = {"hr_kit/__init__.py", "hr_kit/deep/__init__.py"}
    assert found(project, "hr_main") == {"hr_main.py", "hr_kit/deep/tool.py", *packages}


def test_relative_imports_are_of_the_files_own_package(project: Path) -> None:
    texts = {
        "hr_app__models__net": "from . import layers\nfrom ..units import SIZE\nfrom .. import names",
        "hr_app__models__layers": "",
        "hr_app__models__units": "",
        "hr_app__units": "SIZE = 3",
        "hr_app__names": "",
        "layers": "",
    }
    write(project, **texts)
    own = {"hr_app/models/net.py", "hr_app/models/layers.py", "hr_app/units.py", "hr_app/names.py"}
    assert found(project, "hr_app.models.net") == own


def test_relative_imports_above_the_root_are_nothing(project: Path) -> None:
    write(project, hr_top="from ............................ import hr_other", hr_other="")
    assert found(project, "hr_top") == {"hr_top.py"}


def test_imports_in_a_circle_end(project: Path) -> None:
    write(project, hr_hen="import hr_egg", hr_egg="import hr_hen")
    assert found(project, "hr_hen") == {"hr_hen.py", "hr_egg.py"}


def test_what_is_not_there_and_what_python_cannot_read_is_passed_over(project: Path) -> None:
    write(project, hr_main="import hr_gone, hr_broken\nfrom hr_gone.deep import name", hr_broken="def (:")
    assert found(project, "hr_main", "hr_never") == {"hr_main.py", "hr_broken.py"}


def test_a_module_wins_over_a_folder_of_its_name_and_a_package_over_the_module(project: Path) -> None:
    write(project, hr_tool="", hr_tool__inner="", hr_kit="", hr_kit__inner="")
    (project / "hr_kit" / "__init__.py").touch()
    assert found(project, "hr_tool") == {"hr_tool.py"}
    assert found(project, "hr_kit") == {"hr_kit/__init__.py"}


def test_a_namespace_package_may_lie_in_several_folders(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, one__hr_shared__left="", two__hr_shared__right="")
    for folder in ("one", "two"):
        monkeypatch.syspath_prepend(project / folder)
    assert found(project, "hr_shared.left", "hr_shared.right") == {"one/hr_shared/left.py", "two/hr_shared/right.py"}


@pytest.mark.parametrize("name", ["json", "click", "tfx.components", "headrace.errors", "ml_metadata"])
def test_libraries_and_headrace_have_no_files_of_the_project(name: str) -> None:
    assert files_of_module(name) == []


def test_an_environment_inside_the_project_is_a_library(project: Path) -> None:
    assert is_library(project / ".venv/lib/python3.11/site-packages/tool.py")
    assert not is_library(project / "tool.py")
