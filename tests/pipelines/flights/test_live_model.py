"""Which model of the flights pipeline is live, and which a candidate is compared with."""

from pathlib import Path

import pytest
from tfx.types import Artifact
from tfx.types.standard_artifacts import Model, PushedModel

from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from pipelines.flights.live_model import LiveModelStrategy
from tests.headrace.recording import record_artifact, record_execution


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite"))


def pushed(store: MetadataStore, place: Path, baseline: int | None = None) -> int:
    """A model that was compared with another, and pushed to a place; where it is not, it was rejected."""
    made = record_artifact(store, "Model", "/model")
    blessing = record_artifact(store, "ModelBlessing", "/blessing")
    inputs = {"model": [made]} | ({"baseline_model": [baseline]} if baseline else {})
    record_execution(store, "flights", "1", "Evaluator", inputs=inputs, outputs={"blessing": [blessing]})
    push = record_artifact(store, "PushedModel", "/pushed", pushed=1, pushed_destination=str(place))
    given = {"model": [made], "model_blessing": [blessing]}
    record_execution(store, "flights", "1", "Pusher", inputs=given, outputs={"pushed_model": [push]})
    return made


def chosen(store: MetadataStore, candidate: int | None = None) -> list[int]:
    def recorded(kind: type[Artifact]) -> list[Artifact]:
        found = []
        for one in store.handle.get_artifacts_by_type(kind.TYPE_NAME):
            artifact = kind()
            artifact.set_mlmd_artifact(one)
            found.append(artifact)
        return found

    given = {"model": recorded(Model), "pushed_model": recorded(PushedModel)}
    if candidate is not None:
        given["candidate"] = [one for one in given["model"] if one.id == candidate]
    return [one.id for one in LiveModelStrategy().resolve_artifacts(store.handle, given)["model"]]


def place(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def test_the_model_that_was_pushed_last_is_live(store: MetadataStore, tmp_path: Path) -> None:
    first = pushed(store, place(tmp_path, "1"))
    second = pushed(store, place(tmp_path, "2"), first)
    assert chosen(store) == [second]
    assert chosen(store, candidate=first) == [second]


def test_a_model_that_was_rolled_back_by_hand_is_not_live_any_more(store: MetadataStore, tmp_path: Path) -> None:
    first = pushed(store, place(tmp_path, "1"))
    second = pushed(store, place(tmp_path, "2"), first)
    (tmp_path / "2").rmdir()
    assert chosen(store) == [first]
    assert chosen(store, candidate=second) == [first]  # as it was judged then
    (tmp_path / "1").rmdir()
    assert chosen(store) == []


def test_a_candidate_that_is_live_is_compared_with_what_it_was_compared_with_then(
    store: MetadataStore, tmp_path: Path
) -> None:
    first = pushed(store, place(tmp_path, "1"))
    assert chosen(store, candidate=first) == []
    second = pushed(store, place(tmp_path, "2"), first)
    assert chosen(store, candidate=second) == [first]
