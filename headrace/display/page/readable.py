"""Properties as people read them: names in words, and what is recorded as JSON line by line."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from headrace.contents.times import local_time
from headrace.metadata import properties as names
from headrace.metadata.records import Property, time_of

_OURS = "headrace_"
_CODE = "code"  # of a cache key's parts, what no other property has
_LABELS = {
    names.KEY: "code, by file",
    names.OUTPUTS: "digests of the outputs' files",
    names.INPUT_FILES: "files it read",
    names.ROWS: "rows",
    names.CONDITION_INPUTS: "read by conditions alone",
}
_NANOSECONDS = 1_000_000  # in a millisecond


def label_of(name: str) -> str:
    """A property's name in words."""
    return _LABELS.get(name) or name.removeprefix(_OURS).strip("_").replace("_", " ")


def value_text(name: str, value: Property) -> str:
    """A property's value; where it is JSON, a line for each thing in it."""
    decoded = _decoded(value)
    if name == names.KEY and isinstance(decoded, Mapping):
        decoded = decoded.get(_CODE, {})
    if name == names.INPUT_FILES and isinstance(decoded, Mapping):
        decoded = {split: list(map(_file_text, files)) for split, files in decoded.items()}
    return "\n".join(_lines(decoded))


def _decoded(value: object) -> Any:
    """Text that is a JSON object or list, or null, taken apart; TFX has some as JSON in JSON."""
    if isinstance(value, str) and (value[:1] in ("{", "[") or value == "null"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    value = _decoded(value)
    if isinstance(value, Mapping):
        for name, one in value.items():
            inner = list(_lines(one, f"{indent}  "))
            label = str(name).replace("_", " ") if str(name).isidentifier() else str(name)
            if len(inner) == 1 and not isinstance(_decoded(one), Mapping):
                yield f"{indent}{label}: {inner[0].strip()}"
            elif inner:
                yield f"{indent}{label}:"
                yield from inner
    elif isinstance(value, list):
        if all(not isinstance(_decoded(one), Mapping | list) for one in value) and sum(len(str(v)) for v in value) < 60:
            if value:
                yield indent + ", ".join(map(_word, value))
        else:
            for one in value:
                yield from _lines(one, indent)
    elif value not in (None, ""):
        yield from (f"{indent}{line}" for line in _word(value).splitlines())


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


def _file_text(file: Any) -> str:
    """A path, a number of bytes, and a time in nanoseconds."""
    path, size, changed = file
    return f"{path}, {size:,} bytes, changed {local_time(time_of(changed // _NANOSECONDS))}"
