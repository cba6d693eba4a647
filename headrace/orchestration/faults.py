"""From an exception to facts: what happened, where in the user's own code, and whether to try again."""

import os
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from headrace.errors import HeadraceError
from headrace.orchestration.outcomes import Failure

WITHOUT_STAND_IN = "type the command again with --no-acceleration: TFX's own executor then does this node's work"

_HEADRACE = str(Path(__file__).parents[1]) + os.sep
_ACCELERATION = _HEADRACE + "acceleration" + os.sep
_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep
_PACKAGES = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_NOT_USERS = (*_PACKAGES, _STANDARD_LIBRARY, _HEADRACE)
_CONVERTED = "__autograph_generated_file"  # how the files begin that TensorFlow makes of a function
_IN_USER_CODE = "in user code:"  # how TensorFlow begins the message of an error in such a function
_WHY, _NEXT = "  why: ", "  next: "  # how the notes on an error begin that say so
_NO_MESSAGE = "no message"
IN_HEADRACE = "this is a fault in Headrace, not in your code"

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
    speaker = _speaker(error)
    # Beam cannot make another HeadraceError, and raises a RuntimeError in its stead.
    lasting = isinstance(speaker, _LASTING) or any(isinstance(one, HeadraceError) for one in _chain(error))
    if isinstance(error, HeadraceError):
        return Failure(kind, error.what, error.where, error.why, error.next_step, retryable=not lasting)
    where = users_line(error)
    why, next_step = (_noted(error, name) for name in (_WHY, _NEXT))
    if ours := "" if where else _headraces_file(error):
        why = why or IN_HEADRACE
        next_step = next_step or (WITHOUT_STAND_IN if ours.startswith(_ACCELERATION) else "")
    message = _shortened(_text(speaker)) or _NO_MESSAGE
    return Failure(kind, message, where, why, next_step, retryable=not lasting)


def explain(error: BaseException, why: str, next_step: str) -> None:
    """Adds to an error what `failure_of` is to say of it; shown in tracebacks as well.

    Args:
        error: of anybody.
        why: it may have happened.
        next_step: what to do then, or empty.
    """
    error.add_note(f"{_WHY}{why}")
    if next_step:
        error.add_note(f"{_NEXT}{next_step}")


def users_line(error: BaseException) -> str:
    """The innermost `file:line in function` of the user's own code, or empty; causes are looked into as well."""
    for one in _chain(error):
        if isinstance(one, SyntaxError) and _is_users(one.filename or ""):  # its own frame was never entered
            return f"{one.filename}:{one.lineno}"
        frames = [
            *((frame.filename, frame.lineno, frame.function_name) for frame in _converted_frames(one)),
            *(
                (frame.filename, frame.lineno, frame.name)
                for frame in reversed(traceback.extract_tb(one.__traceback__))
            ),
        ]
        for file, line, function in frames:
            if _is_users(file):
                return f"{file}:{line} in {function}"
    return ""


def headraces_line(error: BaseException) -> str:
    """The `file:line in function` of Headrace's that raised it, or empty where that was another's, or the system's."""
    if isinstance(error, (OSError, MemoryError, RecursionError)) or not _headraces_file(error):
        return ""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.startswith(_HEADRACE)]
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}"


def _is_users(file: str) -> bool:
    """Whether a frame's file is the user's.

    What Cython compiled has a path relative to who knows where, as Beam's `apache_beam/runners/common.py`;
    what has no file begins with "<".
    """
    is_converted = os.path.basename(file).startswith(_CONVERTED)
    return os.path.isabs(file) and not file.startswith(_NOT_USERS) and not is_converted


def _converted_frames(error: BaseException) -> Sequence[Any]:
    """Frames of a function that TensorFlow converted, as it was written; the innermost first."""
    metadata = getattr(error, "ag_error_metadata", None)
    return getattr(metadata, "translated_stack", ())


def _headraces_file(error: BaseException) -> str:
    """Headrace's file that raised it, or empty: that of the innermost frame, the standard library's aside."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    others = [name for name in frames if name.startswith(_PACKAGES) or not name.startswith((_STANDARD_LIBRARY, "<"))]
    return others[-1] if others and others[-1].startswith(_HEADRACE) else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then its causes; of a group, also what is in it."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            left.extend(one.exceptions)
        if (cause := one.__cause__ or one.__context__) is not None:
            left.append(cause)


def _noted(error: BaseException, name: str) -> str:
    notes = [note.removeprefix(name) for note in getattr(error, "__notes__", ()) if note.startswith(name)]
    return "; ".join(notes)


def _speaker(error: BaseException) -> BaseException:
    """The error, or where it says nothing its cause: TFX raises one without a word for every missing file."""
    return next((one for one in _chain(error) if _text(one).strip()), error)


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as failure:  # of a user's class
        return f"its text cannot be shown: {type(failure).__name__}"
    if text.startswith(_IN_USER_CODE):  # frames, then, after an empty line, what was raised
        return text.strip().rpartition("\n\n")[2].strip().removeprefix(f"{type(error).__name__}: ")
    return text


def _shortened(message: str) -> str:
    """The lines that say it: TensorFlow and Beam put pages of frames between the first line and the last."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return "\n".join(lines if len(lines) <= 3 else [lines[0], "...", *lines[-2:]])
