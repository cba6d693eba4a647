"""Runs small pipelines in this process, all on one warm server, each test in a home of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline, RunOptions

from headrace.errors import HeadraceError
from headrace.metadata import Execution, MetadataStore, Run
from headrace.orchestration import HeadraceDagRunner, RunOutcome
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings


@dataclass(frozen=True)
class Ran:
    """A run, as it was returned, refused or recorded."""

    store: MetadataStore
    run: Run | None
    outcome: RunOutcome | None
    error: HeadraceError | None

    @property
    def executions(self) -> list[Execution]:
        return self.store.executions(self.run)

    def of(self, node: str) -> list[Execution]:
        """A node's executions, in order."""
        return [execution for execution in self.executions if execution.node == node]

    def value(self, node: str, key: str) -> list[str]:
        """What a node's executions wrote to a value artifact."""
        artifacts = [artifact for one in self.of(node) for artifact in self.store.outputs(one.id)[key]]
        return [Path(artifact.uri).read_text() for artifact in artifacts]

    @property
    def states(self) -> dict[str, NodeState]:
        assert self.outcome is not None
        return {node.node: node.state for node in self.outcome.nodes}


RunPipeline = Callable[..., Ran]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def run_pipeline(settings: Settings) -> RunPipeline:
    def run(
        name: str,
        components: Sequence[BaseNode],
        request: RunRequest | None = None,
        max_parallel: int | None = 2,
        run_options: RunOptions | None = None,
        **options: Any,
    ) -> Ran:
        pipeline = Pipeline(name, str(settings.pipeline_root(name)), components=list(components), **options)
        outcome, error = None, None
        try:
            runner = HeadraceDagRunner(settings.model_copy(update={"max_parallel": max_parallel}))
            outcome = runner.run(pipeline, run_options, request=request)
        except HeadraceError as raised:
            error = raised
        store = MetadataStore.of_project(settings)
        return Ran(store, next(iter(store.runs(name)), None), outcome, error)

    return run
