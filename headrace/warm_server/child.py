"""The life of a process that a warm server forked."""

import atexit
import ctypes
import hashlib
import logging
import multiprocessing.process
import multiprocessing.util
import os
import pickle
import random
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import ModuleType
from typing import TextIO

from headrace.errors import say
from headrace.warm_server import address, client
from headrace.warm_server.forked import wait_for_forks
from headrace.warm_server.messages import ENDING, Start

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def live(start: Start, files: Sequence[int], server: str) -> int:
    """Becomes what was asked for, does its work, and returns the exit code.

    Args:
        start: what was asked for.
        files: that came with it.
        server: the address of the server that forked this process just now.
    """

    def become() -> None:
        _settle(files)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=stream.isatty() or stream is sys.stderr)  # type: ignore[union-attr]
        _become(start)
        address.imports_here = False
        client.origin = server, address.environment()

    return wait_for_forks(_do(become, start, files))


def live_as_copy(start: Start, files: Sequence[int], seed: bytes) -> int:
    """Does what was asked for in a copy of the program that asks, as the program was; returns the exit code.

    Args:
        start: what was asked for; its environment, folder and limits are this process' own already.
        files: that came with it.
        seed: of the random numbers that this process draws, together with its name.
    """

    def become() -> None:
        _settle(files)
        sys.stdin, sys.stdout, sys.stderr = open(0, closefd=False), _console(1), _console(2)  # noqa: SIM115
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what the program does then is not this process' to do
        multiprocessing.process._children.clear()  # type: ignore[attr-defined]
        multiprocessing.util._finalizer_registry.clear()  # type: ignore[attr-defined]
        _seed_generators(hashlib.sha256(seed + start.name.encode()).digest())

    return _do(become, start, files)


def _do(become: Callable[[], None], start: Start, files: Sequence[int]) -> int:
    try:
        become()
        function, arguments = pickle.loads(start.work)
        function(*files[3:], *arguments)
        code = 0
    except SystemExit as ended:
        code = _code(ended)
    except BaseException:
        traceback.print_exc()
        code = 1
    _finish()
    return code


def _settle(files: Sequence[int]) -> None:
    # In a group of its own: what it starts itself can be ended with it. It ends with the server at the latest.
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
        os.close(file)
    atexit._clear()  # what the process it was forked from is to do at its own end
    atexit.register(multiprocessing.util._exit_function)  # type: ignore[attr-defined]


def _become(start: Start) -> None:
    os.environ.clear()
    os.environ.update(start.environment)
    time.tzset()
    os.chdir(start.folder)
    os.umask(start.umask)
    os.sched_setaffinity(0, start.cores)
    os.nice(start.nice - os.nice(0))
    for one in ENDING:  # the server may have been started by a command that ignored others
        usual = signal.default_int_handler if one == signal.SIGINT else signal.SIG_DFL
        signal.signal(one, signal.SIG_IGN if one in start.ignored else usual)
    for number, limits in start.limits.items():
        resource.setrlimit(number, limits)
    sys.path[:] = start.path
    sys.modules["__main__"] = ModuleType("__main__")
    if "numpy" in sys.modules:  # seeded when it was imported, once for all that are forked
        sys.modules["numpy"].random.seed()


def _console(descriptor: int) -> TextIO:
    """A new stream: the program may have put something else in place of its own."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _seed_generators(seed: bytes) -> None:
    """Seeds the shared generators: processes draw other numbers than one another, the same ones in each seeded run."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(list(seed))


def _finish() -> None:
    """What Python does at the end of a process, without taking apart its modules, which takes seconds."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    except BaseException:  # a closed pipe, for one
        with suppress(OSError):  # and stderr's disk may be full
            traceback.print_exc()


def _code(ended: SystemExit) -> int:
    """What Python ends a process with for that."""
    if ended.code is None:
        return 0
    if not isinstance(ended.code, int):
        say(str(ended.code))
        return 1
    return ended.code & 0xFF if abs(ended.code) <= sys.maxsize else 0xFF
