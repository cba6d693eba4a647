"""Executors that end in every way a process can; the processes under test import them by path."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact

from headrace.errors import AnomaliesFoundError

ArtifactMap = dict[str, list[Artifact]]
PATIENCE = 60.0  # seconds, far beyond what any of this takes


class _Executor(BaseExecutor):
    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:  # noqa: N802
        self.work(exec_properties)

    def work(self, properties: dict[str, Any]) -> None:
        raise NotImplementedError


class Raises(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        raise ValueError("no trips")


class RaisesFacts(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        raise AnomaliesFoundError("2 anomalies", where="data", why="tips missing", next_step="headrace show 3")


class RaisesWhatCannotBeSent(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        class OfThisCallError(Exception):
            pass

        raise OfThisCallError("made inside a function")


class AsksToExit(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        sys.exit("enough")


class Segfaults(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        ctypes.string_at(0)


class KillsItself(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class EndsByARealTimeSignal(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        os.kill(os.getpid(), signal.SIGRTMIN + 2)


class ExitsAtOnce(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        os._exit(3)


class Prints(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        print("printed by the user")
        os.write(2, b"printed by native code\n")


class Echoes(_Executor):
    """Says in which process it is, and changes what the server must not see."""

    def work(self, properties: dict[str, Any]) -> None:
        properties["process"] = os.getpid()
        properties["seen_before"] = int(hasattr(sys, "_left_by_an_executor"))
        sys._left_by_an_executor = True  # type: ignore[attr-defined]


class UsesTheMachine(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        memory = bytearray(properties["bytes"])
        memory[::4096] = b"x" * len(memory[::4096])
        while time.process_time() < properties["cpu_seconds"]:
            pass


class Meets(_Executor):
    """Ends only if another process is at work at the same time: each waits for the other's sign."""

    def work(self, properties: dict[str, Any]) -> None:
        folder = Path(properties["folder"])
        (folder / properties["me"]).touch()
        wait_for(folder / properties["other"])


class Waits(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        folder = Path(properties["folder"])
        (folder / properties["me"]).write_text(str(os.getpid()))
        wait_for(folder / "never")


class DiesBeforeItsChild(_Executor):
    """Is killed while a process that it forked, and that has all its open files, lives on."""

    def work(self, properties: dict[str, Any]) -> None:
        folder = Path(properties["folder"])
        if child := os.fork():
            (folder / "child").write_text(str(child))
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(PATIENCE)
        os._exit(0)


class WaitsForItsChild(_Executor):
    """Waits for a process that it forked."""

    def work(self, properties: dict[str, Any]) -> None:
        if child := os.fork():
            (Path(properties["folder"]) / "child").write_text(str(child))
            os.waitpid(child, 0)
        time.sleep(PATIENCE)
        os._exit(0)


class LeavesSign(_Executor):
    def work(self, properties: dict[str, Any]) -> None:
        Path(properties["sign"]).touch()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path.name} was never there")
        time.sleep(0.01)


class TellsThreads(_Executor):
    """Tells what OpenMP may use."""

    def work(self, properties: dict[str, Any]) -> None:
        properties["threads"] = int(os.environ["OMP_NUM_THREADS"])
        properties["passive"] = int(os.environ["OMP_WAIT_POLICY"] == "PASSIVE")
