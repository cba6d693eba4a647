"""The files of spans: those that a node which looks back may read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfx.proto.orchestration.pipeline_pb2 import PipelineNode

from headrace.orchestration.input_patterns import SpanName, files_of, patterns_of, span_in, text_parameter
from headrace.orchestration.span_range import SPAN


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
    folder = text_parameter(node, "input_base")
    last = parameters[SPAN].field_value.int_value if SPAN in parameters else None
    for _, pattern in patterns_of(node) if folder and "://" not in folder else ():
        for path in files_of(Path(folder), pattern):
            name = span_in(path.relative_to(folder).as_posix(), pattern)
            if last is None or name.span is None or name.span <= last:
                status = path.stat()
                yield SpanFile(path, status.st_size, status.st_mtime_ns, name)
