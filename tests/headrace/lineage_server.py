"""A server that takes OpenLineage's events over HTTP, as Marquez does: it keeps what it gets, or refuses it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Posted:
    """One request."""

    path: str
    authorization: str | None
    body: str


@dataclass
class LineageServer:
    """What a server got, and the answers it has left to give; when they are used up it takes everything."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)


@contextmanager
def lineage_server(answers: Sequence[tuple[int, str]] = ()) -> Iterator[LineageServer]:
    """Runs a server on a free port; it answers with these statuses and texts first."""
    record = LineageServer(answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            record.posted.append(Posted(self.path, self.headers["Authorization"], body))
            status, text = record.answers.pop(0) if record.answers else (201, "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    record.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield record
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
