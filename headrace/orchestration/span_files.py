"""The files of spans: those that a node which looks back may read."""

import re
from collections.abc import Iterator
from pathlib import Path

from tfx.proto.orchestration.pipeline_pb2 import PipelineNode

from headrace.orchestration.preflight import PLACEHOLDER, files_of, patterns_of
from headrace.orchestration.span_range import SPAN


def files_so_far(node: PipelineNode) -> Iterator[tuple[str, int, int]]:
    """Path, size in bytes and time of change in nanoseconds of the files of a node's patterns, up to its span.

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
            span = span_in(path.relative_to(folder).as_posix(), pattern)
            if last is None or span is None or span <= last:
                status = path.stat()
                yield str(path), status.st_size, status.st_mtime_ns


def span_in(path: str, pattern: str) -> int | None:
    """The span in a file's path; None where the pattern has no {SPAN}."""
    wanted, end = "", 0
    for found in PLACEHOLDER.finditer(pattern):
        wanted += _expression(pattern[end : found.start()]) + (r"(\d+)" if found[1] == "SPAN" else ".*")
        end = found.end()
    matched = re.fullmatch(wanted + _expression(pattern[end:]), path)
    return int(matched[1]) if matched and matched.groups() else None


def _expression(text: str) -> str:
    """A part of a pattern as a regular expression."""
    return re.escape(text).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
