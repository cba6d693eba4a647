"""The server itself: imports libraries, then forks a process whenever one is asked for.

It holds libraries only, never a user's modules, so that an edit is always seen. It has one thread and
runs nothing itself: only so is a fork of a process that has imported TensorFlow sound.
"""

import fcntl
import functools
import gc
import importlib
import linecache
import logging
import math
import os
import resource
import select
import selectors
import signal
import socket
import sys
import time
import typing
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from headrace.warm_server.address import is_mine
from headrace.warm_server.child import live
from headrace.warm_server.messages import AskStatus, Ended, Kill, Start, Started, Status, Stop, receive, send

# The life of a forked process: what it was asked for, the files that came with that; its exit code.
Live = Callable[[Start, Sequence[int]], int]
_PATIENCE_SECONDS = 10.0  # with one who connects and then says nothing


@dataclass(frozen=True)
class _Process:
    pid: int
    start: Start
    connection: socket.socket
    watch: int  # a descriptor that can be read when the process has ended


class Server:
    """Serves at a socket, until it was idle for long or was asked to stop."""

    def __init__(self, listener: socket.socket, live: Live, idle_seconds: float = math.inf) -> None:
        """Takes a socket that listens already, what forked processes do, and after how long without one it ends."""
        self._listener = listener
        self._live = live
        self._idle_seconds = idle_seconds
        self._started = self._used = time.monotonic()
        self._processes: dict[int, _Process] = {}  # by the descriptors of their connections and watches
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._stopped = False

    def serve(self) -> None:
        """Serves to its end."""
        while not self._stopped:
            left = self._used + self._idle_seconds - time.monotonic()
            waits = bool(self._processes) or math.isinf(left)
            ready = self._selector.select(None if waits else max(left, 0))
            if not ready and left <= 0:
                return
            for key, _ in ready:
                if key.fd in self._selector.get_map():  # not gone by what was done just before
                    key.data(key.fd)

    def _accept(self, _: int) -> None:
        connection, _address = self._listener.accept()
        connection.settimeout(_PATIENCE_SECONDS)
        with suppress(EOFError, OSError):
            if is_mine(connection):
                message, files = receive(connection)
                match message:
                    case Start() if not _is_gone(connection):
                        self._fork(message, files, connection)
                        return
                    case AskStatus():
                        send(connection, self._status())
                    case Stop():
                        self._stopped = not self._processes
                        send(connection, self._status())
                for file in files:
                    os.close(file)
        connection.close()

    def _fork(self, start: Start, files: Sequence[int], connection: socket.socket) -> None:
        pid = os.fork()
        if pid == 0:
            self._leave()
            connection.close()
            os._exit(self._live(start, files))
        for file in files:
            os.close(file)
        watch = os.pidfd_open(pid)
        process = _Process(pid, start, connection, watch)
        self._processes |= {connection.fileno(): process, watch: process}
        self._selector.register(connection, selectors.EVENT_READ, self._hear)
        self._selector.register(watch, selectors.EVENT_READ, self._bury)
        with suppress(OSError):
            send(connection, Started(pid))

    def _leave(self) -> None:
        """In a new process: closes all that is the server's, so that nobody waits for this process to close it."""
        self._listener.close()
        self._selector.close()
        for process in self._processes.values():
            process.connection.close()
        for watch in {process.watch for process in self._processes.values()}:
            os.close(watch)

    def _hear(self, descriptor: int) -> None:
        process = self._processes[descriptor]
        try:
            message, _ = receive(process.connection)
            number = message.signal if isinstance(message, Kill) else process.start.hangup
        except (EOFError, OSError):  # the one who asked is gone
            number = process.start.hangup
            self._selector.unregister(process.connection)
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
            if number == signal.SIGKILL:
                os.killpg(process.pid, number)

    def _bury(self, descriptor: int) -> None:
        process = self._processes[descriptor]
        with suppress(ProcessLookupError, PermissionError):  # what it started itself ends with it
            os.killpg(process.pid, signal.SIGKILL)
        _, status = os.waitpid(process.pid, 0)
        with suppress(OSError):
            send(process.connection, Ended(os.waitstatus_to_exitcode(status)))
        self._selector.unregister(descriptor)
        if process.connection.fileno() in self._selector.get_map():
            self._selector.unregister(process.connection)
        for key in (descriptor, process.connection.fileno()):
            del self._processes[key]
        os.close(descriptor)
        process.connection.close()
        self._used = time.monotonic()

    def _status(self) -> Status:
        names = {process.pid: process.start.name for process in self._processes.values()}
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        seconds = time.monotonic() - self._started
        return Status(os.getpid(), seconds, memory, names, self._idle_seconds)


def _is_gone(connection: socket.socket) -> bool:
    ready, _, _ = select.select([connection], [], [], 0)
    return bool(ready) and not connection.recv(1, socket.MSG_PEEK)


def _detach(lifeline: int) -> None:
    """Becomes a process that nobody waits for; ends at once when the other end of the lifeline is closed."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if lifeline >= 0:
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)  # SIGIO then, and that ends it, importing or not
        if select.select([lifeline], [], [], 0)[0]:
            os._exit(0)


def import_modules(modules: Sequence[str]) -> None:
    """Imports modules, in less time than Python takes by itself, and forgets what only their import needs."""
    gc.disable()  # what is imported stays: to look for garbage meanwhile takes a quarter of the time
    # TensorFlow names the same few hundred types 19,000 times, and typing compiles each name.
    vars(typing)["compile"] = functools.cache(compile)
    for module in modules:
        importlib.import_module(module)
    del vars(typing)["compile"]
    importlib.invalidate_caches()  # once, that no process finds folders and files as they were now
    linecache.clearcache()
    gc.freeze()  # a collection in a forked process then leaves the pages alone that it shares
    gc.enable()


def main() -> NoReturn:
    """Takes from the command line: the descriptors of listener and lifeline (or -1), seconds, and modules to import."""
    listener, lifeline, idle_seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    _detach(lifeline)
    socket_ = socket.socket(fileno=listener)
    name = socket_.getsockname()[1:].decode()
    server = Server(socket_, lambda start, files: live(start, files, name), idle_seconds)
    logging.basicConfig(level=logging.WARNING)
    import_modules(sys.argv[4:])
    server.serve()
    os._exit(0)


if __name__ == "__main__":
    main()
