"""An executor in a process of its own, forked from a copy of the program that called run().

The orchestrator keeps drivers and publishers, for it is the one owner of the metadata
store. An executor is user code: in a process of its own it can crash, print and use
memory without touching anything else, and two of them use two cores. Importing TFX
takes seconds, a fork of a process that has imported it some hundredths of one.
Where the program cannot be copied, a warm server forks the process, and it takes over
the program's definitions.
"""

import logging
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Protocol

from google.protobuf.message import Message

from headrace.errors import typed
from headrace.orchestration.faults import failure_of
from headrace.orchestration.node_threads import limit_openmp
from headrace.orchestration.outcomes import Failure
from headrace.orchestration.program_definitions import ProgramDefinitions
from headrace.warm_server.address import SET_BY_IMPORT
from headrace.warm_server.client import WarmProcess, signal_name
from headrace.warm_server.copying import ProgramCopy

GRACE_SECONDS = 5.0  # between a node's answer and the end of its process
_WHY_ENDED: Mapping[int, str] = {
    signal.SIGKILL: "something killed it: the kernel does so when memory runs out",
    signal.SIGSEGV: "native code crashed",
}
STOPPED = Failure("stopped", "somebody stopped the run", retryable=False)


@dataclass(frozen=True)
class Work:
    """What a node's process is given."""

    executor_spec: Message
    platform_config: Message | None
    invocation: bytes  # a serialized tfx.orchestration.ExecutionInvocation
    log: Path
    definitions: ProgramDefinitions | None = None  # None: its process is a copy of the program
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


class Forks(Protocol):
    """Forks processes: a copy of the program, or a warm server."""

    def start(
        self, name: str, function: Callable[..., object], *arguments: object, files: Sequence[int] = (0, 1, 2)
    ) -> WarmProcess:
        """Starts a process that calls a function, with these files as its stdin, stdout, stderr and arguments."""


class NodeProcesses:
    """Starts the processes of a run's nodes, and ends them all at once if need be."""

    def __init__(self, server: Forks, definitions: ProgramDefinitions | None = None) -> None:
        """Takes what forks them, and what it lacks of the program whose nodes they are."""
        self._server = server
        self.definitions = definitions
        self._live: set[WarmProcess] = set()
        self._lock = Lock()
        self.stopped = False
        self.stopped_by: int | None = None  # the signal

    def run(self, node: str, work: Work, timeout_seconds: float | None = None) -> Answer:
        """Runs `work` to its end, in a new process.

        Raises:
            NodeFailedError: the process died without an answer, ran out of time, or was stopped.
        """
        receiver, sender = Pipe(duplex=False)
        with ExitStack() as end:
            end.callback(receiver.close)
            process = self._start(node, work, sender)
            end.callback(self._end, process)
            try:
                if not wait([receiver, process.fileno()], timeout_seconds):
                    raise NodeFailedError(_timeout(timeout_seconds, work.log))
                if not receiver.poll():  # it died, and what it forked keeps the pipe open
                    raise EOFError
                answer: Answer = receiver.recv()
                process.wait(GRACE_SECONDS)  # what it started itself ends with it
            except (EOFError, OSError):  # before an answer, or in the middle of one
                exit_code = process.wait()
                raise NodeFailedError(STOPPED if self.stopped else _death(exit_code, work.log)) from None
        return answer

    def ids(self) -> set[int]:
        """The processes at work, each the leader of a group of its own."""
        with self._lock:
            return {process.pid for process in self._live}

    def stop(self, number: int | None = None) -> None:
        """Ends every process at once and starts no more; `run` then raises in the threads that wait.

        Args:
            number: of the signal that asks for it.
        """
        with self._lock:
            self.stopped, self.stopped_by = True, self.stopped_by or number
            if isinstance(self._server, ProgramCopy):
                self._server.wake()
            for process in self._live:
                process.kill()

    def _start(self, node: str, work: Work, sender: Connection) -> WarmProcess:
        work.log.parent.mkdir(parents=True, exist_ok=True)
        with sender, open(os.devnull) as nothing, work.log.open("ab") as log:
            files = (nothing.fileno(), log.fileno(), log.fileno(), sender.fileno())
            process = self._server.start(node, _work, work, files=files)
        with self._lock:
            self._live.add(process)
            if self.stopped:
                process.kill()
        return process

    def _end(self, process: WarmProcess) -> None:
        process.kill()
        process.wait()
        with self._lock:
            self._live.discard(process)
        process.close()


def _work(sender: int, work: Work) -> None:
    """The life of a node's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the orchestrator decides, and kills
    for name, value in SET_BY_IMPORT.items():  # TensorFlow reads some later on
        os.environ.setdefault(name, value)
    limit_openmp()
    started = time.monotonic()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    try:
        from headrace.orchestration.executors import execute

        result: bytes | Failure = execute(work)
    except BaseException as error:  # user code may raise anything, SystemExit included
        with suppress(OSError):  # the disk that the log is on may be full
            traceback.print_exc()
        result = failure_of(error)
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer = Answer(result, time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
    with suppress(BrokenPipeError), Connection(sender) as connection:
        connection.send(answer)


def _timeout(seconds: float | None, log: Path) -> Failure:
    return Failure(
        "timed out", f"it was ended after {seconds:g} s, its execution_timeout_sec", next_step=typed("less", log)
    )


def _death(exit_code: int | None, log: Path) -> Failure:
    if exit_code is not None and exit_code < 0:
        message = f"its process was ended by {signal_name(-exit_code)}"
        return Failure("died", message, why=_WHY_ENDED.get(-exit_code, ""), next_step=typed("less", log))
    return Failure("died", f"its process exited with code {exit_code} and no answer", next_step=typed("less", log))
