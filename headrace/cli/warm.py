"""Runs what needs TFX in a process forked from the warm server, at this terminal."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from headrace.errors import RunCanceledError, RunFailedError, reported
from headrace.orchestration.preload import warm_server
from headrace.project import may_set
from headrace.warm_server.client import WarmProcess, WarmServer

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
        RunFailedError: the process was killed.
    """
    if server.is_new:
        whom = "this command and those to come (headrace server)" if server.is_shared else "this command alone"
        print(f"note: TFX is imported first, for {whom}", file=sys.stderr)
    try:
        process = server.start(name, _reported, function, *arguments, hangup=signal.SIGTERM)
    except KeyboardInterrupt:
        raise RunCanceledError("stopped before anything ran") from None
    with closing(process), _forwarding_to(process):
        exit_code = process.wait()
    assert exit_code is not None  # there was no time-out
    if exit_code < 0:
        raise RunFailedError(
            f"the process that did this was ended by {signal.Signals(-exit_code).name}",
            where=f"process {process.pid}",
            next_step="headrace runs list",
        )
    raise SystemExit(exit_code)


def _reported(function: Callable[..., object], *arguments: object) -> None:
    with reported():
        function(*arguments)


@contextmanager
def _forwarding_to(process: WarmProcess) -> Iterator[None]:
    """Hands signals to the process: it is not in the terminal's group, and knows how to stop in good order."""

    def forward(number: int, frame: FrameType | None) -> None:
        process.kill(number)

    # What nohup, or a script with `&`, has this process ignore is not meant for it.
    heard = [number for number in _FORWARDED if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, forward)
    yield
    for number in heard:
        signal.signal(number, signal.SIG_DFL)
