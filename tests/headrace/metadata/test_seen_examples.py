"""Whether a comparison of two models is fair."""

import pytest

from headrace.metadata import MetadataStore, Property
from headrace.metadata.records import LIVE, Artifact, time_of
from headrace.metadata.seen_examples import seen_by_baselines, seen_text
from headrace.metadata.store import ConnectionConfig
from tests.headrace.recording import record_artifact, record_execution


@pytest.fixture
def store() -> MetadataStore:
    config = ConnectionConfig()
    config.fake_database.SetInParent()
    return MetadataStore.connect(config)


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


def test_of_several_examples_only_those_that_the_baseline_alone_has_seen_are_told(store: MetadataStore) -> None:
    months = [examples(store, span) for span in (1, 2, 3, 4)]
    inputs = {
        "examples": [months[3], months[2], months[0], months[1]],
        "model": [model(store, [months[0]])],
        "baseline_model": [model(store, [months[0], months[1], months[2]])],
    }
    unfair = record_execution(store, "p", "1", "Judge", inputs=inputs)
    found = seen_by_baselines(store, [unfair])
    assert [one.id for one in found[unfair]] == [months[2], months[1]]


@pytest.mark.parametrize("key", ["ingested", "_Gate.examples"])
def test_what_the_baselines_trainer_only_compared_with_or_was_told_by_was_not_learned_from(
    store: MetadataStore, key: str
) -> None:
    early, late = examples(store, 1), examples(store, 2)
    baseline = record_artifact(store, "Model", "/live")
    record_execution(store, "p", "1", "Train", inputs={"examples": [early], key: [late]}, outputs={"model": [baseline]})
    fair = judge(store, late, model(store, [early]), baseline)
    assert seen_by_baselines(store, [fair]) == {}


def test_a_model_that_was_compared_with_itself_is_no_unfair_comparison(store: MetadataStore) -> None:
    early, late = examples(store, 1), examples(store, 2)
    read = {"examples": [late], "baseline_model": [model(store, [early, late])]}  # of what is read twice, one event
    assert seen_by_baselines(store, [record_execution(store, "p", "1", "Judge", inputs=read)]) == {}


def test_data_without_spans_that_the_baseline_itself_has_learned_from_were_seen(store: MetadataStore) -> None:
    first, early = examples(store, 0), examples(store, 0)
    unfair = judge(store, early, model(store, [first]), model(store, [first, early]))
    assert {one: [each.id for each in its] for one, its in seen_by_baselines(store, [unfair]).items()} == {
        unfair: [early]
    }


def seen(number: int, **properties: Property) -> Artifact:
    return Artifact(number, "Examples", "/data", LIVE, time_of(0), properties)


@pytest.mark.parametrize(
    ("artifacts", "which"),
    [
        ([seen(7, span=3)], "span 3"),
        ([seen(7, span="4"), seen(8, span=3), seen(9, span=4)], "span 3, 4"),
        ([seen(7), seen(8, span=0)], "Examples 7, 8"),
        ([seen(7), seen(8, span=2)], "span 2"),
    ],
)
def test_what_was_seen_is_told_by_its_spans_or_else_by_its_ids(artifacts: list[Artifact], which: str) -> None:
    assert seen_text(artifacts) == (
        f"the model it was compared with has learned from these examples ({which}), and it has not"
    )
    assert seen_text([]) == ""
