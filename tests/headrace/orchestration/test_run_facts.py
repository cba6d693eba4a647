"""What is recorded of a run, against what git and the machine themselves say."""

import getpass
import json
import socket
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from headrace.metadata import properties as names
from headrace.orchestration.run_facts import git_properties, run_properties


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    ran = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "model.py").write_text("A = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_a_clean_tree_is_told_by_its_commit(repository: Path) -> None:
    (repository / "ignored").touch()
    told = git_properties(repository / "inner")
    assert told == {
        names.GIT_COMMIT: git(repository, "rev-parse", "HEAD"),
        names.GIT_DIRTY: False,
        names.GIT_FOLDER: "inner",
    }
    assert git_properties(repository)[names.GIT_FOLDER] == ""


@pytest.mark.parametrize(
    ("remote", "recorded"),
    [
        ("https://ada:secret@example.com/ada/trips.git", "https://example.com/ada/trips.git"),
        ("HTTPS://token@example.com/ada/trips.git?token=secret", "HTTPS://example.com/ada/trips.git"),
        ("ssh://git:sec@ret@example.com/ada/trips.git", "ssh://git@example.com/ada/trips.git"),
        ("git@example.com:ada/trips.git", "git@example.com:ada/trips.git"),
    ],
)
def test_a_remote_is_told_without_who_logs_in_there(repository: Path, remote: str, recorded: str) -> None:
    git(repository, "remote", "add", "origin", remote)
    assert git_properties(repository)[names.GIT_REMOTE] == recorded


def test_a_remote_that_is_a_command_is_not_told(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "ext::ssh -o ProxyCommand=secret example.com trips.git")
    assert names.GIT_REMOTE not in git_properties(repository)


@pytest.mark.parametrize("change", ["inner/model.py", "new.py"])
def test_a_tree_is_dirty_with_a_change_and_with_a_file_that_git_does_not_know(repository: Path, change: str) -> None:
    (repository / change).write_text("A = 2\n")
    assert git_properties(repository)[names.GIT_DIRTY] is True


def test_without_a_repository_or_a_commit_or_git_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_properties(tmp_path) == {}
    git(tmp_path, "init", "--quiet")
    assert git_properties(tmp_path) == {}
    monkeypatch.setenv("PATH", "")
    assert git_properties(tmp_path) == {}


def test_a_run_is_told_by_who_where_with_what(repository: Path) -> None:
    told = run_properties(repository, {"epochs": 3}, "headrace run small", "{}", {"epochs": 5})
    assert told[names.USER] == getpass.getuser()
    assert told[names.HOST] == socket.gethostname()
    assert told[names.COMMAND] == "headrace run small"
    assert json.loads(str(told[names.PARAMETERS])) == {"epochs": 3}
    assert json.loads(str(told[names.DEFAULTS])) == {"epochs": 5}
    versions = json.loads(str(told[names.VERSIONS]))
    assert versions["tfx"] == metadata.version("tfx")
    assert {"python", "headrace", "tfx", "tensorflow"} <= versions.keys()
    assert told[names.GIT_COMMIT] == git(repository, "rev-parse", "HEAD")
