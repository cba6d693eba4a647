"""What was recorded of the data that came from outside."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.lineage.input_data import InputData, InputFile, InputSplit, is_of_all_rows, split_names
from headrace.metadata import Property
from headrace.metadata import properties as names
from headrace.metadata.records import LIVE, Artifact
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_artifact
from tests.headrace.written_statistics import Texts, write_statistics

FIVE_SECONDS = datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)


def read_by(recorder: Recorder, splits: str = "", **given: Any) -> InputData:
    """The data of examples that an ExampleGen with these properties made."""
    own = {"split_names": splits} if splits else {}
    examples = recorder.artifact("1", "examples", "Examples", **own)
    recorder.node("1", "Gen", {}, {"examples": examples}, facts=given.get("facts"))
    [found] = recorder.lineage.trace(examples).inputs
    return found


def config(**patterns: str) -> str:
    return json.dumps({"splits": [{"name": name, "pattern": pattern} for name, pattern in patterns.items()]})


def test_each_split_has_its_files_rows_and_pattern(recorder: Recorder) -> None:
    fingerprint = (
        "split:train,num_files:2,total_bytes:30,xor_checksum:1,sum_checksum:1\n"
        "split:eval,num_files:1,total_bytes:9,xor_checksum:1,sum_checksum:1"
    )
    read = {"train": [["/d/t/a", 10, 5 * 10**9], ["/d/t/b", 20, 5 * 10**9]], "eval": [["/d/e/c", 9, 5 * 10**9]]}
    facts: dict[str, Property] = {
        "input_base": "/d",
        "input_config": config(train="t/*", eval="e/*"),
        "input_fingerprint": fingerprint,
        "span": "3",
        "version": 4,
        names.INPUT_FILES: json.dumps(read),
        names.ROWS: '{"train": 7, "eval": 8}',
    }
    found = read_by(recorder, '["train", "eval"]', facts=facts)
    a, b, c = (InputFile(f"/d/{name}", size, FIVE_SECONDS) for name, size in (("t/a", 10), ("t/b", 20), ("e/c", 9)))
    assert found == InputData(
        found.artifact,
        found.execution,
        "Gen",
        "/d",
        3,
        4,
        fingerprint,
        (InputSplit("train", 7, "t/*", (a, b), 2, 30), InputSplit("eval", 8, "e/*", (c,), 1, 9)),
    )


def test_one_input_that_was_dealt_out_to_splits_is_of_each(recorder: Recorder) -> None:
    facts: dict[str, Property] = {
        "input_config": config(single_split="*.csv"),
        names.INPUT_FILES: '{"single_split": [["/d/a", 10, 5000000000]]}',
        "input_fingerprint": "split:single_split,num_files:1,total_bytes:10",
    }
    found = read_by(recorder, '["train", "eval"]', facts=facts)
    file = InputFile("/d/a", 10, FIVE_SECONDS)
    assert found.splits == tuple(InputSplit(one, None, "*.csv", (file,), 1, 10) for one in ("train", "eval"))


def test_of_two_inputs_a_split_of_another_name_is_of_neither(recorder: Recorder) -> None:
    facts: dict[str, Property] = {"input_config": config(a="a/*", b="b/*"), names.INPUT_FILES: '{"a": [], "b": []}'}
    [split] = read_by(recorder, '["train"]', facts=facts).splits
    assert split == InputSplit("train", None, None, None, None, None)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"input_config": config(a="x", b="y")}, ["a", "b"]),
        ({names.INPUT_FILES: '{"c": []}'}, ["c"]),
        ({"input_config": "no JSON"}, []),
        ({}, []),
    ],
)
def test_splits_that_the_examples_do_not_name_are_those_of_the_inputs(
    recorder: Recorder, facts: Mapping[str, Property], expected: list[str]
) -> None:
    assert [one.split for one in read_by(recorder, facts=facts).splits] == expected


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (3, 3),
        ("3", 3),
        ("-1", -1),
        ("three", None),
        ("", None),
        ("3.5", None),
        ("1" * 19, None),
        ("1" * 18, int("1" * 18)),
    ],
)
def test_a_span_is_a_number_or_unknown(recorder: Recorder, recorded: Property, expected: int | None) -> None:
    found = read_by(recorder, facts={"span": recorded, "version": recorded})
    assert (found.span, found.version) == (expected, expected)


def test_what_the_examples_say_themselves_comes_before_what_the_execution_says(recorder: Recorder) -> None:
    examples = recorder.artifact("1", "examples", "Examples", span=5, split_names='["train"]')
    recorder.node("1", "Gen", {}, {"examples": examples}, span=3, version=2)
    [found] = recorder.lineage.trace(examples).inputs
    assert (found.span, found.version) == (5, 2)


def test_examples_that_were_made_from_others_are_not_from_outside_unless_files_were_read(recorder: Recorder) -> None:
    raw = recorder.data("1")
    transformed = recorder.artifact("1", "transformed", "Examples")
    recorder.node("1", "Transform", {"examples": raw}, {"transformed": transformed})
    joined = recorder.artifact("1", "joined", "Examples")
    files: dict[str, Property] = {names.INPUT_FILES: '{"train": []}'}
    recorder.node("1", "Join", {"transformed": transformed}, {"joined": joined}, facts=files)
    assert [one.artifact for one in recorder.lineage.trace(joined).inputs] == [raw, joined]


def test_files_that_the_examples_themselves_name_make_them_come_from_outside(recorder: Recorder) -> None:
    raw = recorder.data("1")
    files = json.dumps({"train": []})
    joined = record_artifact(recorder.store, "Examples", "/joined", **{names.INPUT_FILES: files})
    recorder.node("1", "Join", {"examples": raw}, {"joined": joined})
    assert [one.artifact for one in recorder.lineage.trace(joined).inputs] == [raw, joined]


def test_rows_are_counted_by_the_reader_where_the_examples_were_not(recorder: Recorder) -> None:
    examples = recorder.artifact("1", "examples", "Examples", split_names='["train"]')
    recorder.node("1", "Gen", {}, {"examples": examples})
    statistics = recorder.artifact("1", "statistics", "ExampleStatistics")
    rows: dict[str, Property] = {names.ROWS: '{"train": 9}'}
    recorder.node("1", "Statistics", {"examples": examples}, {"statistics": statistics}, facts=rows)
    [found] = recorder.lineage.trace(examples).inputs
    assert [one.rows for one in found.splits] == [9]


def test_after_statistics_that_were_removed_the_next_tell_the_rows(recorder: Recorder) -> None:
    examples = recorder.artifact("1", "examples", "Examples", split_names='["train"]')
    recorder.node("1", "Gen", {}, {"examples": examples})
    there = write_statistics(recorder.folder / "there", {"train": {"a": Texts({"x": 6})}})
    sampled = write_statistics(recorder.folder / "sampled", {"train": {"a": Texts({"x": 3})}})
    for node, folder, rate in (("Gone", recorder.folder / "no", 1), ("Half", sampled, 0.5), ("Whole", there, 1)):
        rates = json.dumps({"train": rate})
        made = recorder.artifact("1", node, "ExampleStatistics", str(folder), sample_rate_by_split=rates)
        recorder.node("1", node, {"examples": examples}, {"statistics": made})
    [found] = recorder.lineage.trace(examples).inputs
    assert [one.rows for one in found.splits] == [6]


def artifact(**properties: Property) -> Artifact:
    return Artifact(1, "ExampleStatistics", "/statistics", LIVE, FIVE_SECONDS, properties)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ('{"train": 1, "eval": 1.0}', True),
        ('{"train": 1, "eval": 0.5}', False),
        ("{}", False),
        ("1", False),
        ("", False),
        ("no JSON", False),
    ],
)
def test_statistics_are_of_all_rows_where_every_split_was_counted_whole(rates: str, expected: bool) -> None:
    assert is_of_all_rows(artifact(sample_rate_by_split=rates)) is expected
    assert not is_of_all_rows(artifact())


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [('["a", "b"]', ["a", "b"]), ("[1]", ["1"]), ("", []), ("no JSON", []), ('{"a": 1}', []), ("[]", [])],
)
def test_the_names_of_splits_are_a_list(recorded: str, expected: list[str]) -> None:
    assert split_names(artifact(split_names=recorded)) == expected
    assert split_names(artifact()) == []


def test_a_file_of_the_same_size_that_was_written_again_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a")
    os.utime(path, ns=(10**18, 10**18))
    then = datetime.fromtimestamp(10**9, UTC)
    assert InputFile(str(path), 1, then).state == "unchanged"
    assert InputFile(str(path), 2, then).state == "changed since"
    os.utime(path, ns=(10**18, 10**18 + 10**9))
    assert InputFile(str(path), 1, then).state == "changed since"
    assert InputFile(str(tmp_path / "none"), 1, then).state == "gone"
