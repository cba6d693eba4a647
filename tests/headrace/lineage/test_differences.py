"""Each kind of difference between two runs, in the words in which it is told."""

import json
import shutil
from collections.abc import Mapping, Sequence

import pytest

from headrace.metadata import Property, State
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.written_statistics import Feature, Numbers, Texts


def told(recorder: Recorder, before: str = "1", after: str = "2") -> list[str]:
    return list(map(str, recorder.lineage.diff(before, after).differences))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (State.COMPLETE, State.FAILED, ["nodes: Train: COMPLETE -> FAILED"]),
        (State.FAILED, State.COMPLETE, ["nodes: Train: FAILED -> COMPLETE"]),
        (State.CANCELED, State.CACHED, ["nodes: Train: CANCELED -> CACHED"]),
        (State.COMPLETE, State.CACHED, []),
        (State.FAILED, State.CANCELED, []),
    ],
)
def test_how_a_node_ended_is_told_where_only_one_of_both_succeeded(
    recorder: Recorder, before: State, after: State, expected: list[str]
) -> None:
    recorder.node("1", "Train", state=before)
    recorder.node("2", "Train", state=after)
    assert told(recorder) == expected


def test_of_a_node_that_was_tried_again_the_last_try_counts(recorder: Recorder) -> None:
    recorder.node("1", "Train", epochs=3)
    recorder.node("2", "Train", state=State.FAILED, epochs=4)
    recorder.node("2", "Train", epochs=5)
    assert told(recorder) == ["parameter: epochs of Train: 3 -> 5"]


def test_nodes_are_told_in_their_order_with_those_that_one_run_lacks(recorder: Recorder) -> None:
    for run, nodes in (("1", ("Gen", "Old", "Train")), ("2", ("Gen", "New", "Train"))):
        for node in nodes:
            recorder.node(run, node)
    assert told(recorder) == ["nodes: Old: only in the run before", "nodes: New: only in the run after"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"span": 1}, {"span": 2}, "data: Gen: span 1 -> 2"),
        ({"span": 2}, {"span": 1}, "data: Gen: span 2 -> 1"),
        ({"span": "x"}, {"span": 1}, "data: Gen: span unknown -> 1"),
        ({"version": 1}, {"version": 2}, "data: Gen: span 0, version 1 -> 0, version 2"),
        ({"span": 1, "version": 7}, {"span": 2, "version": 7}, "data: Gen: span 1 -> 2"),
        ({"input_base": "/a"}, {"input_base": "/b"}, "data: Gen: read from /a -> /b"),
        ({"input_base": ""}, {"input_base": "/b"}, "data: Gen: read from unknown -> /b"),
        ({names.ROWS: '{"train": 999}'}, {names.ROWS: '{"train": 1000}'}, "data: split train: rows 999 -> 1,000"),
        ({names.ROWS: ""}, {names.ROWS: '{"train": 7}'}, "data: split train: rows unknown -> 7"),
    ],
)
def test_where_data_are_from_and_how_much_they_are_is_told_as_it_was_and_is(
    recorder: Recorder, before: Mapping[str, Property], after: Mapping[str, Property], expected: str
) -> None:
    recorder.data("1", properties=before)
    recorder.data("2", properties=after)
    assert told(recorder) == [expected]


def files(**sizes_and_times: tuple[int, int]) -> dict[str, Property]:
    read = [[f"/data/{name}.csv", size, second * 10**9] for name, (size, second) in sizes_and_times.items()]
    return {names.INPUT_FILES: json.dumps({"train": read})}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (files(a=(1000, 1)), files(a=(1000, 1)), []),
        (files(a=(1000, 1)), files(a=(1000, 2)), ["/data/a.csv in split train: was written again, 1.0 kB -> 1.0 kB"]),
        (files(a=(1000, 1)), files(a=(999, 1)), ["/data/a.csv in split train: was written again, 1.0 kB -> 999 bytes"]),
        (
            files(a=(1, 1), b=(1, 1)),
            files(b=(1, 1), c=(1, 1)),
            ["/data/a.csv in split train: no longer read", "/data/c.csv in split train: newly read"],
        ),
        (
            files(a=(1, 1), b=(1, 1)),
            files(a=(2, 1), b=(2, 2)),
            [f"/data/{name}.csv in split train: was written again, 1 bytes -> 2 bytes" for name in "ab"],
        ),
    ],
)
def test_files_are_told_that_were_written_again_come_or_gone(
    recorder: Recorder, before: Mapping[str, Property], after: Mapping[str, Property], expected: Sequence[str]
) -> None:
    recorder.data("1", properties=before)
    recorder.data("2", properties=after)
    assert told(recorder) == [f"data: {one}" for one in expected]


def test_a_file_that_lies_elsewhere_than_its_base_is_known_by_its_whole_path(recorder: Recorder) -> None:
    for run, base in (("1", "/data"), ("2", "/copy")):
        read = json.dumps({"train": [["/shared/a.csv", 1, 1], [f"{base}/b.csv", 1, 1]]})
        recorder.data(run, f"{base}/b.csv", properties={names.INPUT_FILES: read})
    assert told(recorder) == ["data: Gen: read from /data -> /copy"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("sum:1", "sum:2", ["data: split train: files differ; which of them was not recorded"]),
        ("sum:1", "sum:1", []),
        ("", "sum:1", ["data: split train: files differ; which of them was not recorded"]),
        ("", "", []),
    ],
)
def test_files_whose_names_were_not_recorded_are_compared_by_their_fingerprint(
    recorder: Recorder, before: str, after: str, expected: list[str]
) -> None:
    for run, fingerprint in (("1", before), ("2", after)):
        recorder.data(run, properties={names.INPUT_FILES: "", "input_fingerprint": fingerprint})
    assert told(recorder) == expected


def test_where_one_run_did_not_record_its_files_the_fingerprint_decides(recorder: Recorder) -> None:
    recorder.data("1", properties={"input_fingerprint": "sum:1"})
    recorder.data("2", properties={names.INPUT_FILES: "", "input_fingerprint": "sum:1"})
    recorder.data("3", properties={names.INPUT_FILES: "", "input_fingerprint": "sum:2"})
    assert told(recorder, "1", "2") == []
    assert told(recorder, "1", "3") == ["data: split train: files differ; which of them was not recorded"]
    assert told(recorder, "3", "1") == ["data: split train: files differ; which of them was not recorded"]


def test_a_split_that_only_one_run_has_is_new_or_gone_and_the_others_are_compared(recorder: Recorder) -> None:
    for run, splits, rows in (("1", ("old", "train"), 5), ("2", ("new", "train"), 6)):
        examples = recorder.artifact(run, "examples", "Examples", split_names=json.dumps(splits))
        recorder.node(run, "Gen", {}, {"examples": examples}, facts={names.ROWS: json.dumps({"train": rows})})
    assert told(recorder) == ["data: split old: is gone", "data: split new: is new", "data: split train: rows 5 -> 6"]
    assert told(recorder, "2", "1") == [
        "data: split new: is gone",
        "data: split old: is new",
        "data: split train: rows 6 -> 5",
    ]


def test_after_a_node_whose_data_are_the_same_the_others_are_told(recorder: Recorder) -> None:
    same = recorder.artifact("1", "same", "Examples", split_names='["train"]')
    for run in ("1", "2"):
        recorder.node(run, "Same", {}, {"examples": same}, facts={names.ROWS: '{"train": 1}'})
        for node, rows in (("Only" + run, 1), ("B", 2 + int(run)), ("A", 5 + int(run))):
            examples = recorder.artifact(run, node, "Examples", split_names='["train"]')
            recorder.node(run, node, {}, {"examples": examples}, facts={names.ROWS: json.dumps({"train": rows})})
    assert [one for one in told(recorder) if one.startswith("data")] == [
        "data: split train: rows 3 -> 4",
        "data: split train: rows 6 -> 7",
    ]


def test_of_the_same_data_nothing_is_told_though_the_cached_node_recorded_less(recorder: Recorder) -> None:
    examples = recorder.data("1", rows=10)
    recorder.node("2", "Gen", {}, {"examples": examples}, State.CACHED, facts={names.KEY: KeyParts().to_json()})
    assert [one for one in told(recorder) if one.startswith("data")] == []


def changed(before: Feature, after: Feature, recorder: Recorder) -> list[str]:
    for run, feature in (("1", before), ("2", after)):
        recorder.statistics(
            run, recorder.data("1") if run == "1" else recorder.ids["1 examples"], {"train": {"fare": feature}}
        )
    return [one for one in told(recorder) if one.startswith("data")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Texts({"a": 60, "b": 40}), Texts({"a": 61, "b": 39}), ["distance 0.010, unique 2 -> 2; most for 'b'"]),
        (Texts({"a": 1000}), Texts({"a": 991, "b": 9}), []),
        (Texts({"a": 100}), Texts({"a": 99}, missing=1), ["distance 0.000, unique 1 -> 1, missing 0.0% -> 1.0%"]),
        (Texts({"a": 99}, missing=1), Texts({"a": 100}), ["distance 0.000, unique 1 -> 1, missing 1.0% -> 0.0%"]),
        (Texts({"a": 1000}), Texts({"a": 991}, missing=9), []),
        (Numbers([(0, 2, 4)], mean=1), Numbers([(1, 3, 4)], mean=2), ["distance 0.500, mean 1 -> 2"]),
        (Texts({"a": 4}), Numbers([(0, 2, 4)]), ["STRING -> INT"]),
        (Texts({"a": 4}), Numbers([], missing=4), ["STRING -> INT"]),
        (
            Texts({"a": 1, "b": 1}),
            Texts({"a": 2}, missing=2),
            ["distance 0.500, unique 2 -> 1; most for 'b', missing 0.0% -> 50.0%"],
        ),
    ],
)
def test_a_feature_is_told_from_a_distance_of_a_hundredth_on(
    recorder: Recorder, before: Feature, after: Feature, expected: list[str]
) -> None:
    assert changed(before, after, recorder) == [f"data: fare in split train: {one}" for one in expected]


def test_a_feature_that_only_one_run_has_is_new_or_gone(recorder: Recorder) -> None:
    examples = recorder.data("1")
    recorder.statistics("1", examples, {"train": {"old": Texts({"a": 4})}})
    recorder.statistics("2", examples, {"train": {"new": Texts({"a": 4})}})
    assert [one for one in told(recorder) if one.startswith("data")] == [
        "data: old in split train: is gone",
        "data: new in split train: is new",
    ]


def test_schemas_are_compared_feature_by_feature_in_both_directions(recorder: Recorder) -> None:
    recorder.schema("1", "Cash", "Card")
    recorder.schema("2", "Cash", "Barter")
    gained, lost = "schema: payment: domain gained {!r}", "schema: payment: domain lost {!r}"
    assert told(recorder) == [gained.format("Barter"), lost.format("Card")]
    assert told(recorder, "2", "1") == [gained.format("Card"), lost.format("Barter")]


@pytest.mark.parametrize("there", ["1", "2"])
def test_a_schema_that_only_one_run_has_is_not_compared(recorder: Recorder, there: str) -> None:
    for run in ("1", "2"):
        recorder.node(run, "Gen")
    recorder.schema(there, "Cash")
    where = "before" if there == "1" else "after"
    assert told(recorder) == [f"nodes: Schema: only in the run {where}"]


def test_what_both_runs_have_from_one_execution_is_not_read_to_be_compared(recorder: Recorder) -> None:
    examples = recorder.data("1")
    statistics = recorder.statistics("1", examples, {"train": {"payment": Texts({"Cash": 4})}})
    schema = recorder.schema("1", "Cash")
    recorder.node("2", "Statistics", {"examples": examples}, {"statistics": statistics}, State.CACHED)
    recorder.node("2", "Schema", {}, {"schema": schema}, State.CACHED)
    recorder.node("2", "Gen", {}, {"examples": examples}, State.CACHED)
    shutil.rmtree(recorder.folder / "1")
    assert (told(recorder), recorder.lineage.diff("1", "2").features) == ([], {})


@pytest.mark.parametrize("gone", ["1", "2"])
def test_a_schema_that_was_removed_since_cannot_be_compared(recorder: Recorder, gone: str) -> None:
    for run in ("1", "2"):
        recorder.schema(run, run)
    shutil.rmtree(recorder.folder / gone / "schema")
    assert told(recorder) == ["schema: Schema schema: unknown: a schema cannot be read any more"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["a", "b"], ["b", "a"], ["the same values in another order"]),
        (["a", "b"], ["a", "b"], []),
        (["a", "b", "c"], ["a", "d"], ["3 -> 2 values: 1 new, 2 gone"]),
        (["a"], ["a", "b", "c"], ["1 -> 3 values: 2 new, 0 gone"]),
        (["a", "b", "c"], ["b"], ["3 -> 1 values: 0 new, 2 gone"]),
    ],
)
def test_a_vocabulary_is_told_by_what_came_went_or_moved(
    recorder: Recorder, before: list[str], after: list[str], expected: list[str]
) -> None:
    recorder.vocabularies("1", payment=before)
    recorder.vocabularies("2", payment=after)
    assert told(recorder) == [f"vocabulary: payment: {one}" for one in expected]


def test_vocabularies_that_only_one_run_has_are_told_too_in_the_order_of_their_names(recorder: Recorder) -> None:
    recorder.vocabularies("1", old=["a"], both=["a"])
    recorder.vocabularies("2", new=["a", "b"], both=["c"])
    assert told(recorder) == [
        "vocabulary: both: 1 -> 1 values: 1 new, 1 gone",
        "vocabulary: new: 0 -> 2 values: 2 new, 0 gone",
        "vocabulary: old: 1 -> 0 values: 0 new, 1 gone",
    ]


@pytest.mark.parametrize("gone", ["1", "2"])
def test_after_a_transform_graph_that_was_removed_since_the_next_is_compared(recorder: Recorder, gone: str) -> None:
    for run in ("1", "2"):
        recorder.vocabularies(run, "First", payment=[run])
        recorder.vocabularies(run, "Second", company=[run])
    shutil.rmtree(recorder.folder / gone / "First")
    assert told(recorder) == [
        "vocabulary: First graph: unknown: a transform graph cannot be read any more",
        "vocabulary: company: 1 -> 1 values: 1 new, 1 gone",
    ]


COMMIT = "0123456789abcdef"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {names.GIT_COMMIT: COMMIT, names.GIT_DIRTY: 0},
            {names.GIT_COMMIT: COMMIT, names.GIT_DIRTY: 1},
            "git: commit 0123456789ab -> commit 0123456789ab, with changes that are not committed",
        ),
        (
            {names.GIT_COMMIT: COMMIT, names.GIT_DIRTY: 1},
            {names.GIT_COMMIT: COMMIT, names.GIT_DIRTY: 0},
            "git: commit 0123456789ab, with changes that are not committed -> commit 0123456789ab",
        ),
        ({}, {names.GIT_COMMIT: COMMIT, names.GIT_DIRTY: 0}, "git: commit unknown -> commit 0123456789ab"),
        ({names.USER: "ada"}, {names.USER: "bob"}, "user: ada -> bob"),
        ({names.HOST: "engine"}, {}, "host: engine -> unknown"),
        ({names.VERSIONS: '{"tfx": "1"}'}, {names.VERSIONS: '{"tfx": "2"}'}, "tfx: 1 -> 2"),
        ({names.VERSIONS: '{"tfx": "1"}'}, {names.VERSIONS: "{}"}, "tfx: 1 -> none"),
        ({names.VERSIONS: "{}"}, {names.VERSIONS: '{"tfx": "1"}'}, "tfx: none -> 1"),
        ({names.VERSIONS: '{"tfx": "1"}'}, {}, "versions: unknown in one of the runs: not recorded"),
        ({}, {names.VERSIONS: '{"tfx": "1"}'}, "versions: unknown in one of the runs: not recorded"),
    ],
)
def test_the_environment_is_told_as_it_was_and_is(
    recorder: Recorder, before: Mapping[str, Property], after: Mapping[str, Property], expected: str
) -> None:
    for run, facts in (("1", before), ("2", after)):
        recorder.node(run, "Gen")
        recorder.store.annotate_run(run, facts)
    assert told(recorder) == [f"environment: {expected}"]


def test_what_neither_run_recorded_of_its_environment_is_no_difference(recorder: Recorder) -> None:
    recorder.node("1", "Gen")
    recorder.node("2", "Gen")
    assert told(recorder) == []


def test_the_same_environment_is_no_difference_and_of_two_all_is_told(recorder: Recorder) -> None:
    for run, name, dirty in (("1", "ada", 1), ("2", "ada", 1), ("3", "bob", 0)):
        recorder.node(run, "Gen")
        facts: dict[str, Property] = {names.GIT_COMMIT: COMMIT, names.GIT_DIRTY: dirty, names.USER: name}
        recorder.store.annotate_run(run, {**facts, names.HOST: f"{name}s", names.VERSIONS: '{"tfx": "1"}'})
    assert told(recorder, "1", "2") == []
    assert told(recorder, "2", "3") == [
        "environment: git: commit 0123456789ab, with changes that are not committed -> commit 0123456789ab",
        "environment: user: ada -> bob",
        "environment: host: adas -> bobs",
    ]


def test_each_version_is_told_in_the_order_in_which_they_were_recorded(recorder: Recorder) -> None:
    for run, versions in (("1", {"tfx": "1", "same": "1", "old": "1"}), ("2", {"new": "1", "same": "1", "tfx": "2"})):
        recorder.node(run, "Gen")
        recorder.store.annotate_run(run, {names.VERSIONS: json.dumps(versions)})
    assert told(recorder) == [f"environment: {one}" for one in ("tfx: 1 -> 2", "old: 1 -> none", "new: none -> 1")]


def used(recorder: Recorder, run: str, node: str, seconds: float, state: State = State.COMPLETE) -> None:
    memory: dict[str, Property] = {names.PEAK_MEMORY_BYTES: 2_000_000} if node == "Train" else {}
    recorder.node(run, node, state=state, facts={names.CPU_SECONDS: seconds, **memory})


def test_what_nodes_used_is_told_from_a_second_on_the_largest_difference_first(recorder: Recorder) -> None:
    for node, before, after in (("Gen", 1.0, 2.0), ("Train", 9.0, 4.0), ("Stats", 1.0, 1.9), ("Push", 3.0, 6.0)):
        used(recorder, "1", node, before)
        used(recorder, "2", node, after)
    assert told(recorder) == [
        "resources: Train: CPU 9.0 s -> 4.0 s, memory 2.0 MB -> 2.0 MB",
        "resources: Push: CPU 3.0 s -> 6.0 s, memory unknown -> unknown",
        "resources: Gen: CPU 1.0 s -> 2.0 s, memory unknown -> unknown",
    ]


def test_memory_is_told_of_both_runs(recorder: Recorder) -> None:
    for run, seconds, peak in (("1", 1.0, 2_000), ("2", 5.0, 3_000)):
        recorder.node(run, "Train", facts={names.CPU_SECONDS: seconds, names.PEAK_MEMORY_BYTES: peak})
    assert told(recorder) == ["resources: Train: CPU 1.0 s -> 5.0 s, memory 2.0 kB -> 3.0 kB"]


@pytest.mark.parametrize("idle", ["1", "2"])
@pytest.mark.parametrize("state", [State.CACHED, State.FAILED])
def test_a_node_that_one_run_did_not_execute_to_its_end_used_nothing_to_compare(
    recorder: Recorder, idle: str, state: State
) -> None:
    for run in ("1", "2"):
        used(recorder, run, "Train", 10.0 * int(run), state if run == idle else State.COMPLETE)
        used(recorder, run, "Push", 10.0 * int(run))
    assert [one for one in told(recorder) if one.startswith("resources")] == [
        "resources: Push: CPU 10.0 s -> 20.0 s, memory unknown -> unknown"
    ]


@pytest.mark.parametrize("recorded", ["1", "2"])
def test_what_only_one_run_recorded_of_its_use_is_not_compared(recorder: Recorder, recorded: str) -> None:
    for run in ("1", "2"):
        recorder.node(run, "Train", facts={names.CPU_SECONDS: 100.0} if run == recorded else {})
    assert told(recorder) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"model.py": "a"}, {"model.py": "b"}, ["model.py: changed"]),
        ({"model.py": "a"}, {}, ["model.py: no longer used"]),
        ({}, {"model.py": "a"}, ["model.py: newly used"]),
        ({"package tfx": "1"}, {"package tfx": "2"}, ["package tfx: 1 -> 2"]),
        ({"package tfx": "1"}, {}, ["package tfx: no longer used"]),
        ({}, {"package tfx": "1"}, ["package tfx: newly used"]),
        ({"b.py": "a", "a.py": "a"}, {"b.py": "b", "a.py": "b"}, ["a.py: changed", "b.py: changed"]),
        (None, {"model.py": "a"}, ["Train: unknown in one of the runs: not recorded"]),
        ({"model.py": "a"}, None, ["Train: unknown in one of the runs: not recorded"]),
        (None, None, []),
    ],
)
def test_code_is_told_file_by_file(
    recorder: Recorder, before: Mapping[str, str] | None, after: Mapping[str, str] | None, expected: list[str]
) -> None:
    for run, code in (("1", before), ("2", after)):
        recorder.node(run, "Train", facts={} if code is None else {names.KEY: KeyParts(code=code).to_json()})
    assert told(recorder) == [f"code: {one}" for one in expected]


def test_parameters_are_told_by_node_with_what_only_one_run_was_given(recorder: Recorder) -> None:
    recorder.node("1", "Train", steps=5, old="x", same="s")
    recorder.node("2", "Train", steps=6, new="y", same="s", units="[64, 32]")
    assert told(recorder) == [
        "parameter: steps of Train: 5 -> 6",
        "parameter: Train: no longer given: old (x)",
        "parameter: Train: newly given: new (y), units (64, 32)",
    ]


def test_what_two_nodes_changed_alike_is_told_once(recorder: Recorder) -> None:
    for run, digest in (("1", "a"), ("2", "b")):
        for node in ("Train", "Tune"):
            recorder.node(run, node, facts={names.KEY: KeyParts(code={"model.py": digest}).to_json()})
    assert told(recorder) == ["code: model.py: changed"]
