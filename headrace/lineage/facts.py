"""What was recorded of runs, executions and data, as facts; None where nothing was."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from headrace.contents.statistics import read_row_counts
from headrace.lineage.shown import UNKNOWN, Section, Shown, text, when
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from headrace.metadata.graph import Graph
from headrace.metadata.records import Artifact, Execution, Property, Run, State

_OURS = "headrace_"
_TFX_OWN = "__"  # how properties begin that TFX keeps for itself
EXAMPLES, STATISTICS = "Examples", "ExampleStatistics"
# Parameters of an ExampleGen that tell which data it read; InputData has them.
_OF_DATA = frozenset({"input_base", "input_config", "input_fingerprint", "span", "version"})
_SAMPLE_RATES = "sample_rate_by_split"


@dataclass(frozen=True)
class RunFacts(Shown):
    """A run: who ran what, from which commit, with which versions. None is what was not recorded."""

    id: str
    pipeline: str
    started: datetime
    state: str | None
    seconds: float | None  # from its start to its last execution's end
    nodes: Mapping[str, int] = field(default_factory=dict)  # how many executions are in each state
    user: str | None = None
    host: str | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None
    git_remote: str | None = None  # the URL of `origin`
    git_folder: str | None = None  # the project's in its repository; "" is its root
    versions: Mapping[str, str] | None = None
    parameters: Mapping[str, Property] | None = None  # RuntimeParameters, defaults too
    command: str | None = None

    @property
    def code_state(self) -> str:
        """The commit and the state of the tree, in words."""
        if self.git_commit is None:
            return "commit unknown"
        return f"commit {self.git_commit[:12]}{', with changes that are not committed' if self.git_dirty else ''}"

    def rows(self) -> list[dict[str, object]]:
        """One row, a column a field."""
        return [{one.name: getattr(self, one.name) for one in fields(self)}]

    def sections(self) -> list[Section]:
        """When, by whom, from which code, with what."""
        took = UNKNOWN if self.seconds is None else f"{self.seconds:.1f} s"
        rows = (
            ("started", f"{when(self.started)}, took {took}, {text(self.state)}"),
            ("by", f"{text(self.user)} on {text(self.host)}"),
            ("command", text(self.command)),
            ("code", self.code_state),
            ("parameters", UNKNOWN if self.parameters is None else text(self.parameters) or "none"),
            ("versions", text(self.versions)),
        )
        return [Section(f"Run {self.id} of {self.pipeline}", (), ("", ""), rows)]


@dataclass(frozen=True)
class Step:
    """An execution that had a part in something: what it ran, with what, for how long."""

    execution: int
    node: str
    type: str
    state: str
    run: str  # empty where it is of none
    started: datetime
    parameters: Mapping[str, Property]
    seconds: float | None  # of its process; else from its registration to its end
    cpu_seconds: float | None
    peak_memory_bytes: int | None
    code: Mapping[str, str] | None  # file, or "package NAME", to sha256 or version
    code_digest: str | None
    executor: str | None  # class path of what did the work

    @property
    def options(self) -> dict[str, Any]:
        """The parameters that say something: no empty ones, none that tell of data, custom_config field by field."""
        found: dict[str, Any] = {}
        for name, value in sorted(self.parameters.items()):
            if name in _OF_DATA:
                continue
            decoded = _object(value)
            if isinstance(decoded, dict) and name == "custom_config":
                found |= decoded
            elif decoded not in (None, {}, [], ""):
                found[name] = decoded
        return found


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


def run_facts(run: Run, executions: Iterable[Execution]) -> RunFacts:
    """The facts of a run with these executions."""
    its, own = list(executions), run.properties
    states: dict[str, int] = {}
    for one in its:
        states[one.state.value] = states.get(one.state.value, 0) + 1
    dirty = own.get(names.GIT_DIRTY)
    return RunFacts(
        run.id,
        run.pipeline,
        run.started,
        run_state(run, its),
        max((one.ended - run.started).total_seconds() for one in its) if its else None,
        states,
        user=_text(own, names.USER),
        host=_text(own, names.HOST),
        git_commit=_text(own, names.GIT_COMMIT),
        git_dirty=None if dirty is None else bool(dirty),
        git_remote=_text(own, names.GIT_REMOTE),
        git_folder=str(own[names.GIT_FOLDER]) if names.GIT_FOLDER in own else None,
        versions=_json(own, names.VERSIONS),
        parameters=_json(own, names.PARAMETERS),
        command=_text(own, names.COMMAND),
    )


def run_state(run: Run, executions: Iterable[Execution]) -> str | None:
    """How a run ended: as is recorded, or else as its executions tell; None where they do not."""
    if told := _text(run.properties, names.RUN_STATE):
        return told
    states = {one.state for one in executions}
    if State.RUNNING in states or State.NEW in states or not states:
        return None
    return "failed" if State.FAILED in states else "canceled" if State.CANCELED in states else "succeeded"


def step_of(execution: Execution) -> Step:
    """The facts of an execution."""
    own = execution.properties
    parameters = {name: own[name] for name in own if not name.startswith((_OURS, _TFX_OWN))}
    seconds, cpu, peak = (own.get(name) for name in (names.WALL_SECONDS, names.CPU_SECONDS, names.PEAK_MEMORY_BYTES))
    key = key_of(execution)
    return Step(
        execution.id,
        execution.node,
        execution.type,
        execution.state.value,
        execution.run,
        execution.started,
        parameters,
        float(seconds) if seconds is not None else execution.seconds,
        float(cpu) if cpu is not None else None,
        int(peak) if peak is not None else None,
        key.code if key else None,
        _text(own, names.CODE),
        _text(own, names.EXECUTOR),
    )


def key_of(execution: Execution) -> KeyParts | None:
    """What went into the execution's cache key; None where that was not recorded."""
    recorded = execution.properties.get(names.KEY)
    return KeyParts.from_json(str(recorded)) if recorded else None


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
    if counted := _json(examples.properties, names.ROWS):
        return counted
    producer = graph.producer(examples.id)
    if producer and (counted := _json(producer.properties, names.ROWS)):
        return counted
    for consumer in graph.consumers(examples.id):
        if counted := _json(consumer.properties, names.ROWS):
            return counted
        for statistics in (one for many in graph.outputs(consumer.id).values() for one in many):
            if statistics.type == STATISTICS and is_of_all_rows(statistics):
                try:
                    return read_row_counts(Path(statistics.uri))
                except (OSError, DecodeError):  # removed since, or in a form of its own
                    continue
    return {}


def split_names(artifact: Artifact) -> list[str]:
    """The splits that an artifact says it has."""
    decoded = _object(artifact.properties.get("split_names", ""))
    return [str(one) for one in decoded] if isinstance(decoded, list) else []


def is_of_all_rows(statistics: Artifact) -> bool:
    """Whether statistics say that they are of all rows, and of no sample."""
    rates = _object(statistics.properties.get(_SAMPLE_RATES, ""))
    return isinstance(rates, dict) and bool(rates) and all(rate == 1 for rate in rates.values())


def _read_files(artifact: Artifact, execution: Execution) -> bool:
    return names.INPUT_FILES in artifact.properties or names.INPUT_FILES in execution.properties


def _input_data(artifact: Artifact, execution: Execution, rows: Mapping[str, int]) -> InputData:
    own = {**execution.properties, **artifact.properties}  # where it made several, each has its own files
    config = _object(own.get("input_config", ""))
    inputs = (
        {str(one["name"]): str(one["pattern"]) for one in config.get("splits", [])} if isinstance(config, dict) else {}
    )
    recorded = _json(own, names.INPUT_FILES)
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
        _text(own, "input_base"),
        _int(own.get("span")),
        _int(own.get("version")),
        _text(own, "input_fingerprint"),
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


def _text(properties: Mapping[str, Property], name: str) -> str | None:
    value = properties.get(name)
    return None if value in (None, "") else str(value)


def _int(value: Property | None) -> int | None:
    return None if value is None else int(value)


def _json(properties: Mapping[str, Property], name: str) -> Any:
    value = properties.get(name)
    return json.loads(str(value)) if value else None


def _object(value: object) -> Any:
    """What a parameter's text stands for, where it is JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
