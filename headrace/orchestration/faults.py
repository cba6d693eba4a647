"""From an exception to facts: what happened, where in the user's own code, and whether to try again."""

import os
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

from headrace.errors import HeadraceError
from headrace.orchestration.outcomes import Failure

_HEADRACE = str(Path(__file__).parents[1]) + os.sep
_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep
_PACKAGES = sysconfig.get_path("purelib") + os.sep
_NOT_USERS = (_PACKAGES, _STANDARD_LIBRARY, _HEADRACE, "<")

# Wrong today, wrong tomorrow: trying again does not help.
_LASTING = (
    HeadraceError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    FileNotFoundError,
    ImportError,
    LookupError,
    NameError,
    NotImplementedError,
    SyntaxError,
    TypeError,
    ValueError,
)


def failure_of(error: BaseException) -> Failure:
    """The facts of `error`; a HeadraceError brings its own."""
    kind = type(error).__name__
    # Beam cannot make another HeadraceError, and raises a RuntimeError in its stead.
    lasting = isinstance(error, _LASTING) or any(isinstance(one, HeadraceError) for one in _chain(error))
    if isinstance(error, HeadraceError):
        return Failure(kind, error.what, error.where, error.why, error.next_step, not lasting)
    where = users_line(error)
    why = "" if where or not _is_ours(error) else "this is a fault in Headrace, not in your code"
    return Failure(kind, _shortened(str(error)), where, why, retryable=not lasting)


def users_line(error: BaseException) -> str:
    """The innermost `file:line in function` of the user's own code, or empty; causes are looked into as well."""
    for one in _chain(error):
        for frame in reversed(traceback.extract_tb(one.__traceback__)):
            if not frame.filename.startswith(_NOT_USERS):
                return f"{frame.filename}:{frame.lineno} in {frame.name}"
    return ""


def _is_ours(error: BaseException) -> bool:
    """Headrace's own code raised it: the innermost frame, the standard library's aside, is Headrace's."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    others = [name for name in frames if name.startswith(_PACKAGES) or not name.startswith((_STANDARD_LIBRARY, "<"))]
    return bool(others) and others[-1].startswith(_HEADRACE)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _shortened(message: str) -> str:
    """The lines that say it: TensorFlow and Beam put pages of frames between the first line and the last."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return "\n".join(lines if len(lines) <= 3 else [lines[0], "...", *lines[-2:]]) or "no message"
