"""What was made from what, in the store's own terms."""

from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, State
from headrace.metadata.graph import GraphReader
from headrace.metadata.store import sqlite_config
from tests.headrace.recording import record_artifact, record_execution


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
