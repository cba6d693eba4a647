"""A webhook that answers as it is told to, on a port of its own."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.headrace.orchestration.runs.conftest import run_pipeline, settings  # noqa: F401

SECRET = "T0SECRET"
SILENCE = 0  # a state: it does not answer, until the test has ended


@dataclass
class Webhook:
    """What it was sent, and what it answers: these states in turn, the last one from then on."""

    url: str = ""
    states: list[int] = field(default_factory=lambda: [200])
    received: list[dict[str, Any]] = field(default_factory=list)
    given_up: threading.Event = field(default_factory=threading.Event)

    def next_state(self) -> int:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """Served by a thread; its address is in HEADRACE_WEBHOOK."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            hook.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            state = hook.next_state()
            if state == SILENCE:
                hook.given_up.wait()
                return
            self.send_response(state)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing, for a test's output is for its failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.url = f"http://127.0.0.1:{server.server_port}/services/{SECRET}"
        monkeypatch.setenv("HEADRACE_WEBHOOK", hook.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield hook
        hook.given_up.set()
        server.shutdown()
        thread.join()
