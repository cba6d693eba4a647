"""What was typed, as it can be typed again."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.typed_command import headrace_command, typed_command, with_option

ASK = "from headrace.typed_command import typed_command\nprint(typed_command())\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "my pipe.py"
    script.write_text(ASK)
    return script


def said(*words: str, cwd: Path, stdin: str = "") -> str:
    """What a program says that runs with these words after the interpreter."""
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("arguments", [[], ["--factor", "7"], ["--note", "two words", "$HOME;"]])
def test_a_script_is_named_with_its_arguments_and_without_the_place_of_its_interpreter(
    script: Path, arguments: list[str]
) -> None:
    typed = said(script.name, *arguments, cwd=script.parent)
    assert shlex.split(typed) == [Path(sys.executable).name, script.name, *arguments]


def test_options_of_the_interpreter_and_modules_are_kept(script: Path) -> None:
    (script.parent / "asks.py").write_text(ASK)
    assert said("-X", "dev", "-m", "asks", "1", cwd=script.parent) == f"{Path(sys.executable).name} -X dev -m asks 1"


def test_a_program_of_the_environment_is_named_as_it_is_on_the_path(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(sys.executable).with_name("tfx")
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, str(program), "run", "create", "--pipeline_name", "my taxi"])
    assert typed_command() == "tfx run create --pipeline_name 'my taxi'"


@pytest.mark.parametrize("words", [[], ["-"]])
def test_what_came_from_a_pipe_cannot_be_typed_again(tmp_path: Path, words: list[str]) -> None:
    assert said(*words, cwd=tmp_path, stdin=ASK) == ""


def test_a_kernel_is_nothing_that_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-m", "ipykernel_launcher", "-f", "/tmp/kernel.json"])
    assert typed_command() == ""


def test_headraces_own_command_is_told_from_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert headrace_command() == ""
    monkeypatch.setattr(sys, "argv", ["/venv/bin/headrace", "run", "a b.py", "--only", "Trainer"])
    assert headrace_command() == "headrace run 'a b.py' --only Trainer"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("headrace run taxi", "headrace run taxi --span 3..4"),
        ("headrace run 'a b.py' -- --factor 7", "headrace run 'a b.py' --span 3..4 -- --factor 7"),
    ],
)
def test_an_option_is_added_before_what_is_for_the_file(command: str, expected: str) -> None:
    assert with_option(command, "--span", "3..4") == expected
