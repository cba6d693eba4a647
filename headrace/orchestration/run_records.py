"""The runs there were and are, from ML Metadata and the locks of those that go on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from headrace.metadata import Execution, MetadataStore, Run, State
from headrace.metadata import properties as names
from headrace.metadata.run_names import LATEST, resolve_run
from headrace.metadata.stores import Stores, in_several_stores
from headrace.orchestration.outcomes import Failure, NodeState, RunState
from headrace.orchestration.run_lock import KILLED, LockedRun, live_runs
from headrace.settings import Settings

RUNNING = "running"
_STATES = {
    State.UNKNOWN: "unknown",
    State.NEW: RUNNING,
    State.RUNNING: RUNNING,
    State.COMPLETE: NodeState.SUCCEEDED.value,
    State.FAILED: NodeState.FAILED.value,
    State.CACHED: NodeState.CACHED.value,
    State.CANCELED: NodeState.CANCELED.value,
}


@dataclass(frozen=True)
class RunRecord:
    """One run, with all its executions in the order they were registered."""

    id: str
    pipeline: str
    started: datetime
    state: RunState
    executions: tuple[Execution, ...] = ()
    store: MetadataStore | None = None  # that it is recorded in; None while nothing of it is recorded

    @property
    def seconds(self) -> float:
        """From its start to its end; to now, if it goes on; to the last sign of life, if it died."""
        if self.state is RunState.RUNNING:
            return (datetime.now(UTC) - self.started).total_seconds()
        return max([0.0, *((_last_sign(one) - self.started).total_seconds() for one in self.executions)])

    @property
    def nodes(self) -> dict[str, Execution]:
        """Of each node the execution that tells what came of it: its last, where it was tried again."""
        deciding: dict[str, Execution] = {}
        for execution in self.executions:
            before = deciding.get(execution.node)
            # Stopped while it was tried again, it has failed all the same.
            if not (before and before.state is State.FAILED and execution.state is State.CANCELED):
                deciding[execution.node] = execution
        return deciding

    @property
    def counts(self) -> dict[str, int]:
        """How many nodes are in each state."""
        return dict(Counter(node_state(execution) for execution in self.nodes.values()))


def node_state(execution: Execution) -> str:
    """An execution's state as people read it: a NodeState's text, "running" or "unknown"."""
    if execution.state is State.CANCELED and names.SKIPPED in execution.properties:
        return NodeState.SKIPPED.value
    return _STATES[execution.state]


def node_seconds(execution: Execution) -> float | None:
    """How long a node's process took, or its execution where it had none; None if nobody knows."""
    measured = execution.properties.get(names.WALL_SECONDS)
    if measured is not None:
        return float(measured)
    if node_state(execution) == RUNNING:
        return (datetime.now(UTC) - execution.started).total_seconds()
    return None if _died(execution) else execution.seconds


def failure_of_execution(execution: Execution) -> Failure | None:
    """The error on an execution, if there is one."""
    facts = (names.ERROR_KIND, names.ERROR_MESSAGE, names.ERROR_WHERE, names.ERROR_WHY, names.ERROR_NEXT)
    kind, message, where, why, next_step = (str(execution.properties.get(fact, "")) for fact in facts)
    return Failure(kind, message, where, why, next_step) if kind else None


def run_records(
    settings: Settings, stores: Stores, pipeline: str | None = None, limit: int | None = None
) -> list[RunRecord]:
    """The runs of a pipeline, or of all, the newest first; at most `limit` of them.

    A run that has registered nothing yet is there too; there may be no store yet.
    """
    known, live = _known(settings, stores)
    chosen = [one for one in known if pipeline in (None, one.run.pipeline)][:limit]
    executions = {
        store: store.executions_of(one.run for one in chosen if one.store is store and isinstance(one.run, Run))
        for store in stores.opened
    }
    return [_record(one, executions[one.store].get(one.id, []) if one.store else [], live) for one in chosen]


def find_run(settings: Settings, stores: Stores, name: str) -> RunRecord:
    """The run of an id, of a prefix that only one id has, or the "latest".

    Raises:
        UnknownNameError: there is none, or more than one.
        UserError: several stores have a run of that id.
    """
    known, live = _known(settings, stores)
    run_id = resolve_run(name, list(dict.fromkeys(one.id for one in known)))
    found = [one for one in known if one.id == run_id]
    if len(found) > 1 and name != LATEST:
        where = [(one.store, f"run of {one.run.pipeline}") for one in found if one.store]
        raise in_several_stores(f"run {run_id}", where)
    store, run = found[0].store, found[0].run
    executions = store.executions(run) if store and isinstance(run, Run) else []
    return _record(found[0], executions, live)


@dataclass(frozen=True)
class _Known:
    """A run that is recorded, or only locked."""

    run: Run | LockedRun
    store: MetadataStore | None = None

    @property
    def id(self) -> str:
        return self.run.id if isinstance(self.run, Run) else self.run.run_id


def _known(settings: Settings, stores: Stores) -> tuple[list[_Known], set[str]]:
    """All runs, the newest first, and the ids of those that go on."""
    locked = live_runs(settings)
    recorded = [_Known(run, store) for store, run in stores.runs()]
    ids = {one.id for one in recorded}
    starting = [_Known(run) for run in locked if run.run_id not in ids]  # later than all that is recorded
    return [*starting, *recorded], {run.run_id for run in locked}


def _record(known: _Known, executions: Iterable[Execution], live: set[str]) -> RunRecord:
    run = known.run
    record = RunRecord(known.id, run.pipeline, run.started, RunState.UNKNOWN, tuple(executions), known.store)
    properties = run.properties if isinstance(run, Run) else {}
    return replace(record, state=RunState.RUNNING if record.id in live else _ended_state(record, properties))


def _ended_state(record: RunRecord, properties: Mapping[str, object]) -> RunState:
    told = str(properties.get(names.RUN_STATE, ""))
    if told in list(RunState):
        return RunState(told)
    states = record.counts
    if NodeState.FAILED in states:
        return RunState.FAILED
    if NodeState.CANCELED in states:
        return RunState.CANCELED
    return RunState.UNKNOWN if RUNNING in states or not states else RunState.SUCCEEDED


def _died(execution: Execution) -> bool:
    return execution.properties.get(names.ERROR_KIND) == KILLED


def _last_sign(execution: Execution) -> datetime:
    return execution.started if _died(execution) else execution.ended
