"""A pipeline of one component and the importers of its inputs, run by Headrace's runner."""

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration.pipeline import Pipeline
from tfx.types import BaseChannel
from tfx.types.channel_utils import union

from headrace.errors import HeadraceError, ParameterError, RunCanceledError, RunFailedError
from headrace.metadata import Execution, MetadataStore
from headrace.orchestration.output import quietly
from headrace.orchestration.run_records import failure_of_execution
from headrace.orchestration.runner import HeadraceDagRunner
from headrace.settings import ORCHESTRATOR_LOG, Settings, node_log_name
from headrace.testing.arguments import MakesComponent, arguments_of
from headrace.testing.artifacts import GivenArtifact
from headrace.testing.making import make
from headrace.testing.results import ComponentResult, Output, Outputs, failed


def run_one_node(component: MakesComponent, given: Mapping[str, Any], home: Path) -> ComponentResult:
    """Runs a component with what is given for its arguments, in a home of its own; see `run_component`."""
    arguments = arguments_of(component, given)
    importers = {
        name: [
            _importer(f"given_{name}_{index}", one, home / "given" / name / str(index))
            for index, one in enumerate(artifacts)
        ]
        for name, artifacts in arguments.inputs.items()
    }
    node = component(**arguments.parameters, **{name: _channel(ones) for name, ones in importers.items()})
    if not isinstance(node, BaseComponent):
        raise ParameterError(
            f"{getattr(component, '__name__', component)} makes no component", why=f"it makes a {type(node).__name__}"
        )
    settings = Settings.load().model_copy(update={"home": home, "metadata": None})  # nor a store on a server
    name = f"test_{node.id}"
    nodes = [*(one for ones in importers.values() for one in ones), node]
    _run(Pipeline(name, str(settings.pipeline_root(name)), components=nodes), settings)
    store = MetadataStore.open(settings.metadata_path)
    [run] = store.runs(name)
    folder = settings.log_folder(name, run.id)
    execution = store.latest(name, run.id, node.id)
    if execution is None:
        log = folder / ORCHESTRATOR_LOG
        raise HeadraceError(f"{node.id} was not run", where=str(log), why=log.read_text(errors="replace"))
    return _result(node, execution, store, folder / node_log_name(node.id))


def _importer(node_id: str, given: GivenArtifact, place: Path) -> Importer:
    made = make(given, place)
    return Importer(
        source_uri=str(made.uri),
        artifact_type=given.type,
        properties=dict(made.properties),
        custom_properties=dict(made.custom_properties),
    ).with_id(node_id)


def _channel(importers: Sequence[Importer]) -> BaseChannel:
    channels = [one.outputs["result"] for one in importers]
    return channels[0] if len(channels) == 1 else union(channels)


def _run(pipeline: Pipeline, settings: Settings) -> None:
    try:
        # What the run shows is for a person at a terminal, and names commands for a home that is soon gone.
        with quietly(), redirect_stdout(io.StringIO()), suppress(RunFailedError):
            HeadraceDagRunner(settings).run(pipeline)
    except RunCanceledError as error:
        raise KeyboardInterrupt from error  # for the test runner, whose signal the run took


def _result(node: BaseComponent, execution: Execution, store: MetadataStore, log: Path) -> ComponentResult:
    failure = failure_of_execution(execution)
    outputs = {
        key: Output(artifact.type, artifact.uri, artifact.properties, node.outputs[key].type)
        for key, [artifact] in store.outputs(execution.id).items()
    }
    return ComponentResult(
        node.id,
        execution.state,
        failure,
        Outputs(outputs, failed(node.id, failure) if failure else None),
        execution.properties,
        log.read_text(errors="replace") if log.exists() else "",
    )
