import sys
from pathlib import Path
from types import ModuleType

import pytest

from headrace.orchestration.command_of_program import command_of_program


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program's own module, in a folder that is a project with one pipeline."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "pipelines" / "taxi").mkdir(parents=True)
    (tmp_path / "pipelines" / "taxi" / "local_runner.py").touch()
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


def test_a_script_is_run_again_with_its_arguments(
    main: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main.__file__ = str(tmp_path / "my pipe.py")
    monkeypatch.setattr(sys, "argv", ["my pipe.py", "--factor", "7"])
    assert command_of_program("numbers") == "headrace run 'my pipe.py' -- --factor 7"


def test_another_program_runs_a_pipeline_of_the_project_by_its_name_and_others_as_it_did(
    main: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    main.__file__ = str(Path(sys.executable).with_name("tfx"))
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, main.__file__, "run", "create"])
    assert command_of_program("taxi") == "headrace run taxi"
    assert command_of_program("numbers") == "tfx run create"


def test_a_pipeline_of_a_notebook_has_no_command(main: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-m", "ipykernel_launcher", "-f", "kernel.json"])
    assert command_of_program("numbers") == ""
