"""What the names of TFX's contexts tell: which pipeline a run is of, which node an execution is of."""

from collections.abc import Collection, Sequence

# Names that TFX gives its context types.
PIPELINE, PIPELINE_RUN, NODE = "pipeline", "pipeline_run", "node"


def pipeline_of(run_id: str, parents: Sequence[str], node_contexts: Collection[str]) -> str | None:
    """The pipeline of a run; None for what is a sub-pipeline's part of another run.

    Args:
        run_id: the name of the run's context. TFX names a sub-pipeline's part "sub-pipeline_run".
        parents: the pipelines that are its parents; TFX makes a run's parents all that are around one node.
        node_contexts: the names of all contexts of nodes.
    """
    inner = {one for one in parents if any(f"{other}.{one}" in node_contexts for other in parents if other != one)}
    if any(run_id.startswith(f"{one}_") for one in inner):
        return None
    return next((one for one in parents if one not in inner), "")


def node_of(node_contexts: Sequence[str], pipelines: Sequence[str]) -> tuple[str, str]:
    """The pipeline that runs, and the node in it, of an execution.

    Args:
        node_contexts: the names of its contexts of nodes, each "pipeline.node"; several where it is in a
            sub-pipeline, which is a node of the pipeline around it. Either part may have dots in it.
        pipelines: the names of all pipelines.

    Returns:
        ("taxi", "Trainer"), or ("taxi", "inner.Trainer") for the node of a sub-pipeline.
    """
    nodes = dict(_parts(name, pipelines) for name in node_contexts)
    outermost = next((one for one in nodes if one not in nodes.values()), "")
    path, pipeline = [], outermost
    while pipeline in nodes:
        pipeline = nodes.pop(pipeline)
        path.append(pipeline)
    return outermost, ".".join(path)


def _parts(name: str, pipelines: Sequence[str]) -> tuple[str, str]:
    known = [one for one in pipelines if name.startswith(f"{one}.")]
    pipeline = max(known, key=len) if known else name.partition(".")[0]
    return pipeline, name[len(pipeline) + 1 :]
