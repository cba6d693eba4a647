"""The logs of a run, and where to look for the log of a node that did no work in it."""

from pathlib import Path
from typing import TYPE_CHECKING

from headrace.errors import UserError, typed

if TYPE_CHECKING:
    from headrace.orchestration.run_records import RunRecord


def logs_of(record: "RunRecord", folder: Path) -> dict[str, Path]:
    """The run's logs by node, in the order of its nodes, then the others."""
    from headrace.metadata import properties as names
    from headrace.settings import node_log_name

    recorded = {name: str(execution.properties.get(names.LOG, "")) for name, execution in record.nodes.items()}
    paths = {name: Path(path) if path else folder / node_log_name(name) for name, path in recorded.items()}
    rest = [path for path in sorted(folder.glob("*.log")) if path not in paths.values()]
    others = {path.name if path.stem in paths else path.stem: path for path in rest}
    return {name: path for name, path in {**others, **paths}.items() if path.is_file()}


def no_log(record: "RunRecord", node: str) -> UserError:
    """The error for a node of the run that has no log; names the run that did its work, where another did."""
    from headrace.orchestration.run_records import node_state

    state = node_state(record.nodes[node])
    made_in = _made_in(record, node)
    if made_in:
        why = f"it is {state}: what it hands on was made in run {made_in}"
        next_step = typed("headrace", "runs", "logs", made_in, node)
    else:
        why = f"it is {state}: it started no process, or the file was removed"
        next_step = typed("headrace", "runs", "logs", record.id)
    return UserError(f"{node} has no log in run {record.id}", why=why, next_step=next_step)


def _made_in(record: "RunRecord", node: str) -> str:
    """The run in which a node made what it hands on in this one; empty for this one, and where it is not recorded."""
    from headrace.metadata.graph import GraphReader

    execution = record.nodes[node]
    if record.store is None:
        return ""
    reader = GraphReader(record.store)
    made = reader.made_by([execution.id])
    reader.add_producers(made)
    graph = reader.graph()
    makers = {maker.id for one in made if (maker := graph.producer(one)) and maker.node == execution.node}
    if not makers or execution.id in makers:
        return ""
    runs = record.store.runs(record.pipeline)
    by_run = record.store.executions_of(runs)
    return next((run.id for run in runs if any(one.id in makers for one in by_run[run.id])), "")
