"""Writes to a metadata store what TFX writes, for tests of what reads it."""

from collections.abc import Mapping

from ml_metadata.errors import NotFoundError
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore, Property, State
from headrace.metadata.records import RESOLVER

INPUT, OUTPUT, FOUND = mlmd.Event.INPUT, mlmd.Event.OUTPUT, mlmd.Event.INTERNAL_OUTPUT


def record_run(store: MetadataStore, pipeline: str, run_id: str) -> int:
    """The id of the context of a run, made where it is missing."""
    run, parent = _context(store, "pipeline_run", run_id), _context(store, "pipeline", pipeline)
    if not store.handle.get_parent_contexts_by_context(run):
        store.handle.put_parent_contexts([mlmd.ParentContext(child_id=run, parent_id=parent)])
    return run


def record_artifact(store: MetadataStore, type_name: str, uri: str, **properties: Property) -> int:
    """The id of a new artifact."""
    type_id = store.handle.put_artifact_type(mlmd.ArtifactType(name=type_name))
    artifact = mlmd.Artifact(type_id=type_id, uri=uri, state=mlmd.Artifact.LIVE)
    for name, value in properties.items():
        artifact.custom_properties[name].CopyFrom(_value(value))
    [artifact_id] = store.handle.put_artifacts([artifact])
    return int(artifact_id)


def record_execution(
    store: MetadataStore,
    pipeline: str,
    run_id: str,
    node: str,
    state: State = State.COMPLETE,
    inputs: Mapping[str, list[int]] | None = None,
    outputs: Mapping[str, list[int]] | None = None,
    type_name: str = "",
) -> int:
    """The id of a new execution, in the contexts TFX puts it in, with events by key and index."""
    execution_id = record_execution_of_no_run(store, pipeline, node, state, type_name)
    association = mlmd.Association(execution_id=execution_id, context_id=record_run(store, pipeline, run_id))
    store.handle.put_attributions_and_associations([], [association])
    record_events(store, execution_id, INPUT, inputs or {})
    record_events(store, execution_id, OUTPUT, outputs or {})
    return execution_id


def record_choice(store: MetadataStore, pipeline: str, run_id: str, node: str, found: Mapping[str, list[int]]) -> int:
    """The id of a new execution of a resolver that found these artifacts."""
    execution_id = record_execution(store, pipeline, run_id, node, type_name=RESOLVER)
    record_events(store, execution_id, FOUND, found)
    return execution_id


def record_events(store: MetadataStore, execution_id: int, kind: int, by_key: Mapping[str, list[int]]) -> None:
    """Events of this kind between an execution and artifacts, by key and index."""
    for key, artifacts in by_key.items():
        for index, artifact in enumerate(artifacts):
            path = mlmd.Event.Path(steps=[mlmd.Event.Path.Step(key=key), mlmd.Event.Path.Step(index=index)])
            store.handle.put_events([mlmd.Event(execution_id=execution_id, artifact_id=artifact, type=kind, path=path)])


def record_execution_of_no_run(
    store: MetadataStore, pipeline: str, node: str, state: State, type_name: str = ""
) -> int:
    """The id of a new execution, in the contexts TFX puts one of an ASYNC pipeline in."""
    type_id = store.handle.put_execution_type(mlmd.ExecutionType(name=type_name or f"components.{node}"))
    execution = mlmd.Execution(type_id=type_id, last_known_state=mlmd.Execution.State.Value(state))
    [execution_id] = store.handle.put_executions([execution])
    contexts = [_context(store, "pipeline", pipeline), _context(store, "node", f"{pipeline}.{node}")]
    store.handle.put_attributions_and_associations(
        [], [mlmd.Association(execution_id=execution_id, context_id=one) for one in contexts]
    )
    return int(execution_id)


def record_node(
    store: MetadataStore, run_id: str, node: str, state: State = State.COMPLETE, **properties: Property
) -> int:
    """The id of a new execution of a run of the pipeline taxi, with properties that Headrace adds to it."""
    execution_id = record_execution(store, "taxi", run_id, node, state)
    store.annotate(execution_id, {f"headrace_{name}": value for name, value in properties.items()})
    return execution_id


def _context(store: MetadataStore, type_name: str, name: str) -> int:
    try:
        found = store.handle.get_context_by_type_and_name(type_name, name)
    except NotFoundError:
        found = None
    if found:
        return int(found.id)
    type_id = store.handle.put_context_type(mlmd.ContextType(name=type_name))
    [context_id] = store.handle.put_contexts([mlmd.Context(type_id=type_id, name=name)])
    return int(context_id)


def _value(value: Property) -> mlmd.Value:
    match value:
        case bool():
            return mlmd.Value(bool_value=value)
        case int():
            return mlmd.Value(int_value=value)
        case float():
            return mlmd.Value(double_value=value)
        case _:
            return mlmd.Value(string_value=value)
