"""From an exception to facts: what happened, and where in the user's own code."""

import os
import sysconfig
import traceback
from pathlib import Path

from headrace.errors import HeadraceError
from headrace.orchestration.outcomes import Failure

# Code that the user did not write: the environment, Python itself, and Headrace.
_LIBRARIES = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(Path(__file__).parents[1]))
_NOT_USERS = (*(folder + os.sep for folder in _LIBRARIES), "<")


def failure_of(error: BaseException) -> Failure:
    """The facts of `error`; a HeadraceError brings its own."""
    if isinstance(error, HeadraceError):
        return Failure(type(error).__name__, error.what, error.where, error.why, error.next_step)
    return Failure(type(error).__name__, _shortened(str(error)), where=users_line(error))


def _shortened(message: str) -> str:
    """The lines that say it: TensorFlow and Beam put pages of frames between the first line and the last."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return "\n".join(lines if len(lines) <= 3 else [lines[0], "...", *lines[-2:]]) or "no message"


def users_line(error: BaseException) -> str:
    """The innermost `file:line in function` of the user's own code, or empty; causes are looked into as well."""
    seen: BaseException | None = error
    while seen is not None:
        for frame in reversed(traceback.extract_tb(seen.__traceback__)):
            if not frame.filename.startswith(_NOT_USERS):
                return f"{frame.filename}:{frame.lineno} in {frame.name}"
        seen = seen.__cause__ or seen.__context__
    return ""
