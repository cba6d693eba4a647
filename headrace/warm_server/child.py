"""The life of a process that a warm server forked."""

import atexit
import ctypes
import logging
import multiprocessing.util
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from types import ModuleType

from headrace.warm_server import address, client
from headrace.warm_server.messages import Start

_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def live(start: Start, files: Sequence[int], server: str) -> int:
    """Becomes what was asked for, does its work, and returns the exit code.

    Args:
        start: what was asked for.
        files: that came with it.
        server: the address of the server that forked this process just now.
    """
    try:
        _become(start, files)
        address.imports_here = False
        client.origin = server, address.environment()
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


def _become(start: Start, files: Sequence[int]) -> None:
    # In a group of its own: what it starts itself can be ended with it. It ends with the server at the latest.
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
        os.close(file)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=stream.isatty() or stream is sys.stderr)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(start.environment)
    time.tzset()
    os.chdir(start.folder)
    os.umask(start.umask)
    os.sched_setaffinity(0, start.cores)
    sys.path[:] = start.path
    sys.modules["__main__"] = ModuleType("__main__")
    if "numpy" in sys.modules:  # seeded when it was imported, once for all that are forked
        sys.modules["numpy"].random.seed()
    atexit._clear()  # what the server is to do at its own end
    atexit.register(multiprocessing.util._exit_function)  # type: ignore[attr-defined]


def _finish() -> None:
    """What Python does at the end of a process, without taking apart its modules, which takes seconds."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # a closed pipe, for one
        traceback.print_exc()


def _code(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    print(ended.code, file=sys.stderr)
    return 1
