"""Whether a comparison of two models is fair."""

from pathlib import Path

import pytest

from headrace.metadata import MetadataStore
from headrace.metadata.seen_examples import seen_by_baselines
from headrace.metadata.store import sqlite_config
from tests.headrace.recording import record_artifact, record_execution


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite"))


def examples(store: MetadataStore, span: int) -> int:
    return record_artifact(store, "Examples", f"/data/{span}", span=span)


def model(store: MetadataStore, learned_from: list[int]) -> int:
    made = record_artifact(store, "Model", "/model")
    transformed = record_artifact(store, "Examples", "/transformed")
    record_execution(store, "p", "1", "Transform", inputs={"in": learned_from}, outputs={"out": [transformed]})
    record_execution(store, "p", "1", "Train", inputs={"examples": [transformed]}, outputs={"model": [made]})
    return made


def judge(store: MetadataStore, on: int, candidate: int, baseline: int | None) -> int:
    inputs = {"examples": [on], "model": [candidate]} | ({"baseline_model": [baseline]} if baseline else {})
    return record_execution(store, "p", "1", "Judge", inputs=inputs)


def test_a_baseline_that_has_learned_from_the_examples_is_told_from_one_that_has_not(store: MetadataStore) -> None:
    months = [examples(store, span) for span in (1, 2, 3)]
    older, newer, newest = model(store, months[:1]), model(store, months[:2]), model(store, months)
    unfair, fair = judge(store, months[2], newer, newest), judge(store, months[2], newer, older)
    both, alone = judge(store, months[0], newer, newest), judge(store, months[2], newer, None)
    found = seen_by_baselines(store, [unfair, fair, both, alone])
    assert {execution: [one.id for one in seen] for execution, seen in found.items()} == {unfair: [months[2]]}


def test_examples_of_the_same_span_that_were_read_anew_were_seen_too(store: MetadataStore) -> None:
    first, early, again = examples(store, 1), examples(store, 2), examples(store, 2)
    unfair = judge(store, again, model(store, [first]), model(store, [first, early]))
    assert list(seen_by_baselines(store, [unfair])) == [unfair]


def test_data_without_spans_that_were_read_anew_are_others(store: MetadataStore) -> None:
    first, early, again = (examples(store, 0) for _ in range(3))
    fair = judge(store, again, model(store, [first]), model(store, [first, early]))
    assert seen_by_baselines(store, [fair]) == {}
