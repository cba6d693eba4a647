"""What the clean-up keeps of any records: what a plain, slow walk through the events says, and no more."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore, State
from headrace.metadata.store import ConnectionConfig
from headrace.orchestration.clean_up import clean_up
from headrace.orchestration.run_lock import run_lock
from headrace.settings import Settings
from tests.headrace.recording import FOUND, INPUT, OUTPUT, record_artifact, record_events, record_execution
from tests.headrace.recording import record_execution_of_no_run as record_alone

_homes = count()
_READ = (INPUT, mlmd.Event.INTERNAL_INPUT)
NODES = ("Gen", "Train", "Push")
# Of an execution: the pipeline, the run of it (none: of no run), the node, what it makes and whether that is pushed,
# how it takes over or reads some of what there is, and which.
executions = st.fixed_dictionaries(
    {
        "pipeline": st.sampled_from("pq"),
        "run": st.sampled_from([1, 2, 3, 4, None]),
        "node": st.sampled_from(NODES),
        "makes": st.lists(st.sampled_from([None, True, False]), max_size=2),
        "events": st.lists(st.tuples(st.sampled_from([*_READ, FOUND, OUTPUT]), st.integers(0, 9)), max_size=3),
    }
)
stores = st.lists(executions, min_size=1, max_size=14)


def in_order_of_runs(every: list[dict[str, object]]) -> list[dict[str, object]]:
    """As runs are recorded one after another; those of no run where they are."""
    of_runs = iter(sorted((one for one in every if one["run"]), key=lambda one: str(one["run"])))
    return [next(of_runs) if one["run"] else one for one in every]


def record(store: MetadataStore, own: Settings, every: list[dict[str, object]]) -> None:
    there: list[int] = []
    for number, one in enumerate(every, start=1):
        pipeline, node = str(one["pipeline"]), str(one["node"])
        if one["run"]:
            execution = record_execution(store, pipeline, f"{pipeline}{one['run']}", node)
        else:
            execution = record_alone(store, pipeline, node, State.COMPLETE)
        assert execution == number
        events = {(kind, there[which % len(there)]) for kind, which in one["events"] if there}  # type: ignore[attr-defined]
        for kind, artifact in sorted(events):
            record_events(store, execution, kind, {f"old{kind}": [artifact]})
        for index, pushed in enumerate(one["makes"]):  # type: ignore[arg-type, var-annotated]
            uri = str(own.pipeline_root(pipeline) / node / f"out{index}" / str(execution))
            properties = {} if pushed is None or node != "Push" else {"pushed": int(pushed)}
            made = record_artifact(store, "PushedModel" if node == "Push" else "Model", uri, **properties)
            record_events(store, execution, OUTPUT, {f"out{index}": [made]})
            there.append(made)


def kept_of(store: MetadataStore, keep: int, going_on: set[str]) -> set[int]:
    """The artifacts to keep, by the words of the module and nothing that it uses."""
    events = [(one.execution_id, one.type, one.artifact_id) for one in _events(store)]
    its = {run.id: {one.id for one in store.executions(run)} for run in store.runs()}
    pipelines = {run.pipeline for run in store.runs()}
    ended = {name: [run.id for run in store.runs(name) if run.id not in going_on][:keep] for name in pipelines}
    recent = going_on | {run for runs in ended.values() for run in runs}
    pushes = [
        (execution, artifact) for execution, kind, artifact in events if kind == OUTPUT and _is_pushed(store, artifact)
    ]
    for node in NODES:
        for pipeline in "pq":
            own = {one.id for one in store.executions() if (one.pipeline, one.node) == (pipeline, node)}
            live = max((push for push in pushes if push[0] in own), default=None)
            if live:
                makers = {execution for execution, artifact in pushes if artifact == live[1]}
                recent |= {run for run, ids in its.items() if ids & makers}
    of_any = set[int]().union(*its.values())
    needed = {one.id for one in store.executions() if one.id not in of_any}.union(*(its[run] for run in recent))
    size = -1
    while size != len(needed):
        size = len(needed)
        read = {artifact for execution, kind, artifact in events if execution in needed and kind in _READ}
        needed |= {execution for execution, kind, artifact in events if kind == OUTPUT and artifact in read}
    return {artifact for execution, _, artifact in events if execution in needed}


def _events(store: MetadataStore) -> Iterator[mlmd.Event]:
    for execution in store.executions():
        yield from store.handle.get_events_by_execution_ids([execution.id])


def _is_pushed(store: MetadataStore, artifact_id: int) -> bool:
    artifact = store.artifact(artifact_id)
    return artifact is not None and artifact.type == "PushedModel" and artifact.properties.get("pushed") != 0


@pytest.mark.parametrize("keep", [1, 2])
@given(every=stores, going_on=st.sets(st.sampled_from(["p1", "p3", "q2"]), max_size=2))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_goes_is_all_that_nothing_live_or_recent_came_from(
    tmp_path: Path, keep: int, every: list[dict[str, object]], going_on: set[str]
) -> None:
    config = ConnectionConfig()
    config.fake_database.SetInParent()
    store, own = MetadataStore.connect(config), Settings(home=tmp_path / str(next(_homes)))
    own.make_home()
    record(store, own, in_order_of_runs(every))
    going_on &= {run.id for run in store.runs()}
    with ExitStack() as locks:
        for run in going_on:
            locks.enter_context(run_lock(own, run[0], run))
        goes = {one.artifact_id for one in clean_up(own, store, keep)}
    assert goes == {one.id for one in store.artifacts()} - kept_of(store, keep, going_on)
