"""What was typed to start this process, quoted so that it can be typed again."""

import shlex
import sys
from pathlib import Path

_OWN = "headrace"
_REST = "--"  # what follows is no option of the command's own


def typed_command() -> str:
    """The command line of this process, without the place of its interpreter.

    Returns:
        "python pipe.py --factor 7"; "tfx run create", of a program of the environment; empty where nothing was typed
        that could be typed again: in a notebook, in an interactive interpreter, of a program that came from a pipe.
    """
    words = list(sys.orig_argv)
    if not words[1:] or words[-1] == "-" or _is_kernel(words) or _is_interactive():
        return ""
    program = Path(words[1])
    if program.parent == Path(sys.executable).parent:  # of the environment, whose folder is on the path
        return shlex.join([program.name, *words[2:]])
    return shlex.join([Path(words[0]).name, *words[1:]])


def headrace_command() -> str:
    """The command of Headrace's own that was typed; empty where this is another program."""
    return shlex.join([_OWN, *sys.argv[1:]]) if sys.argv and Path(sys.argv[0]).name == _OWN else ""


def with_option(command: str, *option: str) -> str:
    """A command with another option, which goes before what is for the program that it runs."""
    words = shlex.split(command)
    place = words.index(_REST) if _REST in words else len(words)
    return shlex.join([*words[:place], *option, *words[place:]])


def _is_kernel(words: list[str]) -> bool:
    return any(Path(word).name.startswith("ipykernel") or word.endswith("colab_kernel_launcher") for word in words[1:4])


def _is_interactive() -> bool:
    return hasattr(sys, "ps1") or not hasattr(sys.modules["__main__"], "__file__")
