"""What must hold of any records: a diff back is the mirror of a diff, an impact is a trace the other way round."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.contents.metrics import Metrics, Slice, slice_text
from headrace.contents.model_card import Bullets, ModelCard
from headrace.lineage.diff import Diff, MetricChange
from headrace.lineage.differences import Kind
from headrace.metadata import MetadataStore, Property
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from headrace.metadata.store import ConnectionConfig
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.written_evaluations import Failed

_folders = count()
FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def new_recorder(folder: Path) -> Recorder:
    config = ConnectionConfig()
    config.fake_database.SetInParent()
    return Recorder(MetadataStore.connect(config), folder / str(next(_folders)))


small = st.integers(0, 3)
texts = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3)
SLICES: tuple[Slice, ...] = ((), (("payment", "Cash"),), (("payment", "Card"),))
metrics = st.dictionaries(
    st.sampled_from(SLICES),
    st.dictionaries(st.sampled_from(["auc", "loss", "example_count"]), st.sampled_from([None, 0.25, 0.5, 4.0])),
)
Described = dict[str, object]
described = st.fixed_dictionaries(
    {
        "rows": st.dictionaries(st.sampled_from(["train", "eval"]), small, min_size=1),
        "files": st.dictionaries(st.sampled_from("abc"), st.tuples(small, small), max_size=3),
        "span": small,
        "options": texts,
        "code": texts,
        "versions": st.none() | texts,
        "commit": st.none() | st.sampled_from(["0" * 40, "1" * 40]),
        "vocabulary": st.permutations("abc").map(lambda one: one[:2]),
        "metrics": st.none() | metrics,
        "blessed": st.booleans(),
        "pushed": st.none() | st.booleans(),
        "cpu": st.sampled_from([0.0, 0.5, 5.0]),
    }
)


def record(recorder: Recorder, run: str, facts: dict[str, object]) -> None:
    """A run of which all that a diff compares is known."""
    read = [[f"/data/{name}", size, time] for name, (size, time) in sorted(facts["files"].items())]  # type: ignore[attr-defined]
    rows = facts["rows"]
    splits = list(rows)  # type: ignore[call-overload]
    own: dict[str, Property] = {
        "input_base": "/data",
        "span": int(str(facts["span"])),
        names.INPUT_FILES: json.dumps(dict.fromkeys(splits, read)),
        names.ROWS: json.dumps(rows),
    }
    examples = recorder.artifact(run, "examples", "Examples", split_names=json.dumps(splits))
    recorder.node(run, "Gen", {}, {"examples": examples}, facts=own)
    key = KeyParts(code=facts["code"])  # type: ignore[arg-type]
    trained: dict[str, Property] = {
        "custom_config": json.dumps(facts["options"]),
        names.KEY: key.to_json(),
        names.CPU_SECONDS: float(str(facts["cpu"])),
    }
    model = recorder.model(run, examples, trained)
    recorder.vocabularies(run, payment=facts["vocabulary"])  # type: ignore[arg-type]
    if facts["metrics"] is not None:
        recorder.evaluate(run, model, facts["metrics"], blessed=bool(facts["blessed"]))  # type: ignore[arg-type]
    if facts["pushed"] is not None:
        recorder.push(run, model, bool(facts["pushed"]))
    about: dict[str, Property] = {}
    if facts["versions"] is not None:
        about[names.VERSIONS] = json.dumps(facts["versions"])
    if facts["commit"] is not None:
        about |= {names.GIT_COMMIT: str(facts["commit"]), names.GIT_DIRTY: 0}
    recorder.store.annotate_run(run, about)


OPPOSITE = {"newly": "no longer", "after": "before", "new": "gone"}


def mirrored(detail: str) -> str:
    """What is said of the same difference the other way round."""
    if " values: " in detail:
        sizes, _, changes = detail.partition(" values: ")
        gained, lost = (one.split()[0] for one in changes.split(", "))
        return f"{' -> '.join(reversed(sizes.split(' -> ')))} values: {lost} new, {gained} gone"
    if ", memory " in detail:
        return ", ".join(mirrored_arrow(part) for part in detail.split(", "))
    if " -> " in detail:
        return mirrored_arrow(detail)
    words = {**OPPOSITE, **{after: before for before, after in OPPOSITE.items()}}
    for one, other in words.items():
        if f" {one}" in f" {detail}":
            return f" {detail}".replace(f" {one}", f" {other}", 1)[1:]
    return detail


def mirrored_arrow(text: str) -> str:
    """ "CPU 1 s -> 2 s", "span 1 -> 2", "0.25 -> 0.5 (+0.25)"."""
    before, _, after = text.partition(" -> ")
    head = next(
        (one for one in ("CPU ", "memory ", "rows ", "span ", "was written again, ") if text.startswith(one)), ""
    )
    after, _, change = after.partition(" (")
    swapped = change.translate(str.maketrans("+-", "-+"))
    return f"{head}{after} -> {before.removeprefix(head)}" + (f" ({swapped}" if change else "")


def said(diff: Diff) -> set[tuple[str, str, str]]:
    return {(one.kind.value, one.subject, one.detail) for one in diff.differences}


def turned(one: MetricChange) -> tuple[Slice, str, float | None, float | None]:
    return one.slice, one.metric, one.after, one.before


@FEW
@given(described, described)
def test_the_diff_back_is_the_mirror_of_the_diff(tmp_path: Path, first: Described, second: Described) -> None:
    recorder = new_recorder(tmp_path)
    for run, facts in (("a", first), ("b", second)):
        record(recorder, run, facts)
    there, back = recorder.lineage.diff("a", "b"), recorder.lineage.diff("b", "a")
    assert said(back) == {(kind, subject, mirrored(detail)) for kind, subject, detail in said(there)}
    assert {replace(one, examples=None) for one in back.metrics} == {
        MetricChange(*turned(one), examples=None) for one in there.metrics
    }
    assert (there.before, there.after) == (back.after, back.before)
    kinds = [one.kind for one in there.differences]
    assert kinds == sorted(kinds, key=list(Kind).index)


@FEW
@given(described)
def test_a_run_differs_in_nothing_from_one_of_which_the_same_is_recorded(tmp_path: Path, facts: Described) -> None:
    recorder = new_recorder(tmp_path)
    for run in ("a", "b"):
        record(recorder, run, facts)
    same = recorder.lineage.diff("a", "b")
    assert (same.differences, same.metrics) == ((), ())


@st.composite
def workflows(draw: st.DrawFn) -> list[tuple[list[int], int]]:
    """Executions in their order, each with the artifacts that it read, by number, and how many it made."""
    steps: list[tuple[list[int], int]] = []
    made = 0
    for _ in range(draw(st.integers(1, 8))):
        read = draw(st.lists(st.integers(0, made - 1), unique=True, max_size=3)) if made else []
        count_made = draw(st.integers(0, 2))
        steps.append((read, count_made))
        made += count_made
    return steps


@FEW
@given(workflows())
def test_what_something_came_from_is_what_it_went_into_the_other_way_round(
    tmp_path: Path, steps: list[tuple[list[int], int]]
) -> None:
    recorder = new_recorder(tmp_path)
    artifacts: list[int] = []
    for number, (read, count_made) in enumerate(steps):
        new = [recorder.artifact("1", f"{number}-{index}", "Thing") for index in range(count_made)]
        recorder.node(
            "1",
            f"Node{number}",
            {f"in{index}": artifacts[one] for index, one in enumerate(read)},
            {f"out{index}": one for index, one in enumerate(new)},
        )
        artifacts += new
    came_from = {one: set(recorder.lineage.trace(one).graph.artifacts) for one in artifacts}
    went_into = {one: set(recorder.lineage.impact(one).graph.artifacts) for one in artifacts}
    assert came_from == {one: ancestors(one, steps, artifacts) | {one} for one in artifacts}
    assert {(one, other) for one in artifacts for other in came_from[one]} == {
        (one, other) for other in artifacts for one in went_into[other]
    }


def ancestors(artifact: int, steps: Iterable[tuple[list[int], int]], artifacts: list[int]) -> set[int]:
    found: set[int] = set()
    made = 0
    for read, count_made in steps:
        if artifact in artifacts[made : made + count_made]:
            for one in read:
                found |= {artifacts[one]} | ancestors(artifacts[one], steps, artifacts)
        made += count_made
    return found


bounds = st.sampled_from([0.25, 0.5, 0.75])
thresholds = st.dictionaries(
    st.tuples(st.sampled_from(SLICES), st.sampled_from(["auc", "loss"])), st.tuples(st.booleans(), bounds), max_size=6
)


@FEW
@given(thresholds, st.lists(bounds, min_size=6, max_size=6))
def test_a_card_says_of_each_threshold_what_the_records_say(
    tmp_path: Path, asked: dict[tuple[Slice, str], tuple[bool, float]], measured: list[float]
) -> None:
    values = dict(zip(((key, name) for key in SLICES for name in ("auc", "loss")), measured, strict=True))
    by_slice: dict[Slice, Metrics] = {key: {name: values[key, name] for name in ("auc", "loss")} for key in SLICES}
    failed, expected = [], []
    for (key, name), (is_least, bound) in asked.items():
        value = values[key, name]
        if value < bound if is_least else value > bound:
            side, words = ("lower_bound", "at least") if is_least else ("upper_bound", "at most")
            failed.append(Failed(key, name, value, {"value_threshold": {side: {"value": bound}}}))
            expected.append(f"{slice_text(key)}: {name} {value:g}, asked: {words} {bound:g}")
    recorder = new_recorder(tmp_path)
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, by_slice, blessed=not failed, failed=failed)
    card = recorder.lineage.card(model)
    assert sorted(did_not_hold(card)) == sorted(expected)
    [verdict] = [one for one in card.figures if one.label == "Verdict"]
    note = f"{len(failed)} thresholds did not hold" if failed else "no threshold was set"
    assert (verdict.value, verdict.note) == ("Not blessed" if failed else "Blessed", note)


def did_not_hold(card: ModelCard) -> list[str]:
    [quality] = [one for one in card.sections if one.title == "How good it is"]
    points = [point for block in quality.blocks if isinstance(block, Bullets) for point in block.points]
    assert {name for name, _ in points} <= {"did not hold"}
    return [text for _, text in points]


@pytest.mark.parametrize(
    ("detail", "back"),
    [
        ("0.25 -> 0.5 (+0.25)", "0.5 -> 0.25 (-0.25)"),
        ("CPU 1.0 s -> 2.0 s, memory unknown -> 1 kB", "CPU 2.0 s -> 1.0 s, memory 1 kB -> unknown"),
        ("2 -> 3 values: 1 new, 0 gone", "3 -> 2 values: 0 new, 1 gone"),
        ("newly given: a (x)", "no longer given: a (x)"),
        ("only in the run before", "only in the run after"),
        ("is new", "is gone"),
        ("changed", "changed"),
    ],
)
def test_a_mirror_turns_each_kind_of_words_round(detail: str, back: str) -> None:
    assert (mirrored(detail), mirrored(back)) == (back, detail)
