import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.warm_server.client import WarmServer, statuses, stop
from tests.headrace.cli.conftest import Command
from tests.headrace.warm_server import asked


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An environment of the test's own, in which there is no server yet."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    yield
    stop()


def test_where_there_is_none_both_commands_say_so(headrace: Command) -> None:
    assert headrace("server", "status") == (0, "no warm server; the next headrace run starts one\n", "")
    assert headrace("server", "status", "--json") == (0, "[]\n", "")
    assert headrace("server", "stop") == (0, "no warm server\n", "")


def test_an_idle_server_is_shown_and_stopped(headrace: Command) -> None:
    WarmServer.shared([]).start("once", asked.end, "").wait()
    [server] = statuses()
    code, out, _ = headrace("server", "status")
    assert code == 0
    assert out.startswith(f"process {server.pid}: idle; up 0 min, ")
    assert out.endswith("ends after 10 idle minutes\n")
    [as_json] = json.loads(headrace("server", "status", "--json")[1])
    assert (as_json["pid"], as_json["processes"]) == (server.pid, {})
    assert headrace("server", "stop") == (0, f"stopped process {server.pid}\n", "")
    assert statuses() == []


def test_a_server_at_work_says_what_it_does_and_is_not_stopped(headrace: Command, tmp_path: Path) -> None:
    process = WarmServer.shared([]).start("run taxi", asked.wait_for_a_signal, str(tmp_path / "sign"))
    assert f"at work: run taxi ({process.pid})" in headrace("server", "status")[1]
    code, _, err = headrace("server", "stop")
    assert code == 2
    assert err.startswith("error: a warm server is in use, and goes on\n")
    assert f"run taxi ({process.pid})" in err
    process.kill()
    process.wait()
