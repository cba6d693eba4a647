"""Where output goes: the console belongs to progress and errors, all else to log files."""

import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from headrace.errors import HeadraceError

STDIN, STDOUT, STDERR = 0, 1, 2

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


def flush_streams() -> None:
    """Flushes standard output and error; a program may have closed them, or put None in their places."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()


@contextmanager
def usable_streams() -> Iterator[None]:
    """Puts streams in place of those that a program closed, or took away: what Headrace says is not the program's."""
    saved = sys.stdout, sys.stderr
    with ExitStack() as end:
        for descriptor in (STDIN, STDOUT, STDERR):
            if _takes_its_place(descriptor):
                end.callback(os.close, descriptor)
        if not _is_usable(sys.stdout):
            sys.stdout = end.enter_context(_stream_of(STDOUT))
        if not _is_usable(sys.stderr):
            sys.stderr = end.enter_context(_stream_of(STDERR))
        try:
            yield
        finally:
            sys.stdout, sys.stderr = saved


def _is_usable(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed


def _takes_its_place(descriptor: int) -> bool:
    """Opens nothing in place of a descriptor that the program closed: the next file to be opened would become it."""
    try:
        os.fstat(descriptor)
    except OSError:
        nothing = os.open(os.devnull, os.O_RDWR)
        if nothing != descriptor:
            os.dup2(nothing, descriptor)
            os.close(nothing)
        return True
    return False


def _stream_of(descriptor: int) -> TextIO:
    """A stream to a descriptor that stays open."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


@contextmanager
def printing_to(path: Path, descriptors: Sequence[int] = (STDOUT, STDERR)) -> Iterator[None]:
    """Sends what this process and its new children print to the end of `path`, C++ included."""
    with alone_in_this_process():
        yield from _printing_to(path, descriptors)


def _printing_to(path: Path, descriptors: Sequence[int]) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    flush_streams()
    saved = [os.dup(descriptor) for descriptor in descriptors]
    with open(path, "ab", buffering=0) as file:
        for descriptor in descriptors:
            os.dup2(file.fileno(), descriptor)
    try:
        yield
    finally:
        flush_streams()  # the disk that the file is on may be full
        for descriptor, copy in zip(descriptors, saved, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


@contextmanager
def notes_to_stderr() -> Iterator[Callable[[str], None]]:
    """Yields what writes a note to standard error as it is now, wherever that goes later on."""
    saved = os.dup(STDERR)

    def note(text: str) -> None:
        logging.warning(text)
        with suppress(OSError):  # nobody may listen any more
            os.write(saved, f"note: {text}\n".encode(errors="backslashreplace"))

    try:
        yield note
    finally:
        os.close(saved)


@contextmanager
def stdout_to(descriptor: int) -> Iterator[int]:
    """Sends standard output elsewhere; yields a descriptor of where it went until now."""
    flush_streams()
    saved = os.dup(STDOUT)
    os.dup2(descriptor, STDOUT)
    try:
        yield saved
    finally:
        flush_streams()
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
            with suppress(AttributeError, ValueError):  # the program took its standard error away, or closed it
                sys.stderr.write(Path(noise.name).read_text(errors="replace"))
            raise
