"""Trace: all that a model, a prediction set, a pushed folder or a run came from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from headrace.contents.metrics import EXAMPLE_COUNT, OVERALL, slice_text
from headrace.contents.schema import read_schema
from headrace.lineage.evaluations import (
    BLESSING,
    EVALUATION,
    PUSHED,
    EvaluationFacts,
    Push,
    evaluations_of,
    overall,
    pushes_of,
)
from headrace.lineage.facts import RunFacts, Step, run_facts, step_of
from headrace.lineage.input_data import EXAMPLES, STATISTICS, InputData, InputFile, input_data
from headrace.lineage.serving_checks import INFRA_BLESSING, ServingVerdict, serving_verdicts_of
from headrace.lineage.shown import UNKNOWN, Section, Shown, plain, size, text, when
from headrace.metadata.graph import Graph, GraphReader
from headrace.metadata.records import RESOLVER, Artifact, Run
from headrace.metadata.store import MetadataStore

MODEL, SCHEMA, TRANSFORM = "Model", "Schema", "TransformGraph"
_OF_MODELS = (EVALUATION, BLESSING, INFRA_BLESSING, PUSHED)
_SLICES_SHOWN = 10
_VALUE_SHOWN = 160  # characters of a parameter
IMPORTER = "tfx.dsl.components.common.importer.Importer"
_FILES_SHOWN = 10
_DIGITS = 12  # of a hash
# Nodes that execute nothing.
_NO_CODE = frozenset({RESOLVER, IMPORTER})


@dataclass(frozen=True)
class SchemaFacts:
    """A schema, and where it is from."""

    artifact: int
    uri: str
    node: str
    source: str  # the file it was imported from, or how it was made, in words
    features: int | None  # None where it cannot be read any more


@dataclass(frozen=True)
class Trace(Shown):
    """What something came from."""

    subject: Artifact | Run
    graph: Graph = field(repr=False)  # the records, as a page would draw them
    starts: tuple[int, ...]  # the artifacts whose past this is
    inputs: tuple[InputData, ...]
    schemas: tuple[SchemaFacts, ...]
    transform_graphs: tuple[Artifact, ...]
    steps: tuple[Step, ...]  # what was executed for it, in the order of registration
    evaluations: tuple[EvaluationFacts, ...]  # of the models in it
    serving_checks: tuple[ServingVerdict, ...]  # of the models in it
    pushes: tuple[Push, ...]
    runs: tuple[RunFacts, ...]  # in which the steps were executed, the oldest first

    @property
    def title(self) -> str:
        """What it is the trace of."""
        if isinstance(self.subject, Run):
            return f"run {self.subject.id} of {self.subject.pipeline}"
        return f"{self.subject.type} {self.subject.id}, {self.subject.uri}"

    def rows(self) -> list[dict[str, object]]:
        """A row a step."""
        return [
            {
                "execution": step.execution,
                "node": step.node,
                "run": step.run,
                "state": step.state,
                "started": step.started,
                "seconds": step.seconds,
                "cpu_seconds": step.cpu_seconds,
                "peak_memory_bytes": step.peak_memory_bytes,
                "code": step.code_digest,
            }
            for step in self.steps
        ]

    def sections(self) -> list[Section]:
        """Data, schema, evaluations, pushes, steps with their parameters and code, runs."""
        found = [
            Section(self.title),
            *map(input_section, self.inputs),
            self._schema_section(),
            *map(_evaluation_section, self.evaluations),
            Section("As served", tuple(map(_serving_text, self.serving_checks))),
            Section("Pushes", tuple(map(_push_text, self.pushes))),
            self._step_section(),
            self._parameter_section(),
            self._code_section(),
            *(section for run in self.runs for section in run.sections()),
        ]
        return [found[0], *(one for one in found[1:] if one.lines or one.rows)]

    def to_json(self) -> dict[str, object]:
        """As plain data; the graph as lists of its records."""
        facts = {name: plain(value) for name, value in vars(self).items() if name != "graph"}
        graph = self.graph
        records = {
            "executions": list(map(step_of, graph.executions.values())),
            "artifacts": list(graph.artifacts.values()),
            "events": list(graph.events),
        }
        return {**facts, "graph": plain(records)}

    def _schema_section(self) -> Section:
        lines = [
            f"Schema {one.artifact}: {one.source}; {text(one.features)} features; {one.uri}" for one in self.schemas
        ]
        lines += [f"TransformGraph {one.id}: {one.uri}" for one in self.transform_graphs]
        return Section("Schema and transform graph", tuple(lines))

    def _step_section(self) -> Section:
        rows = [
            (
                step.node,
                str(step.execution),
                step.run or UNKNOWN,
                when(step.started),
                UNKNOWN if step.seconds is None else f"{step.seconds:.1f}",
                UNKNOWN if step.cpu_seconds is None else f"{step.cpu_seconds:.1f}",
                UNKNOWN if step.peak_memory_bytes is None else size(step.peak_memory_bytes),
                (step.code_digest or UNKNOWN)[:_DIGITS],
            )
            for step in self.steps
        ]
        columns = ("node", "execution", "run", "started", "seconds", "CPU s", "memory", "code")
        return Section("Steps", (), columns, tuple(rows))

    def _parameter_section(self) -> Section:
        rows = [
            (step.node, name, value if len(value) <= _VALUE_SHOWN else f"{value[:_VALUE_SHOWN]}...")
            for step in self.steps
            for name, value in zip(step.options, map(text, step.options.values()), strict=True)
        ]
        return Section("Parameters", (), ("node", "parameter", "value"), tuple(rows))

    def _code_section(self) -> Section:
        files: dict[str, tuple[str, list[str]]] = {}
        unknown = [step.node for step in self.steps if step.code is None and step.type not in _NO_CODE]
        for step in self.steps:
            for name, digest in (step.code or {}).items():
                files.setdefault(name, (digest, []))[1].append(step.node)
        rows = [
            (name, digest if name.startswith("package ") else digest[:_DIGITS], ", ".join(dict.fromkeys(nodes)))
            for name, (digest, nodes) in sorted(files.items())
        ]
        lines = (f"{UNKNOWN} for {', '.join(unknown)}: not recorded",) if unknown else ()
        return Section("Code", lines, ("file or package", "sha256 or version", "ran in"), tuple(rows))


def trace_of(store: MetadataStore, subject: Artifact | Run) -> Trace:
    """The trace of an artifact, or of all that a run made."""
    reader = GraphReader(store)
    if isinstance(subject, Run):
        made = [one.id for one in store.executions(subject) if one.type != RESOLVER]  # which found what it has
        starts = tuple(sorted(reader.made_by(made)))
    else:
        starts = (subject.id,)
    reader.add_upstream(starts)
    past = reader.made()
    reader.add_findings([one.id for one in past if one.type == MODEL], _OF_MODELS)
    reader.add_findings([one.id for one in past if one.type == EXAMPLES], (STATISTICS,))
    graph = reader.graph(starts)
    executions = sorted(graph.executions.values(), key=lambda one: one.id)
    return Trace(
        subject,
        graph,
        starts,
        tuple(input_data(graph)),
        tuple(_schemas(graph)),
        tuple(graph.of_type(TRANSFORM)),
        tuple(step_of(one) for one in executions),
        tuple(evaluations_of(graph, store)),
        tuple(serving_verdicts_of(graph)),
        tuple(pushes_of(graph)),
        tuple(runs_of(store, {one.run for one in executions} | ({subject.id} if isinstance(subject, Run) else set()))),
    )


def graph_of_run(store: MetadataStore, run: Run) -> Graph:
    """All executions of a run, those too that failed, were skipped or came from the cache, and what they came from."""
    executions = store.executions(run)
    reader = GraphReader(store)
    reader.add_executions([one.id for one in executions])
    reader.add_upstream(reader.made_by([one.id for one in executions if one.type != RESOLVER]))
    return reader.graph(execution_ids=[one.id for one in executions])


def runs_of(store: MetadataStore, ids: Iterable[str]) -> list[RunFacts]:
    """The facts of some runs, the oldest first; ids that there are not are left out."""
    wanted = set(ids)
    runs = [run for run in store.runs() if run.id in wanted]
    executions = store.executions_of(runs)
    return [run_facts(run, executions[run.id]) for run in reversed(runs)]


def _schemas(graph: Graph) -> list[SchemaFacts]:
    found = []
    for artifact in graph.of_type(SCHEMA):
        producer = graph.producer(artifact.id)
        if producer is None or any(one.type == SCHEMA for many in graph.inputs(producer.id).values() for one in many):
            continue  # one that was derived from another
        try:
            features = len(read_schema(Path(artifact.uri)))
        except (OSError, ValueError):
            features = None
        found.append(SchemaFacts(artifact.id, artifact.uri, producer.node, schema_source(artifact, graph), features))
    return found


def schema_source(artifact: Artifact, graph: Graph) -> str:
    """Where a schema is from, in words: a file, an import, or data."""
    producer = graph.producer(artifact.id)
    if producer is None:
        return UNKNOWN
    if file := producer.properties.get("schema_file"):
        return f"imported from {file} by {producer.node}"
    inputs = [one for many in graph.inputs(producer.id).values() for one in many]
    if not inputs:
        return f"brought in by {producer.node}"
    return f"made by {producer.node} from {', '.join(f'{one.type} {one.id}' for one in inputs)}"


def input_section(data: InputData) -> Section:
    """Examples, with the rows and the files of their splits."""
    version = "" if data.version is None else f", version {data.version}"
    lines = [f"Examples {data.artifact}, read by {data.node} from {text(data.base)}, span {text(data.span)}{version}"]
    if data.fingerprint:
        lines.append(f"fingerprint {' '.join(data.fingerprint.split())}")
    rows: list[tuple[str, ...]] = []
    for split in data.splits:
        count = UNKNOWN if split.rows is None else f"{split.rows:,}"
        for file in (split.files or ())[:_FILES_SHOWN]:
            rows.append((split.split, count, *_file_cells(file)))
            count = ""
        more = len(split.files or ()) - _FILES_SHOWN
        if split.files is None:
            told = f"{split.pattern or UNKNOWN}, {text(split.file_count)} files: their names were not recorded"
            rows.append((split.split, count, told, UNKNOWN if split.bytes is None else size(split.bytes), "", ""))
        elif more > 0:
            rows.append(("", "", f"and {more} more files", "", "", ""))
    columns = ("split", "rows", "file", "size", "changed", "now")
    return Section("Input data", tuple(lines), columns, tuple(rows))


def _file_cells(file: InputFile) -> tuple[str, ...]:
    return file.path, size(file.bytes), when(file.modified), file.state


def _evaluation_section(one: EvaluationFacts) -> Section:
    compared = "" if one.baseline is None else f", compared with Model {one.baseline}"
    lines = [f"Model {text(one.model)} in run {one.run or UNKNOWN}{compared}: {one.verdict}"]
    if one.metrics is None:
        lines.append(f"metrics {UNKNOWN}: {one.unreadable}")
        return Section("Evaluation", tuple(lines))
    names = list(overall(one.metrics))
    rows = []
    largest = sorted(one.metrics.items(), key=lambda pair: (pair[0] != OVERALL, -(pair[1].get(EXAMPLE_COUNT) or 0)))
    for key, metrics in largest[: _SLICES_SHOWN + 1]:
        values = [metrics.get(name) for name in names]
        rows.append((slice_text(key), *("" if value is None else f"{value:.4g}" for value in values)))
    if len(one.metrics) > len(rows):
        lines.append(f"the largest of {len(one.metrics)} slices:")
    return Section("Evaluation", tuple(lines), ("slice", *names), tuple(rows))


def _serving_text(one: ServingVerdict) -> str:
    return f"Model {text(one.model)} in run {one.run or UNKNOWN}: {one.verdict}"


def _push_text(push: Push) -> str:
    if not push.pushed:
        return f"{when(push.time)}: Model {text(push.model)} was not pushed (run {push.run or UNKNOWN})"
    gone = "" if push.present else ", which is gone"
    return f"{when(push.time)}: Model {text(push.model)} was pushed to {text(push.destination)}{gone}"
