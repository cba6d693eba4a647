"""An executor in a process of its own, forked from a warm server that imported TFX once.

The orchestrator keeps drivers and publishers, for it is the one owner of the metadata
store. An executor is user code: in a process of its own it can crash, print and use
memory without touching anything else, and two of them use two cores. Importing TFX
takes seconds, a fork of a process that has imported it some hundredths of one.
The server imports libraries only, never the user's modules, so each node sees them
as they are on disk.
"""

import logging
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from google.protobuf.message import Message

from headrace.acceleration import stand_ins
from headrace.orchestration.faults import failure_of
from headrace.orchestration.outcomes import Failure
from headrace.orchestration.output import printing_to

GRACE_SECONDS = 5.0  # between a node's answer and the end of its process
STOPPED = Failure("stopped", "somebody stopped the run", retryable=False)
PRELOAD = (
    "headrace.orchestration.parent_death",
    "headrace.orchestration.runner",
    "tfx.components",
    "tfx.components.schema_gen.import_schema_gen.component",
    *stand_ins.MODULES,
)


@dataclass(frozen=True)
class Work:
    """What a node's process is given."""

    executor_spec: Message
    platform_config: Message | None
    invocation: bytes  # a serialized tfx.orchestration.ExecutionInvocation
    log: Path
    main_file: Path | None = None  # where executors of the module __main__ come from
    accelerated: bool = True  # Headrace's executors stand in for stock ones


@dataclass(frozen=True)
class Answer:
    """What a node's process answers at its end."""

    result: bytes | Failure  # bytes: a serialized tfx.orchestration.ExecutorOutput
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


class NodeFailedError(Exception):
    """The executor failed; carries the facts, and what it used as properties of its execution."""

    def __init__(self, failure: Failure, resources: Mapping[str, float] = MappingProxyType({})) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.resources = resources


class NodeProcesses:
    """Starts the processes of a run's nodes, and ends them all at once if need be."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._live: set[BaseProcess] = set()
        self._lock = Lock()
        self.stopped = False

    def run(self, node: str, work: Work, timeout_seconds: float | None = None) -> Answer:
        """Runs `work` to its end, in a new process.

        Raises:
            NodeFailedError: the process died without an answer, ran out of time, or was stopped.
        """
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(sender, work), name=node, daemon=False)
        with self._lock, _no_main_module():
            if self.stopped:
                raise NodeFailedError(STOPPED)
            process.start()
            self._live.add(process)
        sender.close()
        try:
            if not wait([receiver, process.sentinel], timeout_seconds):
                raise NodeFailedError(_timeout(timeout_seconds, work.log))
            if not receiver.poll():  # it died, and what it forked keeps the pipe open
                raise EOFError
            answer: Answer = receiver.recv()
            process.join(GRACE_SECONDS)  # what it started itself ends with it
        except (EOFError, OSError):  # before an answer, or in the middle of one
            process.join()
            raise NodeFailedError(STOPPED if self.stopped else _death(process.exitcode, work.log)) from None
        finally:
            _end(process)
            process.join()
            receiver.close()
            with self._lock:
                self._live.discard(process)
        return answer

    def stop(self) -> None:
        """Ends every process at once and starts no more; `run` then raises in the threads that wait."""
        with self._lock:
            self.stopped = True
            for process in self._live:
                _end(process)


def start_server(log: Path) -> None:
    """Starts the warm server, if it is not there yet, and does not wait for it; what it prints goes to `log`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOAD))
    with printing_to(log):
        forkserver.ensure_running()


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Keeps multiprocessing from executing the main script once more in the new process."""
    # Other threads go on seeing the module itself: a spec of this name is what multiprocessing leaves alone.
    main = sys.modules["__main__"]
    spec, main.__spec__ = main.__spec__, ModuleSpec("__main__", None)
    try:
        yield
    finally:
        main.__spec__ = spec


def _end(process: BaseProcess) -> None:
    """Kills a process and what it started itself."""
    process.kill()
    if process.pid is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _work(sender: Connection, work: Work) -> None:
    """The life of a node's process."""
    from headrace.orchestration.parent_death import die_with_the_parent

    die_with_the_parent()  # the warm server, which dies with the orchestrator
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the orchestrator decides, and kills
    started = time.monotonic()
    with printing_to(work.log):
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
        try:
            from headrace.orchestration.executors import execute

            result: bytes | Failure = execute(work)
        except BaseException as error:  # user code may raise anything, SystemExit included
            traceback.print_exc()
            result = failure_of(error)
    used = resource.getrusage(resource.RUSAGE_SELF)
    sender.send(Answer(result, time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024))


def _timeout(seconds: float | None, log: Path) -> Failure:
    return Failure("timed out", f"it was ended after {seconds:g} s, its execution_timeout_sec", next_step=f"less {log}")


def _death(exit_code: int | None, log: Path) -> Failure:
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        why = {
            signal.SIGKILL: "something killed it: the kernel does so when memory runs out",
            signal.SIGSEGV: "native code crashed",
        }.get(signal.Signals(-exit_code), "")
        return Failure("died", f"its process was ended by {name}", why=why, next_step=f"less {log}")
    return Failure("died", f"its process exited with code {exit_code} and no answer", next_step=f"less {log}")
