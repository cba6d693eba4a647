import os
import signal
import time
from collections.abc import Callable

import pytest

from headrace.warm_server.client import WarmProcess, WarmServer
from tests.headrace.signals import ctrl_c_interrupts
from tests.headrace.warm_server import asked


@pytest.fixture(scope="module")
def server() -> WarmServer:
    return WarmServer.private([])


def started(server: WarmServer, function: Callable[..., object], *arguments: object) -> tuple[WarmProcess, int]:
    """A process, and what can be read of what it writes."""
    read, write = os.pipe()
    process = server.start("forks", function, *arguments, files=(0, 1, 2, write))
    os.close(write)
    return process, read


def rest(read: int) -> str:
    with open(read) as file:
        return file.read()


@pytest.mark.parametrize("code", [0, 3])
def test_what_a_program_forked_goes_on_after_it_and_how_it_ends_counts(server: WarmServer, code: int) -> None:
    process, read = started(server, asked.fork_and_leave_first, code)
    assert sorted(rest(read).split()) == ["child", "parent", "waits"]
    assert process.wait() == code


def test_a_signal_reaches_what_is_waited_for(server: WarmServer) -> None:
    with ctrl_c_interrupts():
        process, read = started(server, asked.fork_and_leave_first, 130)
    words: set[str] = set()
    while words != {"parent", "waits"}:
        words |= set(os.read(read, 100).decode().split())
    time.sleep(0.5)  # the parent has nothing else to do than to end
    process.kill(signal.SIGINT)
    assert rest(read) == "interrupted"
    assert process.wait() == 130


def test_what_a_program_started_by_another_program_ends_with_it_and_counts_for_nothing(server: WarmServer) -> None:
    process, read = started(server, asked.start_and_leave)
    assert process.wait() == 0
    assert rest(read) == "left"
