"""Asks a warm server for processes; starts the server where there is none."""

import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from platformdirs import user_log_path

from headrace.errors import HeadraceError, UserError, typed
from headrace.warm_server import address
from headrace.warm_server.messages import ENDING, AskStatus, Ended, Kill, Start, Started, Status, Stop, receive, send

IDLE_SECONDS = 600.0  # after which a shared server ends by itself
_BACKLOG = 64
_PATIENCE_SECONDS = 30.0  # with a server that is to answer a question: it may be importing
origin: tuple[str, str] | None = None  # the address of the server that forked this process, and its environment


class _ForeignError(OSError):
    """Another user listens at an address."""


class WarmProcess:
    """A process that a warm server forked. It does not outlive this object's connection: nor, then, this process."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        """Takes a connection on which it was started."""
        self.pid = pid
        self._connection = connection
        self._exit_code: int | None = None

    def fileno(self) -> int:
        """A descriptor that can be read when the process has ended."""
        return self._connection.fileno()

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Its exit code, or a signal's number below zero; None if it still lives after the time-out."""
        if self._exit_code is None and select.select([self], [], [], timeout_seconds)[0]:
            try:
                message, _ = receive(self._connection)
                self._exit_code = message.exit_code if isinstance(message, Ended) else None
            except (EOFError, OSError):  # the server died, and its processes with it
                self._exit_code = -signal.SIGKILL
        return self._exit_code

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends it a signal; SIGKILL goes to what it started itself as well."""
        with suppress(OSError):
            send(self._connection, Kill(number))

    def close(self) -> None:
        """Ends the process, if it still lives, and forgets it."""
        self._connection.close()


class WarmServer:
    """Starts processes that have imported certain modules already."""

    def __init__(self, name: str, preload: Sequence[str], lifeline: int | None = None) -> None:
        """Takes what `shared`, `private` and `of_this_process` know."""
        self._name = self._first_name = name
        self._passed_over = 0
        self._preload = preload
        self._lifeline = lifeline
        self.is_new = False  # this object had to start it, and it may be importing still

    @classmethod
    def shared(cls, preload: Sequence[str]) -> Self:
        """The one server of this user for this environment and its code, which outlives this process."""
        return cls(address.address(preload), preload)

    @classmethod
    def private(cls, preload: Sequence[str]) -> Self:
        """A server that ends when this process does."""
        lifeline, _ = os.pipe()  # the other end is closed when this process ends, and only then
        return cls(address.private_address(), preload, lifeline)

    @classmethod
    def of_this_process(cls) -> Self | None:
        """The server that forked this process; None if none did, or if it would not do for the environment as it is.

        A definition may have set a variable that libraries read while they are imported.
        """
        return cls(origin[0], ()) if origin and origin[1] == address.environment() else None

    @property
    def is_shared(self) -> bool:
        """Whether it outlives this process, for others to use."""
        return self._lifeline is None

    def begin(self) -> None:
        """Starts the server, if it is not there yet, and does not wait until it has imported everything."""
        with suppress(OSError):
            self._connect().close()

    def start(
        self,
        name: str,
        function: Callable[..., object],
        *arguments: object,
        files: Sequence[int] = (0, 1, 2),
        hangup: int = signal.SIGKILL,
    ) -> WarmProcess:
        """Starts a process that calls a function; waits until the server has imported everything.

        Args:
            name: what the process is called in the server's status.
            function: found by its name in the new process, as pickle does it.
            *arguments: of the function, pickled; the files after the third come before them, as descriptors.
            files: descriptors of this process that become stdin, stdout, stderr, and whatever else, of the new one.
            hangup: the signal that the process gets when this one is gone.

        Raises:
            HeadraceError: the server cannot be started.
        """
        message = start_message(name, function, arguments, hangup)
        while pid := address.stopped_listener(self._name):  # it would keep the files, and not answer
            what = f"the warm server, process {pid}, is stopped, and another is used"
            print(f"note: {what}; to end it: kill -9 {pid}", file=sys.stderr)
            self._pass_over()
        for _ in range(2):  # a server that was about to end answers no more
            with suppress(EOFError, OSError):
                return started(self._connect(), message, files)
        raise HeadraceError(
            "the warm server does not start", where=str(server_log()), next_step=typed("less", server_log())
        )

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return connected(self._name)
            except _ForeignError:
                self._pass_over()
                continue
            except ConnectionRefusedError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError
            self._launch()

    def _pass_over(self) -> None:
        """From now on asks at the next address: what listens at this one serves nobody here."""
        self._passed_over += 1
        self._name = f"{self._first_name}-{self._passed_over}"

    def _launch(self) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(address.kernel_name(self._name))
            except OSError:  # somebody else launches it just now
                time.sleep(0.01)
                return
            listener.listen(_BACKLOG)
            if self._lifeline is None:
                _stop_outdated(self._name)
            lifelines = [] if self._lifeline is None else [self._lifeline]
            files = [listener.fileno(), *lifelines]
            words = [str(listener.fileno()), str((lifelines or [-1])[0]), str(IDLE_SECONDS), *self._preload]
            with server_log().open("ab") as log:
                subprocess.run(
                    [sys.executable, "-P", "-m", "headrace.warm_server.serving", *words],
                    env=address.variables(), pass_fds=files, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    cwd="/", check=False,
                )  # fmt: skip
        self.is_new = True


def start_message(
    name: str, function: Callable[..., object], arguments: Sequence[object], hangup: int = signal.SIGKILL
) -> Start:
    """Asks for a process that is like this one in all but its memory."""
    return Start(
        name=name,
        work=pickle.dumps((function, tuple(arguments))),
        folder=os.getcwd(),
        environment=address.variables(),
        path=list(sys.path),
        umask=_umask(),
        cores=frozenset(os.sched_getaffinity(0)),
        nice=os.nice(0),
        limits=address.limits(),
        ignored=frozenset(one for one in ENDING if signal.getsignal(one) is signal.SIG_IGN),
        hangup=hangup,
    )


def started(connection: socket.socket, message: Start, files: Sequence[int]) -> WarmProcess:
    """Asks the server at the other end of a connection for a process; closes the connection on an error.

    Raises:
        EOFError: the server ended.
        OSError: it cannot be reached.
    """
    with ExitStack() as on_failure:
        on_failure.enter_context(connection)
        send(connection, message, files)
        answer, _files = receive(connection)
        assert isinstance(answer, Started)
        on_failure.pop_all()
        return WarmProcess(connection, answer.pid)


def statuses() -> list[Status]:
    """How each server of this user and installation is, whatever variables it was started with."""
    found = (_ask(name, AskStatus()) for name in address.addresses(address.installation()))
    return [status for status in found if status is not None]


def stop() -> list[Status]:
    """Stops the servers of this user and installation, and tells how they were.

    Raises:
        UserError: some have processes that live, and go on; the others are stopped.
    """
    names = address.addresses(address.installation())
    found = [status for name in names if (status := _ask(name, Stop()))]
    if busy := [status for status in found if status.processes]:
        raise UserError(
            "a warm server is in use, and goes on",
            where=f"process {busy[0].pid}",
            why=f"of it live: {busy[0].at_work}",
            next_step="headrace runs list",
        )
    return found


def _ask(name: str, question: AskStatus | Stop, patience_seconds: float = _PATIENCE_SECONDS) -> Status | None:
    if address.stopped_listener(name):
        return None
    with suppress(EOFError, OSError), connected(name) as connection:
        connection.settimeout(patience_seconds)
        send(connection, question)
        answer, _ = receive(connection)
        return answer if isinstance(answer, Status) else None
    return None


def _stop_outdated(name: str) -> None:
    for other in set(address.addresses(address.environment())) - {name}:
        _ask(other, Stop(), patience_seconds=0.5)


def connected(name: str) -> socket.socket:
    """A connection to the server at an address.

    Raises:
        OSError: nobody listens there, or another user does.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(address.kernel_name(name))
        if not address.is_mine(connection):
            raise _ForeignError
    except BaseException:
        connection.close()
        raise
    return connection


def signal_name(number: int) -> str:
    """SIGKILL for 9; a real-time signal has no name of its own."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def server_log() -> Path:
    """Where servers print what goes wrong in them."""
    try:
        return Path(user_log_path("headrace", ensure_exists=True)) / "server.log"
    except OSError:  # a user without a home
        return Path(tempfile.mkdtemp(prefix="headrace-")) / "server.log"


def _umask() -> int:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Umask:")]
    return int(line.split()[1], 8)  # os.umask tells it only by changing it, for all threads
