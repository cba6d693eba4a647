import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from headrace.cli.main import commands
from headrace.warm_server import client

Command = Callable[..., tuple[int, str, str]]


def test_the_installed_command_lists_its_commands() -> None:
    command = Path(sys.executable).with_name("headrace")
    ran = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert ran.stderr == ""
    listed = ran.stdout.partition("Commands:")[2].split()
    assert set(commands.commands) <= set(listed)


@pytest.mark.parametrize("name", sorted(commands.commands))
def test_every_command_explains_itself(headrace: Command, name: str) -> None:
    code, out, _ = headrace(name, "-h")
    assert code == 0
    assert out.startswith(f"Usage: headrace {name} ")
    assert commands.commands[name].help


def test_the_version_is_that_of_the_installed_package(headrace: Command) -> None:
    code, out, _ = headrace("--version")
    assert code == 0
    assert version("headrace") in out


def test_a_mistyped_command_suggests_the_nearest_one(headrace: Command) -> None:
    code, out, err = headrace("rnu", "taxi")
    assert (code, out) == (2, "")
    assert err == "error: there is no command 'rnu'\n  why: did you mean 'run'?\n  next: headrace --help\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("runs shw", "there is no command 'shw'\n  why: did you mean 'show'?\n  next: headrace runs --help\n"),
        ("lineage trac", "there is no command 'trac'\n  why: did you mean 'trace'?\n  next: headrace lineage --help\n"),
        (
            "new pipelin",
            "there is no command 'pipelin'\n  why: did you mean 'pipeline'?\n  next: headrace new --help\n",
        ),
        ("server sotp", "there is no command 'sotp'\n  why: did you mean 'stop'?\n  next: headrace server --help\n"),
        (
            "run taxi --resum",
            "there is no option '--resum'\n  why: did you mean '--resume'?\n  next: headrace run --help\n",
        ),
        ("--versoin", "there is no option '--versoin'\n  why: did you mean '--version'?\n  next: headrace --help\n"),
        (
            "run taxi.py --factor 3",
            "there is no option '--factor'\n"
            "  why: it is none of headrace's; those of the file itself come after --\n"
            "  next: headrace run taxi.py -- --factor 3\n",
        ),
        (
            "plan --factor 3 --no-cache my/taxi.py",
            "there is no option '--factor'\n"
            "  why: it is none of headrace's; those of the file itself come after --\n"
            "  next: headrace plan my/taxi.py -- --factor 3 --no-cache\n",
        ),
        (
            "run taxi.py --resum",
            "there is no option '--resum'\n  why: did you mean '--resume'?\n  next: headrace run --help\n",
        ),
        (
            "plan taxi --only Trainer",
            "there is no option '--only'\n  why: it is an option of `headrace run`\n  next: headrace plan --help\n",
        ),
        (
            "lineage impact --column",
            "option '--column' requires an argument\n"
            "  where: headrace lineage impact\n  next: headrace lineage impact --help\n",
        ),
        ("run", "missing argument 'PIPELINE'\n  where: headrace run\n  next: headrace run --help\n"),
        (
            "runs list --limit 0",
            "invalid value for '--limit': 0 is not in the range x>=1\n"
            "  where: headrace runs list\n  next: headrace runs list --help\n",
        ),
    ],
)
def test_a_mistyped_line_is_told_in_the_words_of_all_errors(headrace: Command, line: str, message: str) -> None:
    assert headrace(*line.split()) == (2, "", f"error: {message}")


def test_a_group_of_commands_alone_shows_its_help(headrace: Command) -> None:
    code, out, err = headrace("lineage")
    assert code == 2
    assert "Usage: headrace lineage" in out + err
    assert "trace" in out + err


def test_a_working_folder_that_was_removed_is_named(
    headrace: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    code, out, err = headrace("runs", "list")
    monkeypatch.chdir(tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith("error: the working folder is gone\n")


def test_an_interrupt_is_one_line_from_the_first_import_on(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    code = "from headrace.cli.entry import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_an_interrupt_of_a_command_is_one_line(headrace: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "statuses", interrupted)
    code, _, err = headrace("server", "status")
    assert code == 130
    assert err.strip() == "error: stopped"
