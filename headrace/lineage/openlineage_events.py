"""A run as OpenLineage's events: its pipeline and each of its nodes starts and ends."""

from collections.abc import Sequence
from datetime import datetime

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, RunEvent, RunState
from openlineage.client.event_v2 import Run as LineageRun

from headrace.lineage.facts import run_facts
from headrace.lineage.input_data import EXAMPLES, STATISTICS
from headrace.lineage.openlineage_datasets import Datasets
from headrace.lineage.openlineage_names import PRODUCER, time_text
from headrace.lineage.openlineage_runs import Jobs
from headrace.metadata import properties as names
from headrace.metadata.graph import Graph, GraphReader
from headrace.metadata.records import Execution, Run, State
from headrace.metadata.store import MetadataStore

_TFX_VERSION = "tfx_version"  # a property of artifacts
_ENDS = {
    State.COMPLETE: RunState.COMPLETE,
    State.CACHED: RunState.COMPLETE,
    State.FAILED: RunState.FAIL,
    State.CANCELED: RunState.ABORT,
}
_RUN_ENDS = {
    "succeeded": RunState.COMPLETE,
    "failed": RunState.FAIL,
    "canceled": RunState.ABORT,
    "died": RunState.ABORT,
}


def run_events(store: MetadataStore, run: Run) -> tuple[RunEvent, ...]:
    """The events of a run, in the order in which they happened.

    Each execution is a run of its node's job, and so is each attempt at a node that was tried again. A cached one is
    complete as well, with a tag that says which earlier runs made its outputs. Nodes that were skipped or never started
    have no events: a tag of the pipeline's run names those that were skipped. What goes on has only started.
    """
    executions = store.executions(run)
    graph = _graph(store, executions)
    datasets = Datasets(graph)
    jobs = Jobs(run, run_facts(run, executions), _tfx_version(graph))
    deciding = {one.node: one for one in executions}
    failures = {node: one for node, one in deciding.items() if one.state is State.FAILED}
    skipped = [node for node, one in deciding.items() if names.SKIPPED in one.properties]
    events = []
    for one in executions:
        if names.SKIPPED in one.properties:
            continue
        job, lineage_run = jobs.node_job(one), jobs.node_run(one, _makers(one, graph))
        inputs = datasets.read_by(one)
        events.append(_event(RunState.START, one.started, lineage_run, job, inputs))
        if end := _ENDS.get(one.state):
            events.append(_event(end, one.ended, lineage_run, job, inputs, datasets.made_by(one)))
    job, whole = jobs.pipeline_job(), jobs.pipeline_run(failures, skipped)
    started = min([run.started, *(one.started for one in executions)])
    events.insert(0, _event(RunState.START, started, whole, job))
    if end := _end_of(run, executions):
        ended = max([run.started, *(one.ended for one in executions)])
        events.append(_event(end, ended, whole, job))
    return tuple(sorted(events, key=lambda one: one.eventTime))


def _event(
    kind: RunState,
    time: datetime,
    run: LineageRun,
    job: Job,
    inputs: Sequence[InputDataset] = (),
    outputs: Sequence[OutputDataset] = (),
) -> RunEvent:
    return RunEvent(
        eventType=kind,
        eventTime=time_text(time),
        run=run,
        job=job,
        inputs=list(inputs),
        outputs=list(outputs),
        producer=PRODUCER,
    )


def _graph(store: MetadataStore, executions: Sequence[Execution]) -> Graph:
    """What the run read and made, how that was made, and the statistics of it."""
    reader = GraphReader(store)
    reader.add_executions(one.id for one in executions)
    artifacts = reader.artifacts()
    reader.add_upstream(one.id for one in artifacts)
    # With all that these made: a transform graph beside examples.
    reader.add_executions(reader.graph(named=False).executions)
    reader.add_findings([one.id for one in reader.artifacts() if one.type == EXAMPLES], (STATISTICS,))
    return reader.graph()


def _makers(execution: Execution, graph: Graph) -> list[Execution]:
    """The executions that made an execution's outputs."""
    made = (one for many in graph.outputs(execution.id).values() for one in many)
    producers = (graph.producer(one.id) for one in made)
    return list({one.id: one for one in producers if one}.values())


def _end_of(run: Run, executions: Sequence[Execution]) -> RunState | None:
    """How the run ended; None while it goes on, and where nobody saw it end."""
    told = run_facts(run, executions).state
    if names.VERSIONS in run.properties and names.RUN_STATE not in run.properties:
        return None  # Headrace records both, the one when a run starts, the other when it ends
    return _RUN_ENDS.get(told or "")


def _tfx_version(graph: Graph) -> str | None:
    """The version of TFX that made the artifacts, if there was one."""
    found = {str(one.properties[_TFX_VERSION]) for one in graph.artifacts.values() if _TFX_VERSION in one.properties}
    return found.pop() if len(found) == 1 else None
