"""Texts that ML Metadata cannot write to PostgreSQL, written so that it can.

It quotes a text with a backslash in a way that breaks its own statement, as of 1.17.1. And
it has an index of all properties, in which PostgreSQL takes no more than 2704 bytes. So on
the way there a character that nobody uses stands for each backslash, and a long property is
cut into several; on the way back they become what they were.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from google.protobuf.message import Message

_BACKSLASH, _INSTEAD = "\\", "\ue05c"  # of Unicode's private use area
_LONGEST = 2000  # bytes of a property
_PIECE = _LONGEST // 4  # characters, of at most 4 bytes
_MARK = "\x1f"  # in the names of a property's second piece, third piece and so on


def encoded(request: Message) -> Message:
    """What is to be sent instead of a request; the request stays as it is."""
    if request.ByteSize() <= _LONGEST and _BACKSLASH.encode() not in request.SerializeToString():
        return request
    sent = deepcopy(request)
    _replace(sent, _BACKSLASH, _INSTEAD)
    for entity in _entities(sent):
        for kind in ("properties", "custom_properties"):
            for name, value in list(getattr(entity, kind).items()):
                _cut(entity, kind, name, value)
    return sent


def decode(response: Message) -> None:
    """Makes a response what was meant, in place."""
    received = response.SerializeToString()
    if _MARK.encode() in received:
        for entity in _entities(response):
            for name in sorted(name for name in entity.custom_properties if _MARK in name):
                first, kind, _ = name.split(_MARK)
                getattr(entity, kind)[first].string_value += entity.custom_properties[name].string_value
                del entity.custom_properties[name]
    if _INSTEAD.encode() in received:
        _replace(response, _INSTEAD, _BACKSLASH)


def _cut(entity: Any, kind: str, name: str, value: Any) -> None:
    text = value.string_value
    if _MARK in name or len(text.encode()) <= _LONGEST:
        return
    value.string_value = text[:_PIECE]
    for number, start in enumerate(range(_PIECE, len(text), _PIECE)):
        entity.custom_properties[f"{name}{_MARK}{kind}{_MARK}{number:06}"].string_value = text[start : start + _PIECE]


def _entities(message: Message) -> Iterator[Any]:
    """The artifacts, executions and contexts in it."""
    if "custom_properties" in message.DESCRIPTOR.fields_by_name:
        yield message
        return
    for value in _messages(message):
        yield from _entities(value)


def _replace(message: Message, old: str, new: str) -> None:
    for field, value in message.ListFields():
        if field.type != field.TYPE_STRING:
            continue
        if field.is_repeated:
            value[:] = [one.replace(old, new) for one in value]
        else:
            setattr(message, field.name, value.replace(old, new))
    for value in _messages(message):
        _replace(value, old, new)


def _messages(message: Message) -> Iterator[Message]:
    """The messages right in it."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            yield from (one for one in value.values() if isinstance(one, Message))
        else:
            yield from value if field.is_repeated else [value]
