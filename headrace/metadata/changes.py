"""Why a node would run again, as data: what went into its key, and which part of it changed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

FUNCTIONS = "functions"  # the key's part for what the code of functions in files does
_SHOWN = 60  # characters of a value
_DATA_PARAMETERS = ("input_fingerprint", "span", "version")  # what the driver of an ExampleGen adds


class Category(StrEnum):
    """Which kind of thing changed."""

    DATA = "data"
    PARAMETER = "parameter"
    CODE = "code"
    UPSTREAM = "upstream"  # a node whose outputs this one reads would run
    INPUT = "input"  # other artifacts go in than last time
    EXECUTOR = "executor"
    DEFINITION = "definition"  # the node's type, or its declared outputs
    OUTPUTS = "outputs"  # what it made is damaged or gone
    PUSHED = "pushed"  # what it pushed was taken away, as by a roll-back; alone no reason to push it again
    NEW = "new"  # nothing to compare with
    CACHE = "cache"  # it is off


@dataclass(frozen=True)
class Change:
    """One reason for which a node would run."""

    category: Category
    name: str  # the parameter, file, input, node or folder
    detail: str = ""  # what it was and is, in words

    def __str__(self) -> str:
        subject = f"{self.category} {self.name}".rstrip()
        return f"{subject}: {self.detail}" if self.detail else subject


@dataclass(frozen=True)
class KeyParts:
    """What went into a node's cache key, each part in a form that can be compared and shown."""

    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # input key to artifact ids
    parameters: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)  # file to sha256
    executor: str = ""  # its class or image, and arguments
    definition: str = ""  # a digest of the node's type and declared outputs

    def to_json(self) -> str:
        """As text, to be stored with an execution."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "KeyParts":
        """From what `to_json` made."""
        values = json.loads(text)
        values["inputs"] = {key: tuple(ids) for key, ids in values["inputs"].items()}
        return KeyParts(**values)


def changes(before: KeyParts, now: KeyParts) -> tuple[Change, ...]:
    """What differs between two keys of one node; empty where they are the same."""
    found: list[Change] = []
    for name, old, new in _differences(before.parameters, now.parameters):
        if name in _DATA_PARAMETERS:
            found.append(Change(Category.DATA, name, _data_detail(name, old, new)))
        else:
            found.append(Change(Category.PARAMETER, name, _value_detail(old, new)))
    code = list(_differences(before.code, now.code))
    for name, old, new in code:
        if name != FUNCTIONS or len(code) == 1:  # a file that changed says it already
            found.append(Change(Category.CODE, name, _code_detail(name, old, new)))
    for name, old_ids, new_ids in _differences(before.inputs, now.inputs):
        detail = f"{_artifacts(old_ids)} -> {_artifacts(new_ids)}"
        found.append(Change(Category.INPUT, name, detail))
    if before.executor != now.executor:
        found.append(Change(Category.EXECUTOR, "", f"{_shortened(before.executor)} -> {_shortened(now.executor)}"))
    if before.definition != now.definition:
        found.append(Change(Category.DEFINITION, "", "the node's type or its declared outputs changed"))
    return tuple(found)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield name, before.get(name), now.get(name)


def _value_detail(old: str | None, new: str | None) -> str:
    """Old and new; of JSON objects only the fields that differ."""
    fields = [_object(old), _object(new)]
    if fields[0] is not None and fields[1] is not None:
        parts = [f"{name} {_value(was)} -> {_value(now)}" for name, was, now in _differences(fields[0], fields[1])]
        if parts:
            return ", ".join(parts)
    return f"{_value(old)} -> {_value(new)}"


def _data_detail(name: str, old: str | None, new: str | None) -> str:
    """An ExampleGen's fingerprint names each split's files and bytes; its checksums are of times of change."""
    if name != "input_fingerprint" or old is None or new is None:
        return _value_detail(old, new)
    parts = []
    for split, was, now in _differences(_splits(old), _splits(new)):
        sizes = _size(was), _size(now)
        parts.append(f"split {split} " + (" -> ".join(sizes) if sizes[0] != sizes[1] else "was written again"))
    return ", ".join(parts) or "changed"


def _splits(fingerprint: str) -> dict[str, dict[str, str]]:
    found = {}
    for text in fingerprint.splitlines():
        values = dict(part.partition(":")[::2] for part in text.split(","))
        found[values.pop("split", "")] = values
    return found


def _size(split: Mapping[str, str] | None) -> str:
    if split is None:
        return "none"
    files, size = split.get("num_files", "?"), split.get("total_bytes", "?")
    return f"{files} {'file' if files == '1' else 'files'} of {size} bytes"


def _code_detail(name: str, old: str | None, new: str | None) -> str:
    if name.startswith("package "):
        return f"{old or 'none'} -> {new or 'none'}"
    return "changed" if old and new else "no longer used" if old else "newly used"


def _artifacts(ids: tuple[str, ...] | None) -> str:
    return ", ".join(ids) if ids else "none"


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _value(value: object) -> str:
    return "none" if value is None else _shortened(value if isinstance(value, str) else json.dumps(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}...{text[-_SHOWN // 2 :]}"
