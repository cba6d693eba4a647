"""What an artifact of a single value holds: Integer, String, Float, Boolean, Bytes, JsonValue, and types like them.

TFX writes such a value into the file that is the artifact's URI.
"""

from collections.abc import Mapping
from pathlib import Path

from headrace.contents.damage import reading

IS_NULL = "__is_null__"  # the property by which TFX tells None from an empty text; it stands on all that were written
TYPES = ("Boolean", "Bytes", "Float", "Integer", "JsonValue", "String")
_LONGEST = 2000  # characters that are shown


def is_value(kind: str, properties: Mapping[str, object]) -> bool:
    """Whether an artifact of this type, with these properties, holds a single value."""
    return kind in TYPES or IS_NULL in properties


def value_text(kind: str, file: Path, properties: Mapping[str, object]) -> str:
    """A value as people read it, shortened where it is long.

    Args:
        kind: the artifact's type; that of a project's own is shown as text, or as bytes where it is none.
        file: its URI.
        properties: of the artifact.

    Raises:
        FileNotFoundError: the file is gone.
        ValueError: it does not hold a value of the type.
    """
    content = file.read_bytes()
    if properties.get(IS_NULL):
        return "None"
    if not content and IS_NULL not in properties:
        return "nothing: no value was ever written into it"
    with reading(file):
        return _shortened(_text(kind, content))


def _text(kind: str, content: bytes) -> str:
    if kind == "Boolean":
        return str(int(content) != 0)
    if kind == "Bytes":
        return repr(content[: _LONGEST + 1])
    try:
        text = content.decode()
    except UnicodeDecodeError:
        if kind in TYPES:
            raise
        return repr(content[: _LONGEST + 1])
    if kind == "Integer":
        int(text)
    elif kind == "Float":
        float(text)
    elif kind == "String":
        return text or "an empty text"
    return text


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... (shortened)"
