"""Notes which functions of the project each test calls, in its own process and in all that it starts."""

import os
import sys
import threading
from collections import defaultdict
from pathlib import Path
from types import CodeType, FrameType

Place = tuple[str, int]  # a module, relative to the root, and the first line of a function


def follow(root: str, notes: str) -> None:
    """Notes each function under `root` once a test and process, in this process and in those forked from it.

    pytest names the test in the environment, which commands and the nodes of a warm server have from the test, too.
    """
    prefix = root + os.sep
    seen: set[tuple[str, CodeType]] = set()

    def called(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if not code.co_filename.startswith(prefix):
            return
        test = os.environ.get("PYTEST_CURRENT_TEST", "")
        if (test, code) in seen:
            return
        seen.add((test, code))
        # Not kept open: a process may close all files it has not opened, and open another with the same number.
        line = f"{test}\t{code.co_filename.removeprefix(prefix)}\t{code.co_firstlineno}\n"
        file = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    threading.settrace(called)
    sys.settrace(called)


def read(notes: Path) -> dict[Place, dict[str, set[str]]]:
    """The tests that call each function, by test and the phases ("setup", "call", "teardown") in which they do."""
    found = defaultdict[Place, dict[str, set[str]]](lambda: defaultdict(set))
    for line in notes.read_text().splitlines():
        current, module, first = line.split("\t")
        if module.endswith(".py") and current:
            test, _, phase = current.rpartition(" ")
            found[module, int(first)][test].add(phase.strip("()"))
    return found
