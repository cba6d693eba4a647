"""Runs a part of a pipeline, on what an earlier run made; recorded as TFX records partial runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tfx.dsl.io import fileio
from tfx.orchestration.portable import partial_run_utils
from tfx.proto.orchestration.pipeline_pb2 import NodeExecutionOptions, Pipeline, PipelineNode

from headrace.errors import UnknownNameError, UserError, typed
from headrace.metadata import Execution, MetadataStore, Run
from headrace.metadata.properties import BASIS, SKIPPED
from headrace.metadata.records import LIVE
from headrace.orchestration.basis import Basis
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.graph import GraphNode, every_node, own_nodes
from headrace.orchestration.refusals import NoEarlierRunError, NoSuchNodeError, NothingToResumeError
from headrace.orchestration.request import RunRequest

_REQUIRED = NodeExecutionOptions.Skip.REQUIRED
_NEVER = NodeExecutionOptions.Skip.NEVER


@dataclass(frozen=True)
class Part:
    """A part of a pipeline, marked to be run."""

    base: Run | None  # the run that the rest is taken from; None where nothing is
    read_again: frozenset[str] = frozenset()  # nodes that succeeded in a run to resume, and whose data changed since

    @property
    def base_id(self) -> str:
        """The id of the run that the rest is taken from, or empty."""
        return self.base.id if self.base else ""


def mark_part(
    pipeline: Pipeline, nodes: Sequence[GraphNode], request: RunRequest, store: MetadataStore, basis: Basis
) -> Part:
    """Marks the nodes to run and those to reuse; records nothing.

    Args:
        pipeline: the pipeline; it is changed in place.
        nodes: its graph.
        request: which part.
        store: what was recorded so far.
        basis: what a whole run would start from now. What is resumed reads again what changed since, such as data
            that were put right: code that was edited counts for the nodes that are run, as it always does.

    Raises:
        UserError: there is no such node, nothing to run or to resume, or no run to take the rest from.
    """
    name = pipeline.pipeline_info.id
    next_step = request.command or typed("headrace", "run", name)
    known = [node.pipeline_node.node_info.id for node in pipeline.nodes if node.WhichOneof("node") == "pipeline_node"]
    for node in (*request.from_nodes, *request.to_nodes):
        if node not in known:
            raise NoSuchNodeError.among("node", node, known, where=f"pipeline {name}", next_step=request.naming_nodes)
    if request.resume and (why := why_not_resumed(pipeline)):
        raise UserError(f"no run of {name} can be resumed", why=why, next_step=next_step)
    runs = store.runs(name)
    if request.base_run:
        runs = [run for run in runs if run.id == request.base_run]
        if not runs:
            ids = [run.id for run in store.runs(name)]
            raise UnknownNameError.among("run", request.base_run, ids, where=f"pipeline {name}")
    from_nodes, read_again = list(request.from_nodes), frozenset[str]()
    if request.resume:
        runs = [run for run in runs if request.resumed_run in ("", run.id)][:1]
        if not runs:
            what = f"there is no earlier run of {name}"
            raise NoEarlierRunError(what, why="there is nothing to resume", next_step=next_step)
        succeeded = succeeded_nodes(store, runs[0])
        left = {node for node in known if node not in succeeded or node in request.from_nodes}
        if not left:
            what = f"the last run of {name} succeeded"
            raise NothingToResumeError(what, why="there is nothing to resume", next_step=next_step)
        if recorded := str(runs[0].properties.get(BASIS, "")):
            read_again = basis.nodes_to_read_again(recorded) - left
        from_nodes = [node for node in known if node in left | read_again]
    try:
        partial_run_utils.mark_pipeline(pipeline, from_nodes=from_nodes or None, to_nodes=request.to_nodes or None)
    except ValueError as error:  # an ASYNC pipeline
        raise UserError(f"TFX cannot run a part of {name}", why=str(error), next_step=next_step) from error
    _mark_sub_pipelines(pipeline)
    if all(node.is_outside for node in nodes):
        raise UserError(
            f"there is nothing to run in {name}",
            why=f"nothing of {_words(request.to_nodes)} depends on {_words(request.from_nodes)}",
            next_step=next_step,
        )
    return Part(_choose_base(pipeline, nodes, store, runs, next_step), read_again)


def why_not_resumed(pipeline: Pipeline) -> str:
    """Why no run of a pipeline can be resumed; empty if one can."""
    if pipeline.execution_mode != Pipeline.SYNC:
        return "it is ASYNC, and TFX runs parts of SYNC pipelines only"
    if any(node.WhichOneof("node") == "sub_pipeline" for node in pipeline.nodes):
        return "it has a sub-pipeline, which cannot be taken from an earlier run"
    return ""


def take_over(pipeline: Pipeline, part: Part, store: MetadataStore) -> None:
    """Makes what is reused a part of the run, as TFX does."""
    if part.base is None:
        return
    partial_run_utils.set_base_pipeline_run_strategy(pipeline.runtime_spec.snapshot_settings, part.base.id)
    with SharedMetadata(store) as connection:
        partial_run_utils.snapshot(connection, pipeline)


def is_whole(nodes: Iterable[GraphNode], basis: Basis, part: Part, store: MetadataStore) -> bool:
    """Whether a marked run comes to the same as a whole one.

    That is: what is not run succeeded in the run it is taken from, where it was made of what it would be made of now.
    """
    recorded = str(part.base.properties.get(BASIS, "")) if part.base else ""
    if not part.base or not recorded:
        return False
    good = succeeded_nodes(store, part.base) - basis.stale_nodes(recorded)
    return all(node.id in good and node.is_reused for node in nodes if node.is_outside)


def _choose_base(
    pipeline: Pipeline, nodes: Sequence[GraphNode], store: MetadataStore, runs: Sequence[Run], next_step: str
) -> Run | None:
    """The newest run that has all that the part needs, or None; of what it lacks, nothing is marked to be reused."""
    required = {node.node_info.id for node in own_nodes(pipeline) if _mode(node) == _REQUIRED}
    for run in runs:
        succeeded = succeeded_nodes(store, run)
        lacking = required - succeeded
        if lacking <= skipped_nodes(store, run) and _can_do_without(nodes, lacking):
            _never_reuse(pipeline, keep=succeeded)
            return run
    if required:
        name, needs = pipeline.pipeline_info.id, f"needed: {', '.join(sorted(required))}"
        if not runs:
            why = f"a part of a run takes the rest from one; {needs}"
            raise UserError(f"there is no earlier run of {name}", why=why, next_step=next_step)
        what = f"no run of {name} has made all that this part needs, or it was removed"
        if nested := [inner for begin, inner in _sub_pipelines(pipeline).items() if begin in required]:
            what = f"this part of {name} cannot be run"
            needs = f"it needs the sub-pipeline {nested[0]}, which cannot be taken from an earlier run"
        raise UserError(what, why=needs, next_step=next_step)
    _never_reuse(pipeline, keep=())
    return None


def _can_do_without(nodes: Iterable[GraphNode], lacking: Iterable[str]) -> bool:
    """Whether all nodes that are run can do without the outputs of these."""
    without = frozenset(lacking)
    return not any(ones <= without for node in nodes if not node.is_outside for ones in node.needs)


def _never_reuse(pipeline: Pipeline, keep: Iterable[str]) -> None:
    kept = frozenset(keep)
    for node in every_node(pipeline.nodes):
        if node.execution_options.HasField("skip") and node.node_info.id not in kept:
            node.execution_options.skip.reuse_artifacts_mode = _NEVER


def _mark_sub_pipelines(pipeline: Pipeline) -> None:
    """TFX marks the first node of a sub-pipeline alone."""
    for one in pipeline.nodes:
        if one.WhichOneof("node") == "sub_pipeline":
            first, *others = one.sub_pipeline.nodes
            if first.pipeline_node.execution_options.HasField("skip"):
                for node in every_node(others):
                    node.execution_options.skip.CopyFrom(first.pipeline_node.execution_options.skip)


def _sub_pipelines(pipeline: Pipeline) -> dict[str, str]:
    """The names of the sub-pipelines, by the id of the node that each begins with."""
    inner = [one.sub_pipeline for one in pipeline.nodes if one.WhichOneof("node") == "sub_pipeline"]
    return {one.nodes[0].pipeline_node.node_info.id: one.pipeline_info.id for one in inner}


def _mode(node: PipelineNode) -> int:
    return int(node.execution_options.skip.reuse_artifacts_mode)


def _words(nodes: Sequence[str]) -> str:
    return ", ".join(nodes) or "the pipeline"


def succeeded_nodes(store: MetadataStore, run: Run) -> set[str]:
    """The nodes of a run that succeeded, and whose outputs are still there."""
    succeeded = [execution for execution in store.executions(run) if execution.state.succeeded]
    return {execution.node for execution in succeeded if _is_there(store, execution)}


def skipped_nodes(store: MetadataStore, run: Run) -> set[str]:
    """The nodes of a run that were skipped on purpose."""
    return {execution.node for execution in store.executions(run) if SKIPPED in execution.properties}


def _is_there(store: MetadataStore, execution: Execution) -> bool:
    """Whether nothing that it made was removed."""
    made = [one for outputs in store.outputs(execution.id).values() for one in outputs]
    return all(one.state == LIVE and (not one.uri or "://" in one.uri or fileio.exists(one.uri)) for one in made)
