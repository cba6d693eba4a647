"""A server that is a copy of this very process: what it forks has every name, class and value that the program has.

A fork copies one thread. It is sound where the process has no other that may hold a lock, so the process is looked
at: the kernel lists its threads. Those that end themselves at a fork (OpenBLAS') are gone by the time it is looked at.
"""

import ctypes
import gc
import os
import pickle
import random
import signal
import socket
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NoReturn, Self

from headrace.errors import HeadraceError
from headrace.warm_server import address, client
from headrace.warm_server.child import PR_SET_PDEATHSIG, live_as_copy
from headrace.warm_server.client import WarmProcess, server_log
from headrace.warm_server.serving import Server, import_modules

LOOK_SECONDS = 5.0  # between two looks at whether somebody has stopped a copy
_BACKLOG = 64
_SOUND = {"jemalloc_bg_thd"}  # pyarrow's allocator sees to forks itself


class ProgramCopy:
    """Starts processes that are copies of this one as it was when this object was made."""

    def __init__(self, name: str, pid: int) -> None:
        """Takes what `of_this_process` knows."""
        self._name = name
        self._pid = pid

    @classmethod
    def of_this_process(cls, preload: Sequence[str]) -> Self | None:
        """Makes the copy; None where this process has threads that make a fork unsound.

        Args:
            preload: modules that the copy imports, so that what it forks need not.
        """
        if threading.active_count() > 1:
            return None
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()  # or each copy would write what is left
        parent, name, seed = os.getpid(), address.private_address("copy"), _state_of_generators()
        with socket.socket(socket.AF_UNIX) as listener, warnings.catch_warnings():
            listener.bind(address.kernel_name(name))
            listener.listen(_BACKLOG)
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 counts Arrow's thread, too
            pid = os.fork()
            if pid == 0:
                _serve(listener, parent, preload, seed)
        copy = cls(name, pid)
        if unsound_threads():
            copy.close()
            return None
        return copy

    def start(
        self, name: str, function: Callable[..., object], *arguments: object, files: Sequence[int] = (0, 1, 2)
    ) -> WarmProcess:
        """Starts a process; as WarmServer's.

        Raises:
            HeadraceError: the copy is gone.
        """
        message = client.start_message(name, function, arguments)
        try:
            return client.started(client.connected(self._name), message, files)
        except (EOFError, OSError) as error:
            raise HeadraceError(
                "the process that nodes are forked from is gone",
                where=f"process {self._pid}",
                why="something killed it: the kernel does so when memory runs out",
            ) from error

    @contextmanager
    def watched(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Tells meanwhile if somebody has stopped the copy (SIGSTOP): nothing that is asked of it is done then."""
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(over, tell), daemon=True)
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()

    def _watch(self, over: threading.Event, tell: Callable[[str], None]) -> None:
        was_stopped = False
        with suppress(OSError):  # it is gone: who asks something of it notices
            while not over.wait(LOOK_SECONDS):
                is_stopped = address.is_stopped(self._pid)
                if is_stopped and not was_stopped:
                    what = f"process {self._pid}, which nodes are forked from, is stopped, and the run waits for it"
                    tell(f"{what}; to go on: kill -CONT {self._pid}")
                was_stopped = is_stopped

    def wake(self) -> None:
        """Has the copy go on, if somebody stopped it: what it forked can be ended by it alone."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGCONT)

    def close(self) -> None:
        """Ends the copy, and every process that it forked."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with suppress(ChildProcessError):  # the program waits for its children itself
            os.waitpid(self._pid, 0)


def unsound_threads() -> int:
    """How many threads of this process would be missing in a copy of it, with the locks that they hold."""
    names = [_name(task) for task in Path("/proc/self/task").iterdir()]
    return sum(name not in _SOUND for name in names) - 1


def _name(task: Path) -> str:
    try:
        return (task / "comm").read_text().strip()
    except OSError:  # it ended meanwhile
        return next(iter(_SOUND))


def _state_of_generators() -> bytes:
    """What a program that seeds its random numbers has the same in each run, and any other does not."""
    numpy = sys.modules.get("numpy")
    return pickle.dumps((random.getstate(), numpy.random.get_state() if numpy else None))


def _serve(listener: socket.socket, parent: int, preload: Sequence[str], seed: bytes) -> NoReturn:
    """The life of the copy. It never returns to the program."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        os.setpgid(0, 0)  # Ctrl-C is the orchestrator's
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with open(os.devnull) as nothing, server_log().open("ab") as log:
            for descriptor, file in enumerate((nothing, log, log)):
                os.dup2(file.fileno(), descriptor)
        if preload:
            import_modules(preload)
        gc.freeze()  # a collection in a forked process then leaves the pages alone that it shares
        Server(listener, partial(live_as_copy, seed=seed)).serve()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)
