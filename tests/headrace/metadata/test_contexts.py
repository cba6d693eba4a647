from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore
from headrace.metadata.contexts import node_of, pipeline_of
from headrace.metadata.store import sqlite_config
from tests.headrace.recording import record_execution

NODES = {"taxi.Trainer", "taxi.inner", "inner.Trainer", "inner.deep", "deep.Pusher", "penguin.Trainer"}


@pytest.mark.parametrize(
    ("contexts", "pipelines", "expected"),
    [
        (["taxi.Trainer"], ["taxi", "penguin"], ("taxi", "Trainer")),
        (["my.taxi.Trainer"], ["my", "my.taxi"], ("my.taxi", "Trainer")),
        (["taxi.Trainer.first"], ["taxi"], ("taxi", "Trainer.first")),
        (["taxi.Trainer"], [], ("taxi", "Trainer")),
        ([], ["taxi"], ("", "")),
    ],
)
def test_a_node_is_told_from_its_contexts_name(
    contexts: list[str], pipelines: list[str], expected: tuple[str, str]
) -> None:
    assert node_of(contexts, pipelines) == expected


@pytest.mark.parametrize("contexts", [["taxi.inner", "inner.Trainer"], ["inner.Trainer", "taxi.inner"]])
def test_a_sub_pipelines_node_is_told_with_the_pipeline_that_runs(contexts: list[str]) -> None:
    assert node_of(contexts, ["taxi", "inner"]) == ("taxi", "inner.Trainer")


def test_sub_pipelines_may_be_deep() -> None:
    contexts = ["inner.deep", "deep.Pusher", "taxi.inner"]
    assert node_of(contexts, ["deep", "inner", "taxi"]) == ("taxi", "inner.deep.Pusher")


@pytest.mark.parametrize("parents", [["taxi"], ["taxi", "inner"], ["deep", "inner", "taxi"]])
def test_a_run_is_the_outermost_pipelines(parents: list[str]) -> None:
    assert pipeline_of("20260101", parents, NODES) == "taxi"


@pytest.mark.parametrize("part", ["inner_20260101", "deep_20260101"])
def test_a_sub_pipelines_part_is_no_run(part: str) -> None:
    assert pipeline_of(part, ["deep", "inner", "taxi"], NODES) is None


def test_a_run_may_be_named_after_its_pipeline() -> None:
    assert pipeline_of("taxi_20260101", ["taxi"], NODES) == "taxi"
    assert pipeline_of("taxi_20260101", ["taxi", "inner"], NODES) == "taxi"


def test_a_run_without_a_pipeline_is_a_run_all_the_same() -> None:
    assert pipeline_of("20260101", [], NODES) == ""


def test_the_nodes_of_a_sub_pipeline_are_of_the_run_around_it(tmp_path: Path) -> None:
    store = MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite"))
    own = record_execution(store, "taxi", "1", "Trainer")
    inner = record_execution(store, "inner", "inner_1", "Trainer")
    contexts = {one.name: one.id for one in store.handle.get_contexts()}
    # As TFX does it: the part is a child of both pipelines, its execution is in the contexts of both.
    store.handle.put_parent_contexts([mlmd.ParentContext(child_id=contexts["inner_1"], parent_id=contexts["taxi"])])
    [node_type] = [one.id for one in store.handle.get_context_types() if one.name == "node"]
    [part] = store.handle.put_contexts([mlmd.Context(type_id=node_type, name="taxi.inner")])
    around = [contexts["taxi"], contexts["1"], part]
    store.handle.put_attributions_and_associations(
        [], [mlmd.Association(execution_id=inner, context_id=one) for one in around]
    )
    [run] = store.runs()
    assert (run.pipeline, run.id) == ("taxi", "1")
    assert [(one.id, one.pipeline, one.node) for one in store.executions(run)] == [
        (own, "taxi", "Trainer"),
        (inner, "taxi", "inner.Trainer"),
    ]
    latest = [store.latest("taxi", "1", node) for node in ("Trainer", "inner.Trainer")]
    assert [one and one.id for one in latest] == [own, inner]
