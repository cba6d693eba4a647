"""The data that came from outside a pipeline: what was recorded of files, splits and rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from headrace.contents.statistics import read_row_counts
from headrace.lineage.recorded_values import json_of, object_of, text_of
from headrace.metadata import properties as names
from headrace.metadata.graph import Graph
from headrace.metadata.records import Artifact, Execution, Property

_NUMBER = re.compile(r"-?\d{1,18}")
EXAMPLES, STATISTICS = "Examples", "ExampleStatistics"
_SAMPLE_RATES = "sample_rate_by_split"


@dataclass(frozen=True)
class InputFile:
    """A file that an ExampleGen read, as it was then."""

    path: str
    bytes: int
    modified: datetime

    @property
    def state(self) -> str:
        """What became of it: "unchanged", "changed since" or "gone"; by its size and its time of change."""
        try:
            status = Path(self.path).stat()
        except OSError:
            return "gone"
        same = (status.st_size, _time(status.st_mtime_ns)) == (self.bytes, self.modified)
        return "unchanged" if same else "changed since"


@dataclass(frozen=True)
class InputSplit:
    """A split of what an ExampleGen made, and the files it is from."""

    split: str
    rows: int | None
    pattern: str | None  # of the files, below the input's base; None where one input was split
    files: tuple[InputFile, ...] | None
    file_count: int | None
    bytes: int | None


@dataclass(frozen=True)
class InputData:
    """Examples that came from outside the pipeline."""

    artifact: int
    execution: int
    node: str
    base: str | None
    span: int | None
    version: int | None
    fingerprint: str | None  # TFX's: of the files' sizes and times of change
    splits: tuple[InputSplit, ...]


def input_data(graph: Graph) -> list[InputData]:
    """The Examples of a graph that no node made from other artifacts."""
    found = []
    for artifact in graph.of_type(EXAMPLES):
        execution = graph.producer(artifact.id)
        if execution and (_read_files(artifact, execution) or not graph.inputs(execution.id)):
            found.append(_input_data(artifact, execution, rows_of(artifact, graph)))
    return found


def rows_of(examples: Artifact, graph: Graph) -> Mapping[str, int]:
    """Rows by split of some Examples, as the ExampleGen counted them or statistics of them have them."""
    if counted := json_of(examples.properties, names.ROWS):
        return counted
    producer = graph.producer(examples.id)
    if producer and (counted := json_of(producer.properties, names.ROWS)):
        return counted
    for consumer in graph.consumers(examples.id):
        if counted := json_of(consumer.properties, names.ROWS):
            return counted
        for statistics in (one for many in graph.outputs(consumer.id).values() for one in many):
            if statistics.type == STATISTICS and is_of_all_rows(statistics):
                try:
                    return read_row_counts(Path(statistics.uri))
                except (OSError, ValueError):  # removed since, or in a form of its own
                    continue
    return {}


def split_names(artifact: Artifact) -> list[str]:
    """The splits that an artifact says it has."""
    decoded = object_of(artifact.properties.get("split_names", ""))
    return [str(one) for one in decoded] if isinstance(decoded, list) else []


def is_of_all_rows(statistics: Artifact) -> bool:
    """Whether statistics say that they are of all rows, and of no sample."""
    rates = object_of(statistics.properties.get(_SAMPLE_RATES, ""))
    return isinstance(rates, dict) and bool(rates) and all(rate == 1 for rate in rates.values())


def _read_files(artifact: Artifact, execution: Execution) -> bool:
    return names.INPUT_FILES in artifact.properties or names.INPUT_FILES in execution.properties


def _input_data(artifact: Artifact, execution: Execution, rows: Mapping[str, int]) -> InputData:
    own = {**execution.properties, **artifact.properties}  # where it made several, each has its own files
    config = object_of(own.get("input_config", ""))
    inputs = (
        {str(one["name"]): str(one["pattern"]) for one in config.get("splits", [])} if isinstance(config, dict) else {}
    )
    recorded = json_of(own, names.INPUT_FILES)
    totals = _fingerprint_totals(str(own.get("input_fingerprint", "")))
    made = split_names(artifact) or list(inputs) or list(recorded or {})
    splits = []
    for name in made:
        # One input may be dealt out to several splits: then its files are those of each.
        source = name if name in {**inputs, **(recorded or {})} else next(iter(inputs), "") if len(inputs) == 1 else ""
        files = None
        if recorded is not None and source in recorded:
            files = tuple(InputFile(path, count, _time(modified)) for path, count, modified in recorded[source])
        count, total = totals.get(source, (None, None))
        splits.append(InputSplit(name, rows.get(name), inputs.get(source), files, count, total))
    return InputData(
        artifact.id,
        execution.id,
        execution.node,
        text_of(own, "input_base"),
        _int(own.get("span")),
        _int(own.get("version")),
        text_of(own, "input_fingerprint"),
        tuple(splits),
    )


def _fingerprint_totals(fingerprint: str) -> dict[str, tuple[int, int]]:
    """Number of files and of bytes by input, from "split:train,num_files:2,total_bytes:12,..." lines."""
    found = {}
    for line in fingerprint.splitlines():
        values = dict(part.partition(":")[::2] for part in line.split(","))
        if "num_files" in values and "total_bytes" in values:
            found[values.get("split", "")] = (int(values["num_files"]), int(values["total_bytes"]))
    return found


def _time(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _int(value: Property | None) -> int | None:
    """A number that TFX recorded; None where there is none, or something else."""
    return int(value) if value is not None and _NUMBER.fullmatch(str(value)) else None
