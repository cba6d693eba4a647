"""Work in a process forked from this one, with all that it has imported, and ended with all that it started."""

import ctypes
import gc
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: processes whose parent has ended become this one's children
_POLL_SECONDS = 0.01


class NoAnswerError(Exception):
    """A fork ended without an answer."""


def prepare(packages: Iterable[str]) -> None:
    """Imports packages for all forks, and sees to it that whatever they start can be found and ended."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # as Ctrl-C does: what was started ends
    with _silence():
        for package in packages:
            importlib.import_module(package)
    gc.freeze()  # nothing of it is copied by a collection in a fork


def in_fork(work: Callable[[], Any], log: Path, limit: float) -> Any:
    """Calls `work` in a fork; returns what it returned, through JSON.

    Args:
        work: what to call.
        log: a file for what is printed meanwhile.
        limit: seconds that it may take.

    Raises:
        TimeoutError: it took longer.
        NoAnswerError: the process ended without having returned.
    """
    answer = log.with_suffix(".answer")
    answer.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        _answer(work, log, answer)
    try:
        _wait(pid, time.monotonic() + limit)
    finally:
        _end_all()
    try:
        return json.loads(answer.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        raise NoAnswerError(log.read_text()[-2000:]) from None


@contextmanager
def _silence() -> Iterator[None]:
    """Hides what libraries log to the console while they are imported, some of them past Python."""
    console, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(console, 2)
        os.close(console)
        os.close(nothing)


def _answer(work: Callable[[], Any], log: Path, answer: Path) -> None:
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        output, nothing = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), os.open(os.devnull, os.O_RDONLY)
        for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, number)
        answer.write_text(json.dumps(work()))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _wait(pid: int, deadline: float) -> None:
    """Waits for one child, and meanwhile buries all that are left to this process, as init would."""
    while True:
        ended, _ = os.waitpid(-1, os.WNOHANG)
        if ended == pid:
            return
        if time.monotonic() > deadline:
            raise TimeoutError
        if ended == 0:
            time.sleep(_POLL_SECONDS)


def _end_all() -> None:
    while children := psutil.Process().children(recursive=True):
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        with suppress(ChildProcessError):
            while os.waitpid(-1, 0):
                pass
