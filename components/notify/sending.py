"""Sends a message to a webhook, and tries again where that may help; never raises for what the other side does."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

RETRIED = (429, 500, 502, 503, 504)  # answers that may be others a moment later
_SCHEMES = ("http", "https")
LONGEST_PAUSE_SECONDS = 30


@dataclass(frozen=True)
class Delivery:
    """What came of a message."""

    attempts: int
    problem: str = ""  # why it was not taken; without the address, whose path is a secret


def send(url: str, payload: dict[str, Any], attempts: int, seconds: float) -> Delivery:
    """Posts a message as JSON.

    Args:
        url: of the webhook.
        payload: the message.
        attempts: at the most; with longer and longer pauses, or those that the other side asks for.
        seconds: that connecting, and then answering, may take each time.
    """
    host = _host(url)
    if host is None:
        return Delivery(0, "its address is none of http or https")
    # It logs the path at each new attempt.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    retry = Retry(
        attempts - 1,
        redirect=False,
        status_forcelist=RETRIED,
        allowed_methods=None,
        backoff_factor=0.5,
        backoff_max=LONGEST_PAUSE_SECONDS,
        retry_after_max=LONGEST_PAUSE_SECONDS,
        raise_on_status=False,
    )
    with requests.Session() as session:
        for scheme in _SCHEMES:
            session.mount(f"{scheme}://", HTTPAdapter(max_retries=retry))
        try:
            answer = session.post(url, json=payload, timeout=seconds, allow_redirects=False)
        except requests.RequestException as error:
            return Delivery(attempts, f"{host} cannot be reached: {_reason(error)}")
    tries = len(answer.raw.retries.history) + 1  # type: ignore[union-attr]
    if 200 <= answer.status_code < 300:
        return Delivery(tries)
    return Delivery(tries, f"{host} answered {answer.status_code} {answer.reason}".rstrip())


def _host(url: str) -> str | None:
    try:
        address = urlsplit(url)
    except ValueError:  # half an IPv6 address, for one
        return None
    return address.hostname if address.scheme in _SCHEMES else None


def _reason(error: BaseException) -> str:
    """The kind of the first cause, and what the system says: other messages may have the address in them."""
    cause: BaseException = error
    while (before := cause.__cause__ or cause.__context__) is not None:
        cause = before
    return str(cause) if isinstance(cause, OSError) and cause.errno else type(cause).__name__
