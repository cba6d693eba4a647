"""Sends a message to a webhook, and tries again where that may help; never raises for what the other side does."""

import io
import json
import logging
import queue
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from headrace.errors import first_cause

RETRIED = (429, 500, 502, 503, 504)  # answers that may be others a moment later
_SCHEMES = ("http", "https")
LONGEST_PAUSE_SECONDS = 30


@dataclass(frozen=True)
class Delivery:
    """How the delivery of a message ended."""

    attempts: int
    problem: str = ""  # why it was not taken; without the address, whose path is a secret
    uncertain: bool = False  # it was sent in full and never answered: it may have been taken


@dataclass(frozen=True)
class _Attempt:
    """How one attempt ended; without an answer, `problem` says why."""

    answer: BaseHTTPResponse | None = None
    problem: str = ""
    sent: bool = False  # the whole message was given to a connection
    again: bool = True  # another attempt may end otherwise


class _Message(io.BytesIO):
    """A message that knows whether it was sent: a body is read when its connection stands."""

    sent = False

    def read(self, size: int | None = -1, /) -> bytes:
        """The next part."""
        part = super().read(size)
        self.sent = self.tell() == len(self.getbuffer())
        return part


def send(url: str, payload: dict[str, Any], attempts: int, seconds: float) -> Delivery:
    """Posts a message as JSON.

    Args:
        url: of the webhook.
        payload: the message.
        attempts: at the most; with longer and longer pauses, or those that the other side asks for.
        seconds: after which an attempt ends, whatever the other side has sent by then.
    """
    host = _host(url)
    if host is None:
        return Delivery(0, "its address is not an http or https URL")
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # it logs the path of the address
    retry = Retry(
        attempts - 1,
        status_forcelist=RETRIED,
        allowed_methods=None,
        backoff_factor=0.5,
        backoff_max=LONGEST_PAUSE_SECONDS,
        retry_after_max=LONGEST_PAUSE_SECONDS,
    )
    body = json.dumps(payload).encode()
    uncertain = False
    for number in range(1, attempts + 1):
        attempt = _attempted(url, body, host, seconds)
        uncertain |= attempt.sent and attempt.answer is None
        if attempt.answer is not None and 200 <= attempt.answer.status < 300:
            return Delivery(number)
        try:
            retry = retry.increment("POST", response=attempt.answer)
        except MaxRetryError:
            break
        if not attempt.again:
            break
        _pause(retry, attempt.answer)
    return Delivery(number, attempt.problem, uncertain)


def _attempted(url: str, body: bytes, host: str, seconds: float) -> _Attempt:
    """One attempt, in a thread that is left behind when its time is up: nothing else ends what is sent drop by drop."""
    message = _Message(body)
    done: queue.SimpleQueue[_Attempt] = queue.SimpleQueue()
    threading.Thread(target=lambda: done.put(_posted(url, message, host, seconds)), daemon=True).start()
    try:
        return done.get(timeout=seconds)
    except queue.Empty:
        return _unanswered(host, message, f"no answer within {seconds:g} s")


def _posted(url: str, message: _Message, host: str, seconds: float) -> _Attempt:
    headers = {"Content-Type": "application/json"}
    try:
        with (
            requests.Session() as session,
            session.post(
                url, data=message, headers=headers, timeout=seconds, allow_redirects=False, stream=True
            ) as answer,
        ):  # its body says nothing that is wanted, and may be without end
            return _Attempt(
                answer.raw,
                f"{host} answered {answer.status_code} {answer.reason}".rstrip(),
                sent=True,
                again=answer.status_code in RETRIED,
            )
    except ValueError:  # of any library on the way, each has errors of its own for what is no host or no port
        return _Attempt(problem=f"its host {host!r}, or the port, is malformed", again=False)
    except (OSError, HTTPError) as error:
        return _unanswered(host, message, _reason(error))


def _unanswered(host: str, message: _Message, reason: str) -> _Attempt:
    if message.sent:
        return _Attempt(problem=f"{host} was sent the message and did not answer: {reason}", sent=True)
    return _Attempt(problem=f"{host} cannot be reached: {reason}")


def _pause(retry: Retry, answer: BaseHTTPResponse | None) -> None:
    try:
        retry.sleep(answer)
    except InvalidHeader:  # it asks for a pause, and not in seconds or by a date
        retry.sleep()


def _host(url: str) -> str | None:
    try:
        address = urlsplit(url)
    except ValueError:  # half an IPv6 address, for one
        return None
    return address.hostname if address.scheme in _SCHEMES else None


def _reason(error: BaseException) -> str:
    """The kind of the first cause, and what the system says: other messages may have the address in them."""
    cause = first_cause(error)
    return str(cause) if isinstance(cause, OSError) and cause.errno else type(cause).__name__
