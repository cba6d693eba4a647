import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from headrace.cli.main import commands

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


def test_an_option_that_is_none_is_the_users_error(headrace: Command) -> None:
    code, _, err = headrace("--fast")
    assert code == 2
    assert "--fast" in err


def test_a_command_without_its_argument_is_the_users_error(headrace: Command) -> None:
    code, _, err = headrace("run")
    assert code == 2
    assert "PIPELINE" in err
