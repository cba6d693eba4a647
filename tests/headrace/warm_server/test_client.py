import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from headrace.errors import HeadraceError, UserError
from headrace.warm_server import address, client
from headrace.warm_server.client import WarmServer, statuses, stop
from tests.headrace.warm_server import asked

OTHER_USER = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
Told = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> WarmServer:
    return WarmServer.private(["numpy"])


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An environment of the test's own: a shared server is then its alone, and gone after it."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    yield
    stop()


def told(server: WarmServer, function: Callable[..., object], *arguments: object) -> str:
    """What a process writes to a file that it is given."""
    read, write = os.pipe()
    process = server.start("tells", function, *arguments, files=(0, 1, 2, write))
    os.close(write)
    with open(read) as file:
        text = file.read()
    assert process.wait() == 0
    process.close()
    return text


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_process_is_where_the_one_is_who_asked_for_it(
    server: WarmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKED", "for this")
    monkeypatch.syspath_prepend(tmp_path / "mine")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    umask = os.umask(0o027)
    (tmp_path / "in").write_text("a line\n")
    try:
        with open("in") as stdin, open("out", "w") as stdout, open("err", "w") as stderr:
            files = [file.fileno() for file in (stdin, stdout, stderr)]
            assert server.start("asked", asked.tell_where_it_is, files=files).wait() == 0
    finally:
        os.umask(umask)
    assert (tmp_path / "out").read_text() == f"{tmp_path} for this {tmp_path / 'mine'} 0o27 1\n"
    assert (tmp_path / "err").read_text() == "to stderr\n"


def test_a_process_ignores_what_the_one_ignores_who_asked_for_it(server: WarmServer) -> None:
    handled = signal.SIGHUP, signal.SIGINT, signal.SIGQUIT
    for ignored in ([], [signal.SIGHUP], [signal.SIGHUP, signal.SIGINT]):
        before = [signal.signal(one, signal.SIG_IGN if one in ignored else signal.SIG_DFL) for one in handled]
        try:
            assert told(server, asked.tell_what_it_ignores) == " ".join(one.name for one in ignored)
        finally:
            for number, handler in zip(handled, before, strict=True):
                signal.signal(number, handler)


@pytest.mark.parametrize(
    ("how", "exit_code", "err"),
    [("", 0, ""), ("exit", 3, ""), ("words", 1, "enough"), ("raise", 1, "ValueError: no trips"), ("die", -9, "")],
)
def test_how_a_process_ends_is_told(server: WarmServer, tmp_path: Path, how: str, exit_code: int, err: str) -> None:
    with open(tmp_path / "err", "w") as stderr:
        process = server.start("ends", asked.end, how, files=(0, 1, stderr.fileno()))
    assert process.wait() == exit_code
    assert process.wait() == exit_code  # as often as one asks
    assert err in (tmp_path / "err").read_text()


def test_an_edit_of_a_users_module_is_seen(server: WarmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for value in ("before", "after the edit"):
        (tmp_path / "mine.py").write_text(f"VALUE = {value!r}\n")
        assert told(server, asked.import_mine) == value


def test_a_process_ends_as_python_ends_one(server: WarmServer) -> None:
    assert told(server, asked.leave_in_good_order) == "thread handler"


def test_processes_do_not_draw_the_same_random_numbers(server: WarmServer) -> None:
    drawn = f"{told(server, asked.draw)}{told(server, asked.draw)}".split()
    assert len(set(drawn)) == 4


def test_what_made_the_import_quick_is_undone(server: WarmServer) -> None:
    assert told(server, asked.look_for_traces_of_the_import) == "False True ForwardRef('int')"


def test_a_process_can_ask_the_server_that_forked_it_while_the_environment_is_what_it_was(server: WarmServer) -> None:
    child, parent, then = told(server, asked.ask_for_another).split("\n")
    assert child == parent
    assert then == "None"


def test_who_does_not_wait_gets_no_exit_code(server: WarmServer, tmp_path: Path) -> None:
    process = server.start("waits", asked.wait_for_a_signal, str(tmp_path / "sign"))
    assert process.wait(0.01) is None
    process.kill()
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("hangup", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_gets_the_signal_that_was_agreed_on_when_the_one_who_asked_is_gone(
    server: WarmServer, tmp_path: Path, hangup: signal.Signals
) -> None:
    sign = tmp_path / "sign"
    process = server.start("waits", asked.wait_for_a_signal, str(sign), hangup=hangup)
    eventually(lambda: sign.exists() and sign.read_text() == "waits", "it never began")
    process.close()
    eventually(lambda: not lives(process.pid), "it was left behind")
    assert sign.read_text() == ("SIGTERM" if hangup == signal.SIGTERM else "waits")


def test_what_a_process_started_itself_ends_with_it(server: WarmServer, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    process = server.start("forks", asked.start_another_and_wait, str(sign))
    eventually(lambda: sign.exists() and sign.read_text(), "it never began")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    eventually(lambda: not lives(int(sign.read_text())), "its child was left behind")


@pytest.mark.usefixtures("own")
def test_all_who_ask_at_once_have_one_server_and_it_outlives_them() -> None:
    with ThreadPoolExecutor(8) as threads:
        parents = set(threads.map(lambda _: told(WarmServer.shared([]), asked.tell_its_parent), range(8)))
    [status] = statuses()
    assert parents == {f"{status.pid}\n"}
    assert not status.processes


@pytest.mark.usefixtures("own")
def test_a_server_that_was_idle_for_long_is_gone_and_a_new_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "IDLE_SECONDS", 0.1)
    first = told(WarmServer.shared([]), asked.tell_its_parent)
    eventually(lambda: not statuses(), "it did not end")
    assert told(WarmServer.shared([]), asked.tell_its_parent) != first


@pytest.mark.usefixtures("own")
def test_a_server_in_use_is_not_stopped_and_says_what_uses_it(tmp_path: Path) -> None:
    process = WarmServer.shared([]).start("run taxi", asked.wait_for_a_signal, str(tmp_path / "sign"))
    with pytest.raises(UserError, match=rf"run taxi \({process.pid}\)"):
        stop()
    process.kill()
    process.wait()
    assert len(stop()) == 1
    assert statuses() == []


@pytest.mark.usefixtures("own")
def test_a_server_for_other_code_is_stopped_when_it_is_replaced() -> None:
    told(WarmServer.shared(["json"]), asked.tell_its_parent)
    told(WarmServer.shared(["csv"]), asked.tell_its_parent)
    assert len(statuses()) == 1


@pytest.mark.usefixtures("own")
def test_a_server_with_other_variables_is_seen_and_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other:
        other.setenv("TFX_OF_A_TEST", "1")  # as `tfx run create` sets some
        told(WarmServer.shared([]), asked.tell_its_parent)
    told(WarmServer.shared([]), asked.tell_its_parent)  # and replaces no server but its own
    assert len(statuses()) == 2
    assert len(stop()) == 2
    assert statuses() == []


@pytest.mark.usefixtures("own")
def test_a_server_of_one_command_alone_leaves_the_shared_one_as_it_is() -> None:
    shared = told(WarmServer.shared([]), asked.tell_its_parent)
    assert told(WarmServer.private([]), asked.tell_its_parent) != shared
    assert told(WarmServer.shared([]), asked.tell_its_parent) == shared


def test_a_server_that_cannot_import_says_where_its_log_is() -> None:
    with pytest.raises(HeadraceError, match=r"does not start[\s\S]*server.log"):
        WarmServer.private(["no_such_module"]).start("never", asked.end, "")


@as_root
def test_another_user_gets_nothing_from_a_server(server: WarmServer) -> None:
    told(server, asked.tell_its_parent)

    def ask() -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address.kernel_name(server._name))
            return connection.recv(1) == b""

    with as_another_user(ask) as answered:
        assert answered() == 0


@as_root
@pytest.mark.usefixtures("own")
def test_nothing_is_handed_to_another_user_who_listens_in_place_of_the_server() -> None:
    ready, listening = os.pipe()
    name = address.address([])

    def listen() -> bool:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address.kernel_name(name))
            listener.listen()
            os.write(listening, b"!")
            connection, _ = listener.accept()
            return connection.recv(1) == b""

    with as_another_user(listen) as answered:
        os.read(ready, 1)
        assert told(WarmServer.shared([]), asked.tell_its_parent)  # of a server at the next address
        assert answered() == 0


@pytest.mark.usefixtures("own")
def test_a_server_that_somebody_stopped_is_passed_over_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    stopped = int(told(WarmServer.shared([]), asked.tell_its_parent))
    os.kill(stopped, signal.SIGSTOP)
    try:
        assert int(told(WarmServer.shared([]), asked.tell_its_parent)) != stopped
        assert f"process {stopped}, is stopped" in capsys.readouterr().err
        assert [status.pid for status in statuses()] != [stopped]
    finally:
        os.kill(stopped, signal.SIGCONT)


@contextmanager
def as_another_user(function: Callable[[], bool]) -> Iterator[Callable[[], int]]:
    """Calls a function in a process of another user; what is yielded waits for that, and is 0 if it was true."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # where the test has failed, nobody answers
        os.setuid(OTHER_USER)
        os._exit(0 if function() else 1)
    yield lambda: os.waitpid(child, 0)[1]
