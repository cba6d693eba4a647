"""Where a project is, and what a glance at it tells before its settings are read: that costs an import."""

import os
import re
from difflib import get_close_matches
from pathlib import Path

from headrace.errors import UserError

PROJECT_FILE = "pyproject.toml"
SETTINGS = ("home", "metadata", "max_parallel", "server", "keep_runs", "beam_pipeline_args")
_PREFIX = "HEADRACE_"
_ALIKE = 0.8  # of a name that is mistyped; others, as HEADRACE_WEBHOOK, may be the project's own


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


def mistyped_variables() -> list[str]:
    """What is to be said of variables of the environment that were to set something, and set nothing."""
    notes = []
    for variable in sorted(os.environ):
        prefix, name = variable.upper()[: len(_PREFIX)], variable[len(_PREFIX) :].lower()
        near = next(iter(get_close_matches(name, SETTINGS, n=1, cutoff=_ALIKE)), name)
        if prefix == _PREFIX and near != name and name not in SETTINGS:
            notes.append(f"{variable} sets nothing: did you mean {_PREFIX}{near.upper()}?")
    return notes


def may_set(name: str, start: Path) -> bool:
    """Whether the environment, or the project around `start`, looks as if it set a setting; False is certain."""
    if f"HEADRACE_{name}".upper() in {variable.upper() for variable in os.environ}:
        return True
    file = project_root(start) / PROJECT_FILE
    assignment = rf"\b{name}[\"']?\s*=".encode()
    return file.is_file() and re.search(assignment, file.read_bytes()) is not None
