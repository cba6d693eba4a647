"""OpenLineage's events as lines of JSON, and their way to a server."""

import logging
import os
from collections.abc import Sequence
from typing import Any

from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider
from openlineage.client.transport.http_common import DEFAULT_RETRY_CONFIG
from requests import RequestException, Response

from headrace.credentials import hidden_in, without_credentials
from headrace.errors import EventsRefusedError, UserError, first_cause

# The client's own names.
API_KEY, ENDPOINT = "OPENLINEAGE_API_KEY", "OPENLINEAGE_ENDPOINT"
_RETRY: dict[str, Any] = {**DEFAULT_RETRY_CONFIG, "total": 3, "read": 3, "connect": 3}  # some 2 seconds in all
_TIMEOUT_SECONDS = 10.0  # of one attempt
_REASON_SHOWN = 500  # characters of a server's answer


def line_of(event: RunEvent) -> str:
    """An event as one line of JSON."""
    return Serde.to_json(event)


def send(events: Sequence[RunEvent], url: str) -> None:
    """Sends events to a server, one after another; those that it does not answer, again.

    An event may reach a server twice, which it can tell: its run has the same id each time.

    Args:
        events: in the order in which they are sent.
        url: of the server; the path below it is OPENLINEAGE_ENDPOINT, or else api/v1/lineage.

    Raises:
        UserError: the URL is none.
        EventsRefusedError: the server refused an event, or did not answer. It has got those before it.
    """
    key, endpoint = os.environ.get(API_KEY), os.environ.get(ENDPOINT)
    auth = ApiKeyTokenProvider({"apiKey": key}) if key else TokenProvider({})
    config = HttpConfig(url, timeout=_TIMEOUT_SECONDS, auth=auth, retry=_RETRY)
    if endpoint:
        config.endpoint = endpoint
    try:
        transport = HttpTransport(config)
    except ValueError as error:
        shown = without_credentials(url).rpartition("@")[2]  # nor what only looks so
        raise UserError(
            f"{shown!r} is no URL of a server", next_step="give one such as http://localhost:5000"
        ) from error
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # its warnings of each try: the error says it
    try:
        for place, event in enumerate(events):
            try:
                transport.emit(event)
            except RequestException as error:
                raise _refused(place, events, url, error) from error
    finally:
        transport.close()


def _refused(place: int, events: Sequence[RunEvent], url: str, error: RequestException) -> EventsRefusedError:
    event, answer = events[place], error.response
    kind = event.eventType.value if event.eventType else "event"
    what = "refused" if answer is not None else "did not take"
    sent = f"{place} of {len(events)} events were sent, {len(events) - place} were not"
    return EventsRefusedError(
        f"the server {what} the {kind} of {event.job.name}: {sent}",
        where=without_credentials(url),
        why=hidden_in(_reason(answer), url, os.environ.get(ENDPOINT, "")) if answer is not None else _cause(error),
        next_step="export the run again when the server takes it: what it has got already has the same ids then",
    )


def _reason(answer: Response) -> str:
    told = answer.text.strip()
    return f"{answer.status_code} {answer.reason}" + (f": {told[:_REASON_SHOWN]}" if told else "")


def _cause(error: RequestException) -> str:
    """What the system says, or the kind of the error: the messages of those above it have the address in them."""
    cause = first_cause(error)
    if isinstance(cause, OSError) and not isinstance(cause, RequestException):
        return cause.strerror or str(cause)
    return type(cause).__name__
