"""Executions as records: which pipeline, node and run each is of, their contexts tell."""

from collections.abc import Sequence
from dataclasses import replace

from ml_metadata.metadata_store import ListOptions, OrderByField, metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata.context_lookup import contexts_of_type
from headrace.metadata.contexts import NODE, PIPELINE, PIPELINE_RUN, node_of
from headrace.metadata.messages import properties_of
from headrace.metadata.other_runs import RUN_TYPES, names_of, run_id_of, state_of
from headrace.metadata.records import Execution, time_of

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
    records = [
        Execution(
            execution.id,
            names[execution.id][1],
            execution.type,
            state_of(execution),
            time_of(execution.create_time_since_epoch),
            time_of(execution.last_update_time_since_epoch),
            properties_of(execution),
            names[execution.id][0],
            names[execution.id][2],
        )
        for execution in sorted(executions, key=lambda one: one.id)
    ]
    return [_named_otherwise(one) if named and not one.node else one for one in records]


def _named_otherwise(execution: Execution) -> Execution:
    """An execution in no context of a node, as others than today's TFX record them."""
    pipeline, node, run = names_of(execution)
    return replace(execution, pipeline=execution.pipeline or pipeline, node=node, run=execution.run or run)


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
            of_others = [run_id_of(context) for context in contexts if context.type in RUN_TYPES]
            runs[execution_id] = min(of_runs or of_others, key=len, default="")  # not that of a sub-pipeline's part
    else:
        for context in contexts_of_type(handle, NODE):
            for execution in handle.get_executions_by_context(context.id):
                if execution.id in names:
                    names[execution.id].append(context.name)
        for context in contexts_of_type(handle, PIPELINE_RUN) if with_runs else ():
            for execution in handle.get_executions_by_context(context.id):
                known = runs.get(execution.id)
                runs[execution.id] = context.name if known is None else min(known, context.name, key=len)
        for context in (one for kind in RUN_TYPES for one in contexts_of_type(handle, kind)) if with_runs else ():
            for execution in handle.get_executions_by_context(context.id):
                runs.setdefault(execution.id, run_id_of(context))
    pipelines = [context.name for context in contexts_of_type(handle, PIPELINE)]
    return {one: (*node_of(own, pipelines), runs.get(one, "")) for one, own in names.items()}
