"""Where output goes: the console belongs to progress and errors, all else to log files."""

import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from headrace.errors import HeadraceError

STDOUT, STDERR = 1, 2


_lock = threading.RLock()


def _unlock() -> None:
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_unlock)


@contextmanager
def alone_in_this_process() -> Iterator[None]:
    """Has other threads wait that print elsewhere, or run a pipeline: a process has one standard output."""
    with _lock:
        yield


@contextmanager
def printing_to(path: Path, descriptors: Sequence[int] = (STDOUT, STDERR)) -> Iterator[None]:
    """Sends what this process and its new children print to the end of `path`, C++ included."""
    with alone_in_this_process():
        yield from _printing_to(path, descriptors)


def _printing_to(path: Path, descriptors: Sequence[int]) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(descriptor) for descriptor in descriptors]
    with open(path, "ab", buffering=0) as file:
        for descriptor in descriptors:
            os.dup2(file.fileno(), descriptor)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, copy in zip(descriptors, saved, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


@contextmanager
def stdout_to(descriptor: int) -> Iterator[int]:
    """Sends standard output elsewhere; yields a descriptor of where it went until now."""
    sys.stdout.flush()
    saved = os.dup(STDOUT)
    os.dup2(descriptor, STDOUT)
    try:
        yield saved
    finally:
        sys.stdout.flush()
        os.dup2(saved, STDOUT)
        os.close(saved)


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Sends what is logged in this process to a file, and none of it to the console."""
    path.parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    file = logging.FileHandler(path)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers = [file]
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        file.close()


@contextmanager
def quietly() -> Iterator[None]:
    """Hides what is printed, native code's included; shows it after all on an error that does not explain itself."""
    with tempfile.NamedTemporaryFile(prefix="headrace-") as noise, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with printing_to(Path(noise.name)):
                yield
        except HeadraceError:
            raise
        except BaseException:
            sys.stderr.write(Path(noise.name).read_text(errors="replace"))
            raise
