"""The files of spans: those that a node which looks back may read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfx.proto.orchestration.pipeline_pb2 import PipelineNode

from headrace.orchestration.preflight import PLACEHOLDER, files_of, patterns_of
from headrace.orchestration.span_range import SPAN

_NUMBERS = ("SPAN", "VERSION")


@dataclass(frozen=True)
class SpanName:
    """A span in a version, as a path says them; None where its pattern does not."""

    span: int | None = None
    version: int | None = None

    def __str__(self) -> str:
        parts = (("span", self.span), ("version", self.version))
        return ", ".join(f"{name} {number}" for name, number in parts if number is not None)


@dataclass(frozen=True)
class SpanFile:
    """A file, and the span that it is of."""

    path: Path
    bytes: int
    modified: int  # nanoseconds
    name: SpanName


def files_so_far(node: PipelineNode) -> Iterator[SpanFile]:
    """The files of a node's patterns, up to its span.

    Nothing for a node without patterns, for files that are not on this machine, and for a node that another one
    tells its span. The span is the parameter of that name; without it, or without {SPAN} in the pattern, all files
    count.
    """
    parameters = node.parameters.parameters
    if SPAN in parameters and not parameters[SPAN].HasField("field_value"):
        return
    folder = parameters["input_base"].field_value.string_value if "input_base" in parameters else ""
    last = parameters[SPAN].field_value.int_value if SPAN in parameters else None
    for _, pattern in patterns_of(node) if folder and "://" not in folder else ():
        for path in files_of(Path(folder), pattern):
            name = span_in(path.relative_to(folder).as_posix(), pattern)
            if last is None or name.span is None or name.span <= last:
                status = path.stat()
                yield SpanFile(path, status.st_size, status.st_mtime_ns, name)


def span_in(path: str, pattern: str) -> SpanName:
    """The span and the version in a file's path, where the pattern has them."""
    wanted, end, names = "", 0, []
    for found in PLACEHOLDER.finditer(pattern):
        wanted += _expression(pattern[end : found.start()]) + (r"(\d+)" if found[1] in _NUMBERS else ".*")
        names += [found[1].lower()] if found[1] in _NUMBERS else []
        end = found.end()
    matched = re.fullmatch(wanted + _expression(pattern[end:]), path)
    return SpanName(**dict(zip(names, map(int, matched.groups()), strict=True))) if matched else SpanName()


def _expression(text: str) -> str:
    """A part of a pattern as a regular expression."""
    return re.escape(text).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
