"""What is written to a store comes back: its type, its text, what was there before."""

import os
from dataclasses import FrozenInstanceError
from hashlib import sha256

import pytest
from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore, Property, State
from headrace.metadata.server import Server
from tests.database_servers import DatabaseServer
from tests.headrace.recording import record_artifact, record_execution, record_run


def test_an_annotation_keeps_its_type_and_what_was_there(store: MetadataStore) -> None:
    execution_id = record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    values: dict[str, Property] = {"text": "a", "whole": 3, "real": 3.0, "yes": True}
    store.annotate(execution_id, values)
    store.annotate(execution_id, {"later": "b"}, State.FAILED)
    execution = store.execution(execution_id)
    assert execution is not None
    assert execution.properties == {**values, "later": "b"}
    kinds = {name: type(value) for name, value in execution.properties.items()}
    assert kinds == {"text": str, "whole": int, "real": float, "yes": bool, "later": str}
    assert execution.state is State.FAILED
    assert execution.node == "Trainer"


def test_a_text_that_no_store_takes_is_escaped(store: MetadataStore) -> None:
    execution_id = record_execution(store, "taxi", "1", "Trainer", State.RUNNING)
    store.annotate(execution_id, {"text": os.fsdecode(b"caf\xe9 \x00 \xc3\xa9") + "\ud800"}, State.FAILED)
    execution = store.execution(execution_id)
    assert execution is not None
    assert execution.properties == {"text": r"caf\xe9 \x00 é\ud800"}
    assert execution.state is State.FAILED


def test_an_annotation_without_a_state_leaves_the_state(store: MetadataStore) -> None:
    execution_id = record_execution(store, "taxi", "1", "Trainer", State.CACHED)
    store.annotate(execution_id, {"a": 1})
    execution = store.execution(execution_id)
    assert execution is not None
    assert execution.state is State.CACHED


def test_a_run_keeps_what_it_is_annotated_with(store: MetadataStore) -> None:
    record_run(store, "taxi", "1")
    record_run(store, "taxi", "2")
    newest, oldest = store.runs()
    assert newest.properties == {}
    store.annotate_run(newest.id, {"state": "died", "nodes": 3})
    store.annotate_run(newest.id, {"state": "canceled"})
    again = store.runs("taxi")
    assert [run.properties for run in again] == [{"state": "canceled", "nodes": 3}, {}]
    assert [(run.id, run.started, run.context_id) for run in again] == [
        (run.id, run.started, run.context_id) for run in (newest, oldest)
    ]


def test_records_cannot_be_changed(store: MetadataStore) -> None:
    artifact = store.artifact(record_artifact(store, "Model", "/model"))
    with pytest.raises(FrozenInstanceError):
        artifact.uri = "/other"  # type: ignore[misc, union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "it's",
        "a\\b",
        "\\'; DROP TABLE execution; --",
        '{"a": "b\\n\\"c\\""}',
        "$0 $1 %s %d ?",
        "a\nb\tc\r\n  ",
        "\N{TAXI} \u51fa\u79df\u8f66",
        "x" * 50_000,
        pytest.param("".join(sha256(bytes([number])).hexdigest() for number in range(200)), id="nothing to compress"),
        pytest.param("".join(map(chr, range(0x4E00, 0x4E00 + 3000))) + "\\" * 3000, id="long and wide"),
    ],
    ids=lambda text: text[:10],
)
def test_a_text_comes_back_whatever_is_in_it(store: MetadataStore, text: str) -> None:
    artifact = store.artifact(record_artifact(store, "Model", "/model", text=text, more="b"))
    execution_id = record_execution(store, "taxi", "1", "Trainer")
    store.annotate(execution_id, {"text": text, "more": "b"})
    store.annotate(execution_id, {"number": 1})  # reads all, and writes it again
    execution = store.execution(execution_id)
    assert artifact is not None
    assert execution is not None
    assert artifact.properties == {"text": text, "more": "b"}
    assert execution.properties == {"text": text, "more": "b", "number": 1}
    store.annotate(execution_id, {"text": "short"})
    assert store.execution(execution_id).properties == {"text": "short", "more": "b", "number": 1}  # type: ignore[union-attr]


def test_long_properties_that_a_type_declares_come_back(store: MetadataStore) -> None:
    # TFX's own parameters of a node, such as an evaluation's configuration, are not custom.
    kind = mlmd.ExecutionType(name="Evaluator", properties={"config": mlmd.STRING})
    type_id, text = (
        store.handle.put_execution_type(kind),
        "\\".join(sha256(bytes([one])).hexdigest() for one in range(99)),
    )
    execution = mlmd.Execution(type_id=type_id, properties={"config": mlmd.Value(string_value=text)})
    execution.custom_properties["config"].string_value = text[::-1]
    [execution_id] = store.handle.put_executions([execution])
    [again] = store.handle.get_executions_by_id([execution_id])
    assert {name: value.string_value for name, value in again.properties.items()} == {"config": text}
    assert {name: value.string_value for name, value in again.custom_properties.items()} == {"config": text[::-1]}


@pytest.mark.parametrize("text", ["a\\b", "".join(sha256(bytes([number])).hexdigest() for number in range(200))])
def test_ml_metadata_alone_cannot_write_some_texts_to_postgresql(postgresql: DatabaseServer, text: str) -> None:
    # When this fails, upstream has mended it, and headrace/metadata/postgresql_texts.py can go.
    with postgresql.database("stock") as url:
        stock = metadata_store.MetadataStore(Server.read(url).config())
        type_id = stock.put_artifact_type(mlmd.ArtifactType(name="Model"))
        artifact = mlmd.Artifact(type_id=type_id, custom_properties={"text": mlmd.Value(string_value=text)})
        with pytest.raises(mlmd_errors.InternalError):
            stock.put_artifacts([artifact])
