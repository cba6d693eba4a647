"""Schema history: which span or which edit brought a domain value, a type, a presence constraint."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from headrace.contents.schema_changes import SchemaChange, schema_changes
from headrace.errors import UnknownNameError
from headrace.lineage.facts import run_facts
from headrace.lineage.input_data import EXAMPLES, input_data
from headrace.lineage.shown import UNKNOWN, Section, Shown, text, when
from headrace.lineage.trace import SCHEMA, schema_source
from headrace.metadata.graph import Graph, GraphReader
from headrace.metadata.records import Artifact
from headrace.metadata.store import MetadataStore


@dataclass(frozen=True)
class SchemaVersion:
    """A schema that a pipeline used, and what it changed."""

    artifact: int
    node: str
    run: str  # in which it was made
    made: datetime
    source: str  # a file, or the data it was inferred from, in words
    git_commit: str | None  # of the run
    changes: tuple[SchemaChange, ...] | None  # from the one before of that node; None: one cannot be read any more
    first: bool  # there was none before


@dataclass(frozen=True)
class SchemaHistory(Shown):
    """The schemas of a pipeline, the oldest first; those that change nothing are left out."""

    pipeline: str
    versions: tuple[SchemaVersion, ...]

    def rows(self) -> list[dict[str, object]]:
        """A row a change."""
        return [
            {
                "made": one.made,
                "run": one.run,
                "schema": one.artifact,
                "feature": change.feature,
                "aspect": change.aspect,
                "detail": change.detail,
                "source": one.source,
            }
            for one in self.versions
            for change in one.changes or ()
        ]

    def sections(self) -> list[Section]:
        """A section a schema."""
        found = []
        for one in self.versions:
            lines = [f"{one.source}, in run {one.run or UNKNOWN}, commit {text(one.git_commit)}"]
            if one.first:
                lines.append("the first schema of this node")
            elif one.changes is None:
                lines.append(f"what it changed is {UNKNOWN}: it or the one before cannot be read any more")
            lines += list(map(str, one.changes or ()))
            found.append(Section(f"{when(one.made)}  Schema {one.artifact} of {one.node}", tuple(lines)))
        return found or [Section(self.pipeline, ("no schema was recorded",))]


def schema_history_of(store: MetadataStore, pipeline: str) -> SchemaHistory:
    """The schemas that nodes of a pipeline made of files or of data, not those derived from other schemas.

    Raises:
        UnknownNameError: nothing is recorded of the pipeline.
    """
    known = store.pipelines()
    if pipeline not in known:
        raise UnknownNameError.among("pipeline", pipeline, known, next_step="headrace runs list")
    schemas = store.artifacts(SCHEMA)
    reader = GraphReader(store)
    reader.add_producers([one.id for one in schemas])
    graph = reader.graph()
    runs = {run.id: run for run in store.runs(pipeline)}
    versions: list[SchemaVersion] = []
    latest: dict[str, Artifact] = {}
    for schema in schemas:
        producer = graph.producer(schema.id)
        if producer is None or producer.pipeline != pipeline or _is_derived(graph, producer.id):
            continue
        before = latest.get(producer.node)
        changes = _changes(before, schema)
        latest[producer.node] = schema
        if before is None or changes is None or changes:
            run = runs.get(producer.run)
            versions.append(
                SchemaVersion(
                    schema.id,
                    producer.node,
                    producer.run,
                    schema.created,
                    _source(store, schema, graph),
                    run_facts(run, ()).git_commit if run else None,
                    changes,
                    before is None,
                )
            )
    return SchemaHistory(pipeline, tuple(versions))


def _is_derived(graph: Graph, execution: int) -> bool:
    return any(one.type == SCHEMA for many in graph.inputs(execution).values() for one in many)


def _changes(before: Artifact | None, after: Artifact) -> tuple[SchemaChange, ...] | None:
    if before is None:
        return ()
    try:
        return tuple(schema_changes(Path(before.uri), Path(after.uri)))
    except (OSError, ValueError):
        return None


def _source(store: MetadataStore, schema: Artifact, graph: Graph) -> str:
    """Where it is from; of one that was inferred, the spans of the data."""
    told = schema_source(schema, graph)
    reader = GraphReader(store)
    reader.add_upstream([schema.id])
    data = input_data(reader.graph([schema.id]))
    spans = [f"{EXAMPLES} {one.artifact}, span {text(one.span)}, read from {text(one.base)}" for one in data]
    return f"{told}: {'; '.join(spans)}" if spans else told
