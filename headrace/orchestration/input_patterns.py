"""The patterns of input files: which files a node may read, and of which span and version each is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import json_format
from tfx.proto.example_gen_pb2 import Input
from tfx.proto.orchestration.pipeline_pb2 import PipelineNode

from headrace.errors import InputDataError

PLACEHOLDER = re.compile(r"\{(SPAN|VERSION|YYYY|MM|DD)(:\w+)?\}")  # TFX's, in the patterns of input files
_NUMBERS = ("SPAN", "VERSION")


@dataclass(frozen=True)
class SpanName:
    """A span in a version, as a path says them; None where its pattern does not."""

    span: int | None = None
    version: int | None = None

    def __str__(self) -> str:
        parts = (("span", self.span), ("version", self.version))
        return ", ".join(f"{name} {number}" for name, number in parts if number is not None)


def patterns_of(node: PipelineNode) -> Iterator[tuple[str, str]]:
    """The name and the pattern of each split that a node reads; none for one that reads no files."""
    config = text_parameter(node, "input_config")
    splits = json_format.Parse(config, Input()).splits if config else ()
    for split in splits:
        yield split.name, split.pattern


def files_of(folder: Path, pattern: str) -> list[Path]:
    """The files of a pattern, of whichever span and version, in order.

    Raises:
        InputDataError: the pattern cannot be used.
    """
    return [path for path in entries_of(folder, pattern) if path.is_file()]


def entries_of(folder: Path, pattern: str) -> list[Path]:
    """All that a pattern matches, folders and links to nothing among it, in order.

    Raises:
        InputDataError: the pattern cannot be used.
    """
    try:
        found = {*folder.glob(PLACEHOLDER.sub("*", pattern))}
    except (NotImplementedError, ValueError) as error:
        raise InputDataError("a split's pattern cannot be used", where=pattern, why=str(error)) from error
    # By a name in full, Python before 3.13 does not find a link to nothing.
    return sorted({*found, folder / pattern} if (folder / pattern).is_symlink() else found)


def span_in(path: str, pattern: str) -> SpanName:
    """The span and the version in a file's path, where the pattern has them."""
    wanted, end, names = "", 0, []
    for found in PLACEHOLDER.finditer(pattern):
        wanted += _expression(pattern[end : found.start()]) + (r"(\d+)" if found[1] in _NUMBERS else ".*")
        names += [found[1].lower()] if found[1] in _NUMBERS else []
        end = found.end()
    matched = re.fullmatch(wanted + _expression(pattern[end:]), path)
    return SpanName(**dict(zip(names, map(int, matched.groups()), strict=True))) if matched else SpanName()


def text_parameter(node: PipelineNode, name: str) -> str:
    """A parameter that is a text; empty without it."""
    return node.parameters.parameters[name].field_value.string_value if name in node.parameters.parameters else ""


def _expression(text: str) -> str:
    """A part of a pattern as a regular expression."""
    return re.escape(text).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
