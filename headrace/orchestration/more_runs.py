"""Whether a file that has just called run() may call it again: as its code that has not been executed yet tells."""

import dis
import sys
from collections.abc import Mapping
from types import CodeType, FrameType, FunctionType
from typing import Any, cast

_RUN = "run"  # of TFX's runners


def may_run_more() -> bool:
    """Whether the program's own module, from where it is now, may call run() again.

    It may where a loop leads back to the call, and where what is left names run(), by itself or in a function of the
    module. Of other modules nothing is known: what they run is not seen.
    """
    frame, main = cast("FrameType | None", sys._getframe()), vars(sys.modules["__main__"])
    while frame is not None:
        if frame.f_globals is main and _leads_to_run(frame, main):
            return True
        frame = frame.f_back
    return False


def _leads_to_run(frame: FrameType, main: Mapping[str, Any]) -> bool:
    names: set[str] = set()
    for instruction in dis.get_instructions(frame.f_code):
        if instruction.offset <= frame.f_lasti:
            continue
        is_jump = "JUMP_BACKWARD" in instruction.opname
        if is_jump and isinstance(instruction.argval, int) and instruction.argval <= frame.f_lasti:
            return True
        if isinstance(instruction.argval, str):
            names.add(instruction.argval)
    return _names_run(names, main, set())


def _names_run(names: set[str], main: Mapping[str, Any], seen: set[CodeType]) -> bool:
    if _RUN in names:
        return True
    for name in names:
        function = main.get(name)
        if isinstance(function, FunctionType) and function.__code__ not in seen:
            seen.add(function.__code__)
            if _names_run(set(function.__code__.co_names), main, seen):
                return True
    return False
