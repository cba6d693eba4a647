"""Properties as they were recorded, read as what they hold."""

import json
from collections.abc import Mapping
from typing import Any

from headrace.metadata.records import Property


def text_of(properties: Mapping[str, Property], name: str) -> str | None:
    """A property as text; None where it is missing or empty."""
    value = properties.get(name)
    return None if value in (None, "") else str(value)


def json_of(properties: Mapping[str, Property], name: str) -> Any:
    """What a property's JSON holds; None where it is missing or empty, or no JSON, as after a write by hand."""
    value = properties.get(name)
    try:
        return json.loads(str(value)) if value else None
    except ValueError:
        return None


def object_of(value: object) -> Any:
    """What a parameter's text stands for, where it is JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
