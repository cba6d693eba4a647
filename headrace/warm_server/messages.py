"""What goes over a warm server's socket: pickled messages behind their length, files with the first byte."""

import os
import pickle
import signal
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# What ends a process, unless it was started to ignore that: by nohup, or in the background of a script.
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_LENGTH = struct.Struct("<Q")
_MOST_FILES = 16


@dataclass(frozen=True)
class Start:
    """Asks for a process; the files that come with it are its stdin, stdout and stderr, and what `work` takes.

    Attributes:
        name: what it is called in the server's status.
        work: a pickled function and its arguments, for the new process alone to load.
        folder: its working folder.
        environment: its environment variables.
        path: its `sys.path`.
        umask: of the files it makes.
        cores: it may use.
        nice: its niceness.
        limits: its resource limits, soft and hard, by the numbers of `resource.RLIMIT_*`.
        ignored: the signals that it ignores, as the one who asked does.
        hangup: the signal that it gets when the one who asked is gone.
    """

    name: str
    work: bytes
    folder: str
    environment: Mapping[str, str]
    path: Sequence[str]
    umask: int
    cores: frozenset[int]
    nice: int
    limits: Mapping[int, tuple[int, int]]
    ignored: frozenset[int]
    hangup: int


@dataclass(frozen=True)
class Started:
    """Answers Start."""

    pid: int


@dataclass(frozen=True)
class Kill:
    """Sends a signal to the process that this connection asked for, and to its group."""

    signal: int


@dataclass(frozen=True)
class Ended:
    """Tells that the process has ended: its exit code, or a signal's number below zero."""

    exit_code: int


@dataclass(frozen=True)
class AskStatus:
    """Asks for a Status."""


@dataclass(frozen=True)
class Stop:
    """Asks the server to end, if no process of it lives; answered by Status."""


@dataclass(frozen=True)
class Status:
    """How a server is.

    Attributes:
        pid: its process.
        seconds: since it started.
        memory_bytes: it holds, shared with its processes as long as they do not write there.
        processes: the names of those that live, by their process ids.
        idle_seconds: after which it ends by itself.
    """

    pid: int
    seconds: float
    memory_bytes: int
    processes: Mapping[int, str]
    idle_seconds: float

    @property
    def at_work(self) -> str:
        """The processes that live, in words."""
        return ", ".join(f"{name} ({pid})" for pid, name in self.processes.items())


Message = Start | Started | Kill | Ended | AskStatus | Stop | Status


def send(connection: socket.socket, message: Message, files: Sequence[int] = ()) -> None:
    """Sends a message, and with it what other processes shall have of this one's open files."""
    content = pickle.dumps(message)
    socket.send_fds(connection, [_LENGTH.pack(len(content))], files)
    connection.sendall(content)


def receive(connection: socket.socket) -> tuple[Message, list[int]]:
    """The next message, and the files that came with it.

    Raises:
        EOFError: the other end is closed.
    """
    header, files, _, _ = socket.recv_fds(connection, _LENGTH.size, _MOST_FILES)
    for file in files:
        os.set_inheritable(file, False)
    header += _exactly(connection, _LENGTH.size - len(header))
    message: Message = pickle.loads(_exactly(connection, _LENGTH.unpack(header)[0]))
    return message, files


def _exactly(connection: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        if not (piece := connection.recv(size - len(content))):
            raise EOFError
        content += piece
    return bytes(content)
