"""What executions read and made, as it is read at once."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore, State
from headrace.metadata.flow import Flow, executions_by_run
from headrace.metadata.store import ConnectionConfig
from tests.headrace.recording import record_artifact, record_events, record_execution

Event = mlmd.Event


@pytest.fixture
def store() -> MetadataStore:
    config = ConnectionConfig()
    config.fake_database.SetInParent()
    return MetadataStore.connect(config)


@pytest.mark.parametrize(
    ("kind", "read", "made"),
    [
        (Event.INPUT, True, False),
        (Event.DECLARED_INPUT, True, False),
        (Event.INTERNAL_INPUT, True, False),
        (Event.OUTPUT, False, True),
        (Event.DECLARED_OUTPUT, False, True),
        (Event.INTERNAL_OUTPUT, False, False),
    ],
)
def test_each_kind_of_event_is_of_what_was_read_or_made_or_only_named(
    store: MetadataStore, kind: int, read: bool, made: bool
) -> None:
    artifact = record_artifact(store, "Data", "/data")
    execution = record_execution(store, "p", "1", "Node")
    record_events(store, execution, kind, {"key": [artifact]})
    flow = Flow.of(store, [execution])
    assert flow.named == {execution: {artifact}}
    assert flow.read == ({execution: {artifact}} if read else {})
    assert flow.made == ({execution: {artifact}} if made else {})


def chain(store: MetadataStore, length: int) -> tuple[list[int], list[int]]:
    """Executions, each of which reads what the one before made, and these artifacts."""
    artifacts = [record_artifact(store, "Data", f"/{one}") for one in range(length)]
    executions = [record_execution(store, "p", "1", "Node0", outputs={"out": artifacts[:1]})]
    for one in range(1, length):
        read, made = {"in": [artifacts[one - 1]]}, {"out": [artifacts[one]]}
        executions.append(record_execution(store, "p", "1", f"Node{one}", inputs=read, outputs=made))
    return executions, artifacts


def test_behind_an_execution_is_all_that_it_came_from_and_itself(store: MetadataStore) -> None:
    executions, _ = chain(store, 4)
    flow = Flow.of(store, executions)
    assert flow.behind([executions[2]]) == set(executions[:3])
    assert flow.behind([executions[0]]) == {executions[0]}
    assert flow.behind([]) == set()


def test_the_makers_of_an_artifact_are_in_their_order_those_from_the_cache_too(store: MetadataStore) -> None:
    [made] = [record_artifact(store, "Data", "/data")]
    first = record_execution(store, "p", "1", "Node", outputs={"out": [made]})
    cached = record_execution(store, "p", "2", "Node", State.CACHED, outputs={"out": [made]})
    reader = record_execution(store, "p", "2", "Reader", inputs={"in": [made]})
    flow = Flow.of(store, [reader, cached, first])
    assert flow.makers == {made: [first, cached]}
    assert flow.behind([reader]) == {reader, cached, first}


def test_executions_that_nobody_asked_for_are_not_there(store: MetadataStore) -> None:
    executions, artifacts = chain(store, 3)
    flow = Flow.of(store, [executions[1]])
    assert flow.named == {executions[1]: set(artifacts[:2])}
    assert (flow.read, flow.made) == ({executions[1]: {artifacts[0]}}, {executions[1]: {artifacts[1]}})


def test_more_executions_than_go_into_a_call_are_all_read(
    store: MetadataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    executions, artifacts = chain(store, 5)
    monkeypatch.setattr("headrace.metadata.flow._EXECUTIONS_A_CALL", 2)
    assert Flow.of(store, executions).made == {one: {made} for one, made in zip(executions, artifacts, strict=True)}


def test_executions_are_told_by_the_run_that_they_are_of(store: MetadataStore) -> None:
    first, _ = chain(store, 2)
    other = record_execution(store, "p", "2", "Node")
    assert executions_by_run(store, store.runs()) == {"1": set(first), "2": {other}}
