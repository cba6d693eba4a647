"""A model that is served by a process of its own, which is ended when it takes too long or too much memory."""

import multiprocessing
import signal
import time
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

import psutil

from components.infra_check.serving import Answer, Refused, serve
from headrace.errors import HeadraceError

START_SECONDS = 120.0  # until TensorFlow is up: only a process that is not forked takes long
LOOK_SECONDS = 0.01  # between two looks at the memory
_MB = 1 << 20


class NotServedError(Exception):
    """The model cannot be served, for a reason of its own."""


class ServedModel:
    """A model in a process of its own: `with ServedModel(...) as served: served.load(); served.answer(examples)`.

    Time counts from `load` on. Memory is what the process has by itself, which excludes mapped files and what
    it shares, above what it had once TensorFlow was up: what loading the model and answering takes.

    Attributes:
        peak_mb: the most memory that was seen, in MiB.
    """

    def __init__(self, folder: str, signature: str, seconds: float, memory_mb: int) -> None:
        """Takes the SavedModel's folder, the signature that answers, and the limits."""
        self._seconds, self._memory_mb = seconds, memory_mb
        self._deadline = 0.0
        self._memory_before = 0
        self.peak_mb = 0.0
        # A fork is sound where no other thread can hold a lock in this moment: so it is in a process of Headrace's,
        # whose executors start with TensorFlow imported and none of its threads. Elsewhere it is imported anew.
        alone = psutil.Process().num_threads() == 1
        processes = multiprocessing.get_context("fork") if alone else multiprocessing.get_context("spawn")
        self._connection, there = processes.Pipe()
        self._process: BaseProcess = processes.Process(
            target=serve, args=(there, folder, signature), name="serving", daemon=True
        )
        with there:
            self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()

    def load(self) -> None:
        """Loads the model.

        Raises:
            NotServedError: it cannot be loaded, takes too long or too much memory, or its process died.
        """
        self._wait_for_tensorflow()
        self._memory_before = self._memory()
        self._deadline = time.monotonic() + self._seconds
        self._ask("be loaded", None)

    def answer(self, examples: list[bytes]) -> Answer:
        """What the model answers to serialized examples.

        Raises:
            NotServedError: it raises, takes too long or too much memory, or its process died.
        """
        answer: Answer = self._ask(
            f"answer {'1 example' if len(examples) == 1 else f'{len(examples)} examples'}", examples
        )
        return answer

    def _wait_for_tensorflow(self) -> None:
        if wait([self._connection, self._process.sentinel], START_SECONDS) == [self._connection]:
            self._connection.recv()
            return
        raise HeadraceError(
            "the process that is to serve the model did not start",
            why=f"it was not ready in {START_SECONDS:g} s, or ended before: the log says more",
        )

    def _ask(self, what: str, request: list[bytes] | None) -> Any:
        try:
            self._connection.send(request)
            while not self._connection.poll(LOOK_SECONDS):
                self._look(what)
            self._look(what)
            received = self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            why = f"its process {_death(self._process.exitcode)}"
        else:
            if not isinstance(received, Refused):
                return received
            why = received.reason
        raise NotServedError(f"it cannot {what}: {why}")

    def _look(self, what: str) -> None:
        used = (self._memory() - self._memory_before) / _MB
        self.peak_mb = max(self.peak_mb, used)
        if used > self._memory_mb:
            why = f"it took {used:,.0f} MiB of memory beyond TensorFlow's own, and may take {self._memory_mb:,}"
            raise NotServedError(f"it cannot {what}: {why} (memory_mb)")
        if time.monotonic() > self._deadline:
            raise NotServedError(f"it cannot {what}: it may take {self._seconds:g} s in all (seconds)")

    def _memory(self) -> int:
        """Bytes that are the process's alone or were when it was forked; 0 where it has ended."""
        try:
            memory = psutil.Process(self._process.pid).memory_info()
        except psutil.NoSuchProcess:
            return 0
        return int(memory.rss - memory.shared)


def _death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"was ended by {signal.Signals(-exit_code).name}"
    return f"exited with code {exit_code}"
