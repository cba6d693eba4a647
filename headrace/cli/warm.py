"""Runs what needs TFX in a process forked from the warm server, at this terminal."""

import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from headrace.errors import RunCanceledError, RunFailedError, UserError, reported
from headrace.orchestration.preload import warm_server
from headrace.project import may_set
from headrace.warm_server.client import WarmProcess, WarmServer, signal_name

_done: mmap.mmap | None = None  # of a warm process: a byte that it shares with the command, set when it may end
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def begin_server(folder: Path, no_server: bool) -> WarmServer:
    """The warm server for a definition in `folder`. It imports TFX while this process reads the settings."""
    shared = not no_server
    if shared and may_set("server", folder):
        from headrace.settings import Settings

        shared = Settings.load(folder).server
    server = warm_server(shared)
    server.begin()
    return server


def in_warm_process(name: str, server: WarmServer, function: Callable[..., object], *arguments: object) -> NoReturn:
    """Calls a function in a process that has imported TFX already, and ends as that process ends.

    Args:
        name: what the process is called in the server's status.
        server: that forks the process.
        function: found by its name, which is not to import TFX itself; and its arguments, pickled.
        *arguments: of the function.

    Raises:
        RunCanceledError: it was stopped before it began.
        RunFailedError: the process was killed, or ended itself before the function did.
    """
    done = _shared_byte()
    if server.is_new:
        whom = "this command and those to come (headrace server)" if server.is_shared else "this command alone"
        print(f"note: TFX is imported first, for {whom}", file=sys.stderr)
    try:
        files = (0, 1, 2, done)
        process = server.start(name, _reported, function, *arguments, files=files, hangup=signal.SIGTERM)
    except KeyboardInterrupt:
        raise RunCanceledError("stopped before anything ran") from None
    with closing(process), _forwarding_to(process) as forwarded:
        exit_code = process.wait()
    assert exit_code is not None  # there was no time-out
    if -exit_code in forwarded:
        raise RunCanceledError.of_signal(-exit_code)("stopped while no node ran")
    if exit_code < 0:
        raise RunFailedError(
            f"the process that ran this command was ended by {signal_name(-exit_code)}",
            where=f"process {process.pid}",
            next_step="headrace runs list",
        )
    if not os.pread(done, 1, 0).strip(b"\0"):
        raise RunFailedError(
            f"the process that ran this command ended itself, with exit code {exit_code}, before it was done",
            where=f"process {process.pid}",
            why="something in it called os._exit: the pipeline's file, or a library",
            next_step="headrace runs list",
        )
    raise SystemExit(exit_code)


def _shared_byte() -> int:
    file = os.memfd_create("headrace-done")
    try:
        os.ftruncate(file, 1)
    except OSError as error:  # nor could a log or a store be written
        raise UserError(
            "no file can be written", why=f"{error.strerror}: the limit is 0 bytes", next_step="ulimit -f unlimited"
        ) from error
    return file


def may_end() -> None:
    """Says, in a warm process, that what it was asked for is done: it may end as it likes from now on."""
    if _done is not None:
        _done[0] = 1


def _reported(done: int, function: Callable[..., object], *arguments: object) -> None:
    global _done
    _done = mmap.mmap(done, 1)  # memory: a program may close all files that it did not open
    os.close(done)
    try:
        with reported():
            function(*arguments)
    finally:  # also of an error: os._exit alone comes past this
        may_end()


@contextmanager
def _forwarding_to(process: WarmProcess) -> Iterator[set[int]]:
    """Hands signals to the process: it is not in the terminal's group, and knows how to stop in good order.

    Yields:
        Those that were handed on.
    """
    forwarded: set[int] = set()

    def forward(number: int, frame: FrameType | None) -> None:
        forwarded.add(number)
        process.kill(number)

    # What nohup, or a script with `&`, has this process ignore is not meant for it.
    heard = [number for number in _FORWARDED if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, forward)
    yield forwarded
    for number in heard:
        signal.signal(number, signal.SIG_DFL)
