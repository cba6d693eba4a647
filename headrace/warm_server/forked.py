"""What a program forked and left to itself when it ended: in Python such a process goes on, and so it does here.

A warm server ends the group of a process with the process, so this one ends last: it waits for copies of itself. What
it started by an exec, as subprocess does, is no copy, and ends with it.
"""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from headrace.errors import say
from headrace.warm_server.messages import ENDING

_PAUSE_SECONDS = 0.1
_QUIET_SECONDS = 1.0  # in which it is not said that this process waits


def wait_for_forks(code: int) -> int:
    """Waits for the copies of this process that live in its group, if it leads one; signals go to them meanwhile.

    Args:
        code: that this process is about to exit with; those it forked are stopped if that is a signal's.

    Returns:
        It, or else the first other than zero of this process' children.
    """
    if os.getpgrp() != os.getpid() or not _forks():
        return code

    def pass_on(number: int, frame: FrameType | None) -> None:
        _signal(_forks(), number)

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    if code > 128:
        _signal(_forks(), signal.SIGTERM)
    said, since, seen = False, time.monotonic(), set[int]()
    while left := _forks():
        seen.update(left)
        if not said and time.monotonic() - since > _QUIET_SECONDS:
            say(f"note: waits for what the program forked: {', '.join(f'process {one}' for one in left)}")
            said = True
        time.sleep(_PAUSE_SECONDS)
    for one in sorted(seen):
        with suppress(ChildProcessError):  # a child's child
            code = code or _exit_code(os.waitpid(one, 0)[1])
    return code


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code  # as a shell has it


def _forks() -> list[int]:
    """Those in this process' group that are copies of it, and live."""
    me, own = os.getpid(), Path("/proc/self/cmdline").read_bytes()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            _, _, group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
            is_copy = (process / "cmdline").read_bytes() == own  # what has ended has none
            if int(group) == me and is_copy and int(process.name) != me:
                found.append(int(process.name))
    return sorted(found)


def _signal(processes: Iterable[int], number: int) -> None:
    for one in processes:
        with suppress(ProcessLookupError):
            os.kill(one, number)
