"""What Headrace's own properties hold: a value of another kind was written by something else, and counts as missing."""

import json
from collections.abc import Callable, Mapping

from headrace.metadata import properties as names
from headrace.metadata.records import Property

Fits = Callable[[Property], bool]


def is_damaged(name: str, value: Property) -> bool:
    """Whether a property of this name is Headrace's, and has a value that Headrace does not write."""
    fits = _KINDS.get(name)
    return fits is not None and value != "" and not fits(value)


def _is_number(value: Property) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json(fits: Callable[[object], bool]) -> Fits:
    def is_json(value: Property) -> bool:
        try:
            return isinstance(value, str) and fits(json.loads(value))
        except ValueError:
            return False

    return is_json


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _has_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _has_counts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, int) for one in value.values())


def _has_files(value: object) -> bool:
    """By split: [path, bytes, time of change] of each file."""
    return isinstance(value, dict) and all(
        isinstance(files, list)
        and all(isinstance(one, list) and tuple(map(type, one)) == (str, int, int) for one in files)
        for files in value.values()
    )


def _has_parts(value: object) -> bool:
    """The parts of a cache key; some may be missing."""
    return isinstance(value, dict) and all(
        isinstance(value.get(name), dict) for name in ("inputs", "parameters", "code")
    )


_KINDS: Mapping[str, Fits] = {
    names.WALL_SECONDS: _is_number,
    names.CPU_SECONDS: _is_number,
    names.PEAK_MEMORY_BYTES: _is_number,
    names.KEY: _json(_has_parts),
    names.OUTPUTS: _json(_is_object),
    names.INPUT_FILES: _json(_has_files),
    names.ROWS: _json(_has_counts),
    names.VERSIONS: _json(_has_texts),
    names.PARAMETERS: _json(_is_object),
    names.BASIS: _json(_is_object),
}
