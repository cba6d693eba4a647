"""Runs as others record them: TFX before 0.27, and Kubeflow Pipelines, which runs other things than TFX too.

Their contexts have other types, and what is of which node, pipeline and run stands in properties.
"""

from collections import Counter

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata.context_lookup import contexts_of_type
from headrace.metadata.messages import properties_of
from headrace.metadata.records import Execution, Run, State, time_of

# Of TFX before 0.27, of KFP's metadata writer, of KFP's second version.
RUN_TYPES = ("run", "KfpRun", "system.PipelineRun")
PIPELINE_TYPE = "system.Pipeline"  # of KFP's second version; the others have a property
_PIPELINE, _RUN, _STATE = "pipeline_name", "run_id", "state"
_NODE = ("component_id", "task_name", "display_name")
_STATES = {"new": State.NEW, "complete": State.COMPLETE, "cached": State.CACHED}  # of TFX before ML Metadata had any


def other_runs(handle: metadata_store.MetadataStore) -> list[Run]:
    """The runs that others recorded, in the order they were."""
    contexts = [context for kind in RUN_TYPES for context in contexts_of_type(handle, kind)]
    if not contexts:
        return []
    parents = {
        child.id: parent.name
        for parent in contexts_of_type(handle, PIPELINE_TYPE)
        for child in handle.get_children_contexts_by_context(parent.id)
    }
    ids = Counter(run_id_of(context) for context in contexts)
    found = []
    for context in sorted(contexts, key=lambda one: one.id):
        properties, run_id = properties_of(context), run_id_of(context)
        pipeline = str(properties.get(_PIPELINE) or parents.get(context.id, ""))
        own_id = run_id if ids[run_id] == 1 else context.name  # two pipelines may have runs of one id
        started = time_of(context.create_time_since_epoch)
        found.append(Run(own_id, pipeline, started, context.id, properties))
    return found


def run_id_of(context: mlmd.Context) -> str:
    """The id of the run that a context of another's is of."""
    return str(properties_of(context).get(_RUN) or context.name)


def names_of(execution: Execution) -> tuple[str, str, str]:
    """The pipeline, the node and the run of an execution in no context of a node, as its properties tell them."""
    own = execution.properties
    node = next((str(own[name]) for name in _NODE if own.get(name)), "")
    return str(own.get(_PIPELINE, "")), node or execution.type.rpartition(".")[2], str(own.get(_RUN, ""))


def state_of(execution: mlmd.Execution) -> State:
    """The state of an execution, which once was a property of its own."""
    state = State(mlmd.Execution.State.Name(execution.last_known_state))
    if state is State.UNKNOWN and _STATE in execution.properties:
        return _STATES.get(execution.properties[_STATE].string_value, state)
    return state
