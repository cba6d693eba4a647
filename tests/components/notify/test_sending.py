"""What comes of a message, by what the other side does."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, count, repeat

import pytest

from components.notify.sending import Delivery, send
from tests.components.notify.conftest import SECRET, SILENCE, Webhook


@pytest.mark.parametrize(
    ("states", "attempts", "problem"),
    [
        ([200], 1, ""),
        ([204], 1, ""),
        ([429, 500, 200], 3, ""),
        ([503], 3, "127.0.0.1 answered 503 Service Unavailable"),
        ([404], 1, "127.0.0.1 answered 404 Not Found"),
        ([302], 1, "127.0.0.1 answered 302 Found"),
    ],
    ids=["taken", "taken without a word", "taken at last", "down", "gone", "elsewhere"],
)
def test_what_may_pass_is_tried_again_and_what_may_not_is_not(
    webhook: Webhook, states: list[int], attempts: int, problem: str
) -> None:
    webhook.states = states
    assert send(webhook.url, {"text": "x"}, attempts=3, seconds=5) == Delivery(attempts, problem)
    assert webhook.received == [{"text": "x"}] * attempts


def test_a_webhook_that_never_answers_is_given_up(webhook: Webhook) -> None:
    webhook.states = [SILENCE]
    delivery = send(webhook.url, {"text": "x"}, attempts=1, seconds=0.1)
    problem = "127.0.0.1 was sent the message and did not answer: no answer within 0.1 s"
    assert delivery == Delivery(1, problem, uncertain=True)
    assert webhook.received == [{"text": "x"}]


@pytest.fixture
def saying() -> Iterator[Callable[[Iterable[bytes]], str]]:
    """A server that reads a request and says these parts, slowly, whatever HTTP has to say to that; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        over = threading.Event()

        def serve(parts: Iterable[bytes]) -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):  # who asked may have gone
                while b'"x"}' not in connection.recv(65536):
                    pass
                for part in parts:
                    connection.sendall(part)
                    if over.wait(0.02):
                        return

        def say(parts: Iterable[bytes]) -> str:
            pool.submit(serve, parts)
            return f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}"

        yield say
        over.set()


OK = b"HTTP/1.1 200 OK\r\n"


def test_an_attempt_ends_though_the_webhook_sends_a_drop_at_a_time(
    saying: Callable[[Iterable[bytes]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = saying(chain([OK], (f"X-{number}: y\r\n".encode() for number in count())))
    delivery = send(address, {"text": "x"}, attempts=1, seconds=0.2)
    assert delivery.uncertain
    assert delivery.problem == "127.0.0.1 was sent the message and did not answer: no answer within 0.2 s"


@pytest.mark.parametrize(
    "parts",
    [
        [OK, b"Content-Length: 10\r\n\r\n", b"half"],
        [OK, b"Transfer-Encoding: chunked\r\n\r\n", b"no number\r\n"],
        [OK, b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n", b"junk"],
        chain([OK, b"\r\n"], repeat(b"x" * 1000)),
    ],
    ids=["cut off", "not in chunks", "not compressed", "without end"],
)
def test_a_message_that_was_taken_is_delivered_whatever_the_body_of_the_answer_is(
    saying: Callable[[Iterable[bytes]], str], monkeypatch: pytest.MonkeyPatch, parts: Iterable[bytes]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert send(saying(parts), {"text": "x"}, attempts=1, seconds=5) == Delivery(1)


@pytest.mark.parametrize("parts", [[], [b"no HTTP\r\n\r\n"]], ids=["nothing", "nonsense"])
def test_a_message_that_was_sent_and_not_answered_may_have_been_taken(
    saying: Callable[[Iterable[bytes]], str], monkeypatch: pytest.MonkeyPatch, parts: Iterable[bytes]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    delivery = send(saying(parts), {"text": "x"}, attempts=1, seconds=5)
    assert delivery.uncertain
    assert delivery.problem.startswith("127.0.0.1 was sent the message and did not answer: ")
    assert SECRET not in delivery.problem


def test_a_pause_that_is_no_time_is_passed_over(
    saying: Callable[[Iterable[bytes]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n"
    address = saying([busy])
    saying([OK, b"\r\n"])
    assert send(address, {"text": "x"}, attempts=2, seconds=5) == Delivery(2)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (f"http://127.0.0.1:1/{SECRET}", "127.0.0.1 cannot be reached: [Errno 111] Connection refused"),
        (f"hooks.example.com/{SECRET}", "its address is not an http or https URL"),
        (f"http://[::1/{SECRET}", "its address is not an http or https URL"),
        (f"http://no host/{SECRET}", "its host 'no host', or the port, is malformed"),
        (f"http://a..b/{SECRET}", "its host 'a..b', or the port, is malformed"),
        (f"http://.example.com/{SECRET}", "its host '.example.com', or the port, is malformed"),
        (f"http://{'a' * 80}.com/{SECRET}", f"its host '{'a' * 80}.com', or the port, is malformed"),
        (f"http://127.0.0.1:port/{SECRET}", "its host '127.0.0.1', or the port, is malformed"),
    ],
    ids=["nobody listens", "no scheme", "no address", "a space", "two dots", "a dot first", "too long", "no port"],
)
def test_an_address_that_leads_nowhere_is_a_problem_that_does_not_name_its_path(address: str, problem: str) -> None:
    delivery = send(address, {"text": "x"}, attempts=1, seconds=5)
    assert delivery.problem == problem
    assert not delivery.uncertain
    assert SECRET not in delivery.problem
