"""What a store answers: runs, executions and artifacts in their order."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore, State
from headrace.metadata.store import sqlite_config
from tests.headrace.recording import record_artifact, record_execution, record_execution_of_no_run, record_run


def test_an_empty_store_answers_every_question(store: MetadataStore) -> None:
    assert store.runs() == []
    assert store.runs("taxi") == []
    assert store.executions() == []
    assert store.artifacts() == []
    assert store.artifacts("Model") == []
    assert store.execution(1) is None
    assert store.artifact(1) is None
    assert store.inputs(1) == store.outputs(1) == {}
    assert store.latest("taxi", "run", "Trainer") is None


def test_runs_come_newest_first_and_by_pipeline(store: MetadataStore) -> None:
    for pipeline, run_id in (("taxi", "1"), ("penguin", "2"), ("taxi", "3")):
        record_run(store, pipeline, run_id)
    assert [(run.pipeline, run.id) for run in store.runs()] == [("taxi", "3"), ("penguin", "2"), ("taxi", "1")]
    assert [run.id for run in store.runs("taxi")] == ["3", "1"]
    assert store.runs("taxis") == []
    assert abs(store.runs()[0].started - datetime.now(UTC)) < timedelta(minutes=5)


def test_executions_are_told_by_run_in_their_order(store: MetadataStore) -> None:
    first = record_execution(store, "taxi", "1", "Trainer")
    second = record_execution(store, "taxi", "2", "Trainer", State.FAILED)
    third = record_execution(store, "taxi", "2", "Pusher", State.CANCELED)
    newest, oldest = store.runs("taxi")
    assert [one.id for one in store.executions()] == [first, second, third]
    assert [(one.id, one.node, one.state) for one in store.executions(newest)] == [
        (second, "Trainer", State.FAILED),
        (third, "Pusher", State.CANCELED),
    ]
    [only] = store.executions(oldest)
    assert only == store.execution(first)
    assert (only.node, only.type, only.state) == ("Trainer", "components.Trainer", State.COMPLETE)
    assert only.started <= only.ended
    assert only.seconds == (only.ended - only.started).total_seconds()


@pytest.mark.parametrize("state", list(State))
def test_only_complete_and_cached_executions_succeeded(store: MetadataStore, state: State) -> None:
    execution = store.execution(record_execution(store, "taxi", "1", "Trainer", state))
    assert execution is not None
    assert execution.state is state
    assert execution.state.succeeded == (state in ("COMPLETE", "CACHED"))


def test_the_latest_execution_is_that_of_the_node_in_the_run(store: MetadataStore) -> None:
    record_execution(store, "taxi", "1", "Trainer")
    newer = record_execution(store, "taxi", "1", "Trainer")
    record_execution(store, "taxi", "1", "Pusher")
    record_execution(store, "taxi", "2", "Trainer")
    latest = store.latest("taxi", "1", "Trainer")
    assert latest is not None
    assert latest.id == newer
    assert store.latest("taxi", "1", "Evaluator") is None
    assert store.latest("taxi", "3", "Trainer") is None
    assert store.latest("penguin", "1", "Trainer") is None


def test_artifacts_are_told_by_type_in_their_order(store: MetadataStore) -> None:
    first = record_artifact(store, "Model", "/models/1", blessed=1, name="wide", loss=0.5, city="Chicagó")
    schema = record_artifact(store, "Schema", "/schema")
    second = record_artifact(store, "Model", "/models/2")
    assert [one.id for one in store.artifacts()] == [first, schema, second]
    assert [one.id for one in store.artifacts("Model")] == [first, second]
    artifact = store.artifact(first)
    assert artifact is not None
    assert (artifact.type, artifact.uri, artifact.state) == ("Model", "/models/1", "LIVE")
    assert artifact.properties == {"blessed": 1, "name": "wide", "loss": 0.5, "city": "Chicagó"}


def test_inputs_and_outputs_are_told_by_key(store: MetadataStore) -> None:
    examples = [record_artifact(store, "Examples", f"/examples/{index}") for index in range(2)]
    schema = record_artifact(store, "Schema", "/schema")
    model = record_artifact(store, "Model", "/model")
    execution = record_execution(
        store, "taxi", "1", "Trainer", inputs={"examples": examples, "schema": [schema]}, outputs={"model": [model]}
    )
    inputs, outputs = store.inputs(execution), store.outputs(execution)
    assert {key: [one.id for one in ones] for key, ones in inputs.items()} == {"examples": examples, "schema": [schema]}
    assert {key: [one.uri for one in ones] for key, ones in outputs.items()} == {"model": ["/model"]}


def test_what_was_read_or_made_without_a_key_is_told_under_none(store: MetadataStore) -> None:
    data, made = (record_artifact(store, "Data", f"/{one}") for one in range(2))
    execution = record_execution(store, "taxi", "1", "Gen")
    for artifact, kind in ((data, mlmd.Event.DECLARED_INPUT), (made, mlmd.Event.DECLARED_OUTPUT)):
        store.handle.put_events([mlmd.Event(execution_id=execution, artifact_id=artifact, type=kind)])
    assert {key: [one.id for one in many] for key, many in store.inputs(execution).items()} == {"": [data]}
    assert {key: [one.id for one in many] for key, many in store.outputs(execution).items()} == {"": [made]}


def test_runs_are_limited_to_the_newest(store: MetadataStore) -> None:
    for run_id in ("1", "2", "3"):
        record_run(store, "taxi", run_id)
    record_run(store, "penguin", "4")
    assert [run.id for run in store.runs(limit=2)] == ["4", "3"]
    assert [run.id for run in store.runs("taxi", 2)] == ["3", "2"]
    assert [run.id for run in store.runs("taxi", 5)] == ["3", "2", "1"]


def test_executions_of_some_runs_are_told_by_run(store: MetadataStore) -> None:
    recorded = {
        run_id: [record_execution(store, "taxi", run_id, node) for node in ("Trainer", "Pusher")] for run_id in "1234"
    }
    runs = [run for run in store.runs() if run.id in "13"]
    record_run(store, "taxi", "empty")
    found = store.executions_of([*runs, store.runs()[0]])
    assert {run_id: [one.id for one in executions] for run_id, executions in found.items()} == {
        "1": recorded["1"],
        "3": recorded["3"],
        "empty": [],
    }
    assert [one.node for one in found["3"]] == ["Trainer", "Pusher"]
    assert store.executions_of([]) == {}


def test_nodes_have_the_same_names_however_many_executions_are_read(store: MetadataStore) -> None:
    # Few are asked about one by one, many are read a node at a time.
    for run_id in range(15):
        for pipeline in ("taxi", "my.taxi"):
            record_execution(store, pipeline, f"{pipeline}-{run_id}", "Trainer")
            record_execution(store, pipeline, f"{pipeline}-{run_id}", "Trainer.first")
    every = store.executions()
    assert {(one.pipeline, one.node) for one in every} == {
        (pipeline, node) for pipeline in ("taxi", "my.taxi") for node in ("Trainer", "Trainer.first")
    }
    assert every == [store.execution(one.id) for one in every]
    assert every == sorted((one for run in store.runs() for one in store.executions(run)), key=lambda one: one.id)


def test_executions_of_no_run_are_told_with_their_node(store: MetadataStore) -> None:
    record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    states = (State.NEW, State.RUNNING, State.COMPLETE)
    ids = [record_execution_of_no_run(store, "taxi", "Pusher", state) for state in states]
    record_execution_of_no_run(store, "penguin", "Pusher", State.COMPLETE)
    assert [(one.id, one.pipeline, one.node, one.state) for one in store.unfinished_without_run("taxi")] == [
        (ids[0], "taxi", "Pusher", State.NEW),
        (ids[1], "taxi", "Pusher", State.RUNNING),
    ]
    assert store.unfinished_without_run("penguin") == []
    assert store.unfinished_without_run("taxis") == []


def test_names_that_differ_in_case_are_two_names(store: MetadataStore) -> None:
    record_execution(store, "taxi", "run-a", "Trainer")
    record_execution(store, "Taxi", "RUN-A", "trainer")
    assert {(run.pipeline, run.id) for run in store.runs()} == {("taxi", "run-a"), ("Taxi", "RUN-A")}
    assert [(one.pipeline, one.node) for one in store.executions()] == [("taxi", "Trainer"), ("Taxi", "trainer")]


def test_the_latest_run_is_the_last_one_recorded_though_the_clock_was_set_back(tmp_path: Path) -> None:
    path = tmp_path / "metadata.sqlite"
    store = MetadataStore.connect(sqlite_config(path))
    for run_id in ("1", "2"):
        record_run(store, "taxi", run_id)
    del store
    with closing(sqlite3.connect(path)) as connection, connection:  # an hour back
        update = "UPDATE Context SET create_time_since_epoch = create_time_since_epoch - 3600000 WHERE name = '2'"
        connection.execute(update)
    newest, oldest = MetadataStore.open(path).runs()
    assert (newest.id, oldest.id) == ("2", "1")
    assert newest.started < oldest.started
