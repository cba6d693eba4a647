"""Where a project is, and what a glance at it tells before its settings are read: that costs an import."""

import os
import re
from pathlib import Path

from headrace.errors import UserError

PROJECT_FILE = "pyproject.toml"


def project_root(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` (the working folder) with a pyproject.toml, or `start` itself."""
    here = (start or working_folder()).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / PROJECT_FILE).is_file()), here)


def working_folder() -> Path:
    """The folder in which this process works.

    Raises:
        UserError: somebody has removed it.
    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise UserError(
            "the working folder is gone",
            why="it was removed after this shell, or the pipeline's file, entered it",
            next_step="cd",
        ) from error


def may_set(name: str, start: Path) -> bool:
    """Whether the environment, or the project around `start`, looks as if it set a setting; False is certain."""
    if f"HEADRACE_{name}".upper() in {variable.upper() for variable in os.environ}:
        return True
    file = project_root(start) / PROJECT_FILE
    assignment = rf"\b{name}[\"']?\s*=".encode()
    return file.is_file() and re.search(assignment, file.read_bytes()) is not None
