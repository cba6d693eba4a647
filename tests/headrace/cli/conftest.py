import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.cli.main import main
from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from headrace.settings import Settings

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def headrace(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line in this process, what needs TFX in a warm one: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["headrace", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@pytest.fixture
def settings(project: Path) -> Settings:
    """The project's."""
    return Settings(home=project / ".headrace")


@pytest.fixture
def store(settings: Settings) -> MetadataStore:
    """The project's, made."""
    settings.make_home()
    return MetadataStore.connect(sqlite_config(settings.metadata_path))
