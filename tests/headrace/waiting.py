"""Waits for what another process does."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def until(condition: Callable[[], object], what: str) -> None:
    """Returns when the condition holds, within a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def until_it_waits_for_a_lock(process: "subprocess.Popen[str]") -> None:
    """Returns when the process wants an flock that somebody else holds."""

    def waits() -> bool:
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        return any(line[1] == "->" and line[5] == str(process.pid) for line in lines)

    until(waits, "it never waited for a lock")
