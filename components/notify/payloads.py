"""Messages in the forms that webhooks take."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from components.notify.news import RunNews

Payload = dict[str, Any]


class Format(StrEnum):
    """Forms of a message."""

    JSON = "json"
    SLACK = "slack"


def payload(news: RunNews, form: Format) -> Payload:
    """The message, to be sent as JSON.

    `json` has the pipeline, the run, the events with their texts, and all in one text; `slack` the text alone, as
    Slack's incoming webhooks take it.
    """
    return _MAKERS[form](news)


def _generic(news: RunNews) -> Payload:
    lines = [f"{news.pipeline} run {news.run}", *(f"{one.event}: {one.text}" for one in news.news)]
    events = [{"event": str(one.event), "text": one.text} for one in news.news]
    return {"pipeline": news.pipeline, "run": news.run, "events": events, "text": "\n".join(lines)}


def _slack(news: RunNews) -> Payload:
    lines = [f"*{_escaped(news.pipeline)}* run {_escaped(news.run)}"]
    lines += [f"*{one.event}*: {_escaped(one.text)}" for one in news.news]
    return {"text": "\n".join(lines)}


def _escaped(text: str) -> str:
    """Slack's three control characters, escaped as it asks for."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_MAKERS: dict[Format, Callable[[RunNews], Payload]] = {Format.JSON: _generic, Format.SLACK: _slack}
