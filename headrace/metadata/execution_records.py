"""Executions as records: which pipeline, node and run each is of, their contexts tell."""

from collections.abc import Sequence

from ml_metadata.metadata_store import ListOptions, OrderByField, metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata.context_lookup import contexts_of_type
from headrace.metadata.contexts import NODE, PIPELINE, PIPELINE_RUN, node_of
from headrace.metadata.messages import properties_of
from headrace.metadata.records import Execution, State, time_of

_READS_A_CALL = 20  # executions that can be read in bulk in the time of one call


def execution_records(
    handle: metadata_store.MetadataStore,
    executions: Sequence[mlmd.Execution],
    *,
    named: bool = True,
    with_runs: bool = True,
) -> list[Execution]:
    """Executions as records, in the order they were registered.

    Args:
        handle: of the store, which nobody else uses meanwhile.
        executions: of which.
        named: look for their pipeline, node and run; without, these are empty.
        with_runs: look for their run; without, it may be empty.
    """
    ids = [execution.id for execution in executions]
    names = _names(handle, ids, with_runs=with_runs) if named else dict.fromkeys(ids, ("", "", ""))
    return [
        Execution(
            execution.id,
            names[execution.id][1],
            execution.type,
            State(mlmd.Execution.State.Name(execution.last_known_state)),
            time_of(execution.create_time_since_epoch),
            time_of(execution.last_update_time_since_epoch),
            properties_of(execution),
            names[execution.id][0],
            names[execution.id][2],
        )
        for execution in sorted(executions, key=lambda one: one.id)
    ]


def _names(
    handle: metadata_store.MetadataStore, execution_ids: Sequence[int], *, with_runs: bool
) -> dict[int, tuple[str, str, str]]:
    """The pipeline, the node and the run of each execution."""
    if not execution_ids:
        return {}
    names: dict[int, list[str]] = {execution_id: [] for execution_id in execution_ids}
    runs: dict[int, str] = {}
    newest = handle.get_executions(ListOptions(limit=1, order_by=OrderByField.ID, is_asc=False))
    # One call an execution asked for, or one a node, which reads all executions there are: whichever costs less.
    if len(names) * _READS_A_CALL < newest[0].id:
        for execution_id in names:
            contexts = handle.get_contexts_by_execution(execution_id)
            names[execution_id] = [context.name for context in contexts if context.type == NODE]
            of_runs = [context.name for context in contexts if context.type == PIPELINE_RUN]
            runs[execution_id] = min(of_runs, key=len, default="")  # not that of a sub-pipeline's part
    else:
        for context in contexts_of_type(handle, NODE):
            for execution in handle.get_executions_by_context(context.id):
                if execution.id in names:
                    names[execution.id].append(context.name)
        for context in contexts_of_type(handle, PIPELINE_RUN) if with_runs else ():
            for execution in handle.get_executions_by_context(context.id):
                known = runs.get(execution.id)
                runs[execution.id] = context.name if known is None else min(known, context.name, key=len)
    pipelines = [context.name for context in contexts_of_type(handle, PIPELINE)]
    return {one: (*node_of(own, pipelines), runs.get(one, "")) for one, own in names.items()}
