"""A trace as a tree for the terminal: what it is, what made that, what that read."""

from rich.tree import Tree

from headrace.lineage.evaluations import PUSHED
from headrace.lineage.facts import step_of
from headrace.lineage.shown import UNKNOWN
from headrace.lineage.trace import MODEL, Trace
from headrace.metadata.records import Artifact, Execution

_BEST = (PUSHED, MODEL)  # what people look for in a run


def tree_of(trace: Trace) -> Tree:
    """The trace's artifacts and executions; what was shown once is named again without its past."""
    tree = Tree(trace.title)
    shown: set[int] = set()
    for artifact in _roots(trace):
        _add(tree, "", artifact, trace, shown)
    return tree


def _roots(trace: Trace) -> list[Artifact]:
    """The artifact itself; of a run what was pushed, or its models, or what nothing in it read."""
    starts = [trace.graph.artifacts[one] for one in trace.starts]
    for kind in _BEST:
        if best := [one for one in starts if one.type == kind]:
            return best
    return [one for one in starts if not trace.graph.consumers(one.id)]


def _add(tree: Tree, key: str, artifact: Artifact, trace: Trace, shown: set[int]) -> None:
    graph, producer = trace.graph, trace.graph.producer(artifact.id)
    name = f"{key}: {artifact.type} {artifact.id}" if key else f"{artifact.type} {artifact.id}"
    if artifact.id in shown:
        tree.add(f"{name} (above)")
        return
    shown.add(artifact.id)
    branch = tree.add(f"{name}  {artifact.properties.get('pushed_destination') or artifact.uri}")
    if producer is None:
        return
    step = branch.add(_step_text(producer))
    for its_key, inputs in graph.inputs(producer.id).items():
        for one in inputs:
            _add(step, its_key, one, trace, shown)
    for data in trace.inputs:
        if data.execution == producer.id:
            for split in data.splits:
                rows = UNKNOWN if split.rows is None else f"{split.rows:,}"
                files = split.pattern or UNKNOWN if split.files is None else ", ".join(one.path for one in split.files)
                step.add(f"{split.split}: {rows} rows of {files}")


def _step_text(execution: Execution) -> str:
    step = step_of(execution)
    took = "" if step.seconds is None else f", {step.seconds:.1f} s"
    return f"{step.node} ({step.run or f'run {UNKNOWN}'}, execution {step.execution}{took})"
