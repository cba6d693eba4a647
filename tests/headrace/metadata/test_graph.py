"""What was made from what, in the store's own terms."""

from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, State
from headrace.metadata.graph import GraphReader
from headrace.metadata.records import RESOLVER
from headrace.metadata.store import sqlite_config
from tests.headrace.recording import record_artifact, record_choice, record_execution


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite"))


def chain(store: MetadataStore, length: int) -> list[int]:
    """Artifacts, each made from the one before."""
    ids = [record_artifact(store, "Number", f"/{index}") for index in range(length)]
    record_execution(store, "p", "1", "Node0", outputs={"out": [ids[0]]})
    for index in range(1, length):
        record_execution(
            store, "p", "1", f"Node{index}", State.COMPLETE, {"in": [ids[index - 1]]}, {"out": [ids[index]]}
        )
    return ids


def test_the_past_is_followed_to_its_beginning_and_the_future_to_its_end(store: MetadataStore) -> None:
    ids = chain(store, 6)
    past, future = GraphReader(store), GraphReader(store)
    past.add_upstream([ids[3]])
    future.add_downstream([ids[3]])
    assert set(past.graph().artifacts) == set(ids[:4])
    assert set(future.graph().artifacts) == set(ids[3:])
    assert [one.node for one in past.graph().executions.values()] == ["Node0", "Node1", "Node2", "Node3"]


def test_a_step_is_two_calls_however_much_it_reaches(store: MetadataStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = chain(store, 2)
    for index in range(50):
        made = record_artifact(store, "Number", f"/wide/{index}")
        record_execution(store, "p", "1", "Wide", State.COMPLETE, {"in": [ids[1]]}, {"out": [made]})
    calls: list[int] = []
    ask = store.handle.get_events_by_execution_ids

    def counted(ids: list[int]) -> object:
        calls.append(len(ids))
        return ask(ids)

    monkeypatch.setattr(store.handle, "get_events_by_execution_ids", counted)
    reader = GraphReader(store)
    reader.add_downstream([ids[1]])
    assert calls == [50]


def test_several_keys_and_indices_are_kept_apart(store: MetadataStore) -> None:
    ids = [record_artifact(store, "Number", f"/{index}") for index in range(4)]
    made = record_execution(store, "p", "1", "Add", State.COMPLETE, {"a": ids[:2], "b": [ids[2]]}, {"sum": [ids[3]]})
    reader = GraphReader(store)
    reader.add_upstream([ids[3]])
    graph = reader.graph()
    assert {key: [one.id for one in many] for key, many in graph.inputs(made).items()} == {"a": ids[:2], "b": [ids[2]]}
    assert graph.consumers(ids[0]) == [graph.executions[made]]
    assert graph.producer(ids[0]) is None


def test_an_artifact_that_nothing_was_recorded_of_is_there_alone(store: MetadataStore) -> None:
    alone = record_artifact(store, "Number", "/alone")
    reader = GraphReader(store)
    reader.add_upstream([alone])
    graph = reader.graph([alone])
    assert (set(graph.artifacts), dict(graph.executions), graph.events) == ({alone}, {}, ())


def test_findings_are_of_what_made_nothing_else(store: MetadataStore) -> None:
    model = record_artifact(store, "Model", "/model")
    metrics, other, table = (record_artifact(store, kind, f"/{kind}") for kind in ("Metrics", "Other", "Metrics"))
    record_execution(store, "p", "1", "Judge", State.COMPLETE, {"model": [model]}, {"metrics": [metrics]})
    record_execution(
        store, "p", "1", "Both", State.COMPLETE, {"model": [model]}, {"metrics": [table], "other": [other]}
    )
    reader = GraphReader(store)
    reader.add_findings([model], ["Metrics"])
    assert set(reader.graph().artifacts) == {model, metrics}


@pytest.mark.parametrize("key", ["_Gate.sum", "_Gate.model"])
def test_what_other_runners_recorded_as_read_by_a_condition_or_a_parameter_is_not_followed(
    store: MetadataStore, key: str
) -> None:
    data, gate, model = (record_artifact(store, kind, f"/{kind}") for kind in ("Data", "Gate", "Model"))
    record_execution(store, "p", "1", "Gen", outputs={"out": [data]})
    record_execution(store, "p", "1", "Gate", State.COMPLETE, {"in": [data]}, {"sum": [gate]})
    train = record_execution(store, "p", "1", "Train", State.COMPLETE, {key: [gate]}, {"model": [model]})
    past, future = GraphReader(store), GraphReader(store)
    past.add_upstream([model])
    future.add_downstream([gate])
    assert set(past.graph().executions) == {train}
    assert set(future.graph().executions) == set()


def test_what_a_resolver_chose_is_told_with_who_read_it(store: MetadataStore) -> None:
    old, new = (record_artifact(store, "Model", f"/{index}") for index in range(2))
    maker = record_execution(store, "p", "1", "Train", outputs={"model": [old]})
    chooser = record_choice(store, "p", "2", "live", {"model": [old, new]})
    train = record_execution(store, "p", "2", "Train", outputs={"model": [new]})
    judge = record_execution(store, "p", "2", "Judge", State.COMPLETE, {"model": [new], "baseline_model": [old]})
    push = record_execution(store, "p", "2", "Push", State.COMPLETE, {"model": [new]})
    reader = GraphReader(store)
    reader.add_executions([chooser, train, judge, push])
    reader.add_producers([old])
    graph = reader.graph()
    chosen = graph.choosers(graph.executions[judge])
    assert {key: one.node for key, one in chosen.items()} == {("baseline_model", old): "live"}
    assert graph.choosers(graph.executions[push]) == {}  # it is of a node of the run, though the resolver found it too
    producer = graph.producer(old)
    assert producer is not None
    assert producer.id == maker


def test_what_a_part_of_a_run_takes_over_from_a_resolver_was_not_made_by_it(store: MetadataStore) -> None:
    model = record_artifact(store, "Model", "/model")
    taken = record_execution(
        store, "p", "2", "live", State.CACHED, outputs={"model": [model]}, type_name=RESOLVER
    )  # as TFX records it
    reader = GraphReader(store)
    reader.add_executions([taken])
    graph = reader.graph()
    assert graph.producer(model) is None
    assert [(one.execution, one.artifact) for one in graph.found] == [(taken, model)]
