"""Which model a candidate of the taxi pipeline is compared with."""

from pathlib import Path

import pytest
from tfx.types import Artifact
from tfx.types.standard_artifacts import Model, ModelBlessing

from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from pipelines.taxi.baseline import BaselineStrategy
from tests.headrace.recording import record_artifact, record_execution


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite"))


def model(store: MetadataStore) -> int:
    return record_artifact(store, "Model", "/model")


def judge(store: MetadataStore, candidate: int, baseline: int | None, blessed: bool) -> None:
    blessing = record_artifact(store, "ModelBlessing", "/blessing", blessed=int(blessed), current_model_id=candidate)
    inputs = {"model": [candidate]} | ({"baseline_model": [baseline]} if baseline else {})
    record_execution(store, "taxi", "1", "Evaluator", inputs=inputs, outputs={"blessing": [blessing]})


def chosen(store: MetadataStore, candidate: int) -> list[int]:
    """The models that the strategy gives a candidate to be compared with."""

    def recorded(kind: type[Artifact]) -> list[Artifact]:
        found = []
        for one in store.handle.get_artifacts_by_type(kind.TYPE_NAME):
            artifact = kind()
            artifact.set_mlmd_artifact(one)
            found.append(artifact)
        return found

    every = {"model": recorded(Model), "model_blessing": recorded(ModelBlessing)}
    candidates = [one for one in every["model"] if one.id == candidate]
    found = BaselineStrategy().resolve_artifacts(store.handle, {"candidate": candidates, **every})
    return [one.id for one in found["model"]]


def test_the_first_candidate_is_compared_with_none_and_stays_so_where_it_comes_again(store: MetadataStore) -> None:
    first = model(store)
    assert chosen(store, first) == []
    judge(store, first, None, blessed=True)
    assert chosen(store, first) == []


def test_a_candidate_is_compared_with_the_last_one_that_was_blessed(store: MetadataStore) -> None:
    first, second, third = (model(store) for _ in range(3))
    judge(store, first, None, blessed=True)
    judge(store, second, first, blessed=False)
    assert chosen(store, third) == [first]
    assert chosen(store, second) == [first]


def test_a_candidate_that_was_blessed_last_is_compared_with_what_it_was_compared_with_then(
    store: MetadataStore,
) -> None:
    first, second = model(store), model(store)
    judge(store, first, None, blessed=True)
    judge(store, second, first, blessed=True)
    assert chosen(store, second) == [first]
