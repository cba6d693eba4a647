"""What Headrace writes into ML Metadata is what stock TFX writes, and `headrace_*` besides."""

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.components import CsvExampleGen, ExampleValidator, SchemaGen, StatisticsGen
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable.tfx_runner import IrBasedRunner
from tfx.types import Channel
from tfx.types.standard_artifacts import Schema

from headrace.metadata import MetadataStore
from headrace.orchestration import HeadraceDagRunner
from headrace.settings import Settings
from tests.conftest import ROOT
from tests.small_components import AddOne, Number

ROWS = 200
CACHE_CONTEXT = "execution_cache"


def create_pipeline(data: Path, home: Path) -> Pipeline:
    """Nodes of every kind: a driver, Beam, plain Python, no executor at all."""
    example_gen = CsvExampleGen(str(data))
    statistics_gen = StatisticsGen(example_gen.outputs["examples"])
    schema_gen = SchemaGen(statistics_gen.outputs["statistics"])
    validator = ExampleValidator(statistics_gen.outputs["statistics"], schema_gen.outputs["schema"])
    importer = Importer(
        source_uri=str(ROOT / "pipelines" / "taxi"), artifact_type=Schema, custom_properties={"by": "hand"}
    ).with_id("imported")
    resolver = Resolver(strategy_class=LatestArtifactStrategy, schema=Channel(type=Schema)).with_id("latest")
    for node in (importer, schema_gen):
        resolver.add_upstream_node(node)
    number = Number(value=1)
    nodes = [example_gen, statistics_gen, schema_gen, validator, importer, resolver, number]
    nodes.append(AddOne(number=number.outputs["number"]))
    return Pipeline(
        "small",
        str(home / "pipelines"),
        components=nodes,
        enable_cache=True,
        metadata_connection_config=sqlite_metadata_connection_config(str(home / "metadata.sqlite")),
        beam_pipeline_args=["--runner=FnApiRunner"],
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    trips = (ROOT / "data" / "taxi" / "trips-2013.csv").read_text().splitlines(keepends=True)
    (folder / "trips.csv").write_text("".join(trips[: ROWS + 1]))
    return folder


def records_of(runner: IrBasedRunner, data: Path, home: Path) -> list[str]:
    """What two runs leave in the store; the second finds everything in the cache."""
    for _ in range(2):
        runner.run(create_pipeline(data, home))
    return list(Records(home).lines())


def test_the_records_are_those_of_stock_tfx(data: Path, tmp_path: Path) -> None:
    homes = {name: tmp_path / name for name in ("stock", "headrace")}
    for home in homes.values():
        home.mkdir()
    stock = records_of(LocalDagRunner(), data, homes["stock"])
    headrace = records_of(HeadraceDagRunner(Settings(home=homes["headrace"])), data, homes["headrace"])
    assert "execution second AddOne: tests.small_components.AddOne, CACHED" in stock
    difference = difflib.unified_diff(stock, headrace, "stock TFX", "Headrace", n=4, lineterm="")
    assert stock == headrace, "\n" + "\n".join(difference)


class Records:
    """All that a store holds, as text without what no two runs share: ids, times, names of runs and of homes."""

    def __init__(self, home: Path) -> None:
        self.store = MetadataStore.open(home / "metadata.sqlite").handle
        runs = sorted(self.store.get_contexts_by_type("pipeline_run"), key=lambda run: run.id)
        self.names = {str(home): "HOME"} | {run.name: name for run, name in zip(runs, ("first", "second"), strict=True)}
        self.run_of = {
            execution.id: self.names[run.name]
            for run in runs
            for execution in self.store.get_executions_by_context(run.id)
        }

    def lines(self) -> Iterator[str]:
        """One fact a line, in an order that does not depend on which node was the quicker."""
        for kind in ("artifact", "execution", "context"):
            types = getattr(self.store, f"get_{kind}_types")()
            for one in sorted(types, key=lambda one: one.name):
                yield f"{kind} type {one.name} {self._type(one)}"
        for kind in ("context", "artifact", "execution"):
            blocks = sorted(list(getattr(self, f"_{kind}")(one)) for one in getattr(self.store, f"get_{kind}s")())
            for block in blocks:
                yield from block

    def _type(self, one: Any) -> str:
        properties = {name: mlmd.PropertyType.Name(value) for name, value in sorted(one.properties.items())}
        base = f" is a {one.base_type}" if hasattr(one, "base_type") else ""
        return f"{one.version!r} {one.description!r} {properties}{base}"

    def _context(self, context: mlmd.Context) -> Iterator[str]:
        yield f"context {self._context_name(context)}"
        yield from self._values(context)
        yield from self._list("parent", map(self._context_name, self.store.get_parent_contexts_by_context(context.id)))

    def _artifact(self, artifact: mlmd.Artifact) -> Iterator[str]:
        yield f"artifact {self._artifact_name(artifact)}, {mlmd.Artifact.State.Name(artifact.state)}"
        yield from self._values(artifact)
        contexts = self.store.get_contexts_by_artifact(artifact.id)
        yield from self._list("context", map(self._context_name, contexts))

    def _execution(self, execution: mlmd.Execution) -> Iterator[str]:
        contexts = self.store.get_contexts_by_execution(execution.id)
        [node] = [context.name.partition(".")[2] for context in contexts if context.type == "node"]
        state = mlmd.Execution.State.Name(execution.last_known_state)
        yield f"execution {self.run_of[execution.id]} {node}: {execution.type}, {state}"
        yield from self._values(execution)
        events = self.store.get_events_by_execution_ids([execution.id])
        yield from self._list("event", map(self._event, events))
        yield from self._list("context", map(self._context_name, contexts))

    def _event(self, event: mlmd.Event) -> str:
        [artifact] = self.store.get_artifacts_by_id([event.artifact_id])
        path = "/".join(str(getattr(step, step.WhichOneof("value"))) for step in event.path.steps)
        return f"{mlmd.Event.Type.Name(event.type)} {path}: {self._artifact_name(artifact)}"

    def _artifact_name(self, artifact: mlmd.Artifact) -> str:
        uri = self._plain(artifact.uri)
        if uri.startswith("HOME/"):  # its folder is called after the id of the execution that made it
            uri = re.sub(r"(?<=/)\d+(?=/|$)", lambda found: self.run_of[int(found[0])], uri)
        return f"{artifact.type} {self._plain(artifact.name)!r} at {uri}"

    def _context_name(self, context: mlmd.Context) -> str:
        return f"{context.type} {'' if context.type == CACHE_CONTEXT else self._plain(context.name)!r}"

    def _values(self, one: mlmd.Artifact | mlmd.Context | mlmd.Execution) -> Iterator[str]:
        for kind in ("properties", "custom_properties"):
            for name, value in sorted(getattr(one, kind).items()):
                if not name.startswith("headrace_"):
                    yield self._plain(f"    {kind} {name}: {' '.join(str(value).split())}")

    def _list(self, name: str, ones: Iterable[str]) -> Iterator[str]:
        yield from (f"    {name} {one}" for one in sorted(ones))

    def _plain(self, text: str) -> str:
        for found, name in self.names.items():
            text = text.replace(found, name)
        return text
