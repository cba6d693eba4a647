"""Runs a part of a pipeline, on what an earlier run made; recorded as TFX records partial runs."""

from collections.abc import Iterable
from dataclasses import dataclass

from tfx.orchestration.portable import partial_run_utils
from tfx.proto.orchestration.pipeline_pb2 import NodeExecutionOptions, Pipeline

from headrace.errors import UnknownNameError, UserError, typed
from headrace.metadata import Execution, MetadataStore, Run
from headrace.metadata.properties import BASIS
from headrace.metadata.records import LIVE
from headrace.orchestration.basis import Basis
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.request import RunRequest

_REQUIRED = NodeExecutionOptions.Skip.REQUIRED


@dataclass(frozen=True)
class Part:
    """A part of a pipeline, marked to be run."""

    base: Run  # the run that the rest is taken from
    read_again: frozenset[str] = frozenset()  # nodes that succeeded in a run to resume, and whose data changed since


def mark_part(pipeline: Pipeline, request: RunRequest, store: MetadataStore, basis: Basis) -> Part:
    """Marks the nodes to run and those to reuse, and makes what is reused part of this run.

    Args:
        pipeline: the pipeline; it is changed in place.
        request: which part.
        store: what was recorded so far.
        basis: what a whole run would start from now. What is resumed reads again what changed since, such as data
            that were put right: code that was edited counts for the nodes that are run, as it always does.

    Raises:
        UserError: there is no such node, nothing to resume, or no run to take the rest from.
    """
    name, next_step = pipeline.pipeline_info.id, typed("headrace", "run", pipeline.pipeline_info.id)
    nodes = [node.pipeline_node.node_info.id for node in pipeline.nodes if node.WhichOneof("node") == "pipeline_node"]
    for node in (*request.from_nodes, *request.to_nodes):
        if node not in nodes:
            raise UnknownNameError.among("node", node, nodes, where=f"pipeline {name}")
    runs = store.runs(name)
    if not runs:
        raise UserError(
            f"there is no earlier run of {name}", why="a part of a run takes the rest from one", next_step=next_step
        )
    from_nodes, read_again = list(request.from_nodes), frozenset[str]()
    if request.resume:
        runs = [run for run in runs if request.resumed_run in ("", run.id)][:1]
        succeeded = succeeded_nodes(store, runs[0])
        left = {node for node in nodes if node not in succeeded or node in request.from_nodes}
        if not left:
            raise UserError(f"the last run of {name} succeeded", why="there is nothing to resume", next_step=next_step)
        if recorded := str(runs[0].properties.get(BASIS, "")):
            read_again = basis.nodes_to_read_again(recorded) - left
        from_nodes = [node for node in nodes if node in left | read_again]
    try:
        partial_run_utils.mark_pipeline(pipeline, from_nodes=from_nodes or None, to_nodes=request.to_nodes or None)
    except ValueError as error:  # an ASYNC pipeline, or one with sub-pipelines
        raise UserError(f"TFX cannot run a part of {name}", why=str(error), next_step=next_step) from error
    base = _base_run(pipeline, store, runs)
    if base is None:
        raise UserError(
            f"no run of {name} has made all that this part needs, or it was removed",
            why=f"needed: {', '.join(sorted(_required(pipeline)))}",
            next_step=next_step,
        )
    partial_run_utils.set_base_pipeline_run_strategy(pipeline.runtime_spec.snapshot_settings, base.id)
    with SharedMetadata(store) as connection:
        partial_run_utils.snapshot(connection, pipeline)
    return Part(base, read_again)


def is_whole(nodes: Iterable[GraphNode], basis: Basis, base: Run, store: MetadataStore) -> bool:
    """Whether a marked run comes to the same as a whole one.

    That is: what is not run succeeded in the run it is taken from, where it was made of what it would be made of now.
    """
    recorded = str(base.properties.get(BASIS, ""))
    if not recorded:
        return False
    good = succeeded_nodes(store, base) - basis.stale_nodes(recorded)
    return all(node.id in good and not node.is_left_out for node in nodes if node.is_reused)


def _base_run(pipeline: Pipeline, store: MetadataStore, runs: Iterable[Run]) -> Run | None:
    """The newest run in which all that is reused succeeded, and is still there."""
    required = _required(pipeline)
    return next((run for run in runs if required <= succeeded_nodes(store, run)), None)


def _required(pipeline: Pipeline) -> set[str]:
    nodes = [node.pipeline_node for node in pipeline.nodes]
    return {node.node_info.id for node in nodes if node.execution_options.skip.reuse_artifacts_mode == _REQUIRED}


def succeeded_nodes(store: MetadataStore, run: Run) -> set[str]:
    """The nodes of a run that succeeded, and whose outputs are still there."""
    succeeded = [execution for execution in store.executions(run) if execution.state.succeeded]
    return {execution.node for execution in succeeded if _is_there(store, execution)}


def _is_there(store: MetadataStore, execution: Execution) -> bool:
    """Whether nothing that it made was removed."""
    return all(one.state == LIVE for outputs in store.outputs(execution.id).values() for one in outputs)
