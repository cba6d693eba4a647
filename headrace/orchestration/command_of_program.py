"""What runs a pipeline again that a program of its own has run, and not `headrace run`."""

import os
import sys

from headrace.errors import typed
from headrace.project import project_root
from headrace.typed_command import typed_command


def command_of_program(pipeline: str) -> str:
    """What to type; empty where nothing can be typed: in a notebook, in an interpreter, of a program from a pipe.

    Args:
        pipeline: its name; a pipeline of the project's is run by that.
    """
    main_file = str(getattr(sys.modules["__main__"], "__file__", ""))
    if main_file.endswith(".py"):
        arguments = ["--", *sys.argv[1:]] if sys.argv[1:] else []
        return typed("headrace", "run", os.path.relpath(main_file), *arguments)
    if "/" not in pipeline and (project_root() / "pipelines" / pipeline / "local_runner.py").is_file():
        return typed("headrace", "run", pipeline)
    return typed_command()
