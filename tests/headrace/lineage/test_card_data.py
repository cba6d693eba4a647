"""What a card says of a model's data and their schema."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headrace.contents.metrics import Metrics
from headrace.contents.model_card import Block, Distributions, Facts, Shares, Table, Words
from headrace.contents.statistics import SplitStatistics, read_statistics
from headrace.contents.transform_graph import Analyzer
from headrace.lineage.card_data import data_section, features_section, period_text, schema_section, share_text
from headrace.lineage.card_sources import Sources, sources_of
from headrace.lineage.features import FeatureLineage, Features
from headrace.metadata import Property
from headrace.metadata import properties as names
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.written_statistics import Feature, Numbers, Texts, write_statistics


def known_of(recorder: Recorder, model: int) -> Sources:
    return sources_of(recorder.store, recorder.lineage.trace(model), None)


def data(known: Sources) -> tuple[Block, ...]:
    return data_section(known).blocks


def seconds(year: int, month: int = 1, day: int = 1) -> float:
    return datetime(year, month, day, tzinfo=UTC).timestamp()


def known_with(recorder: Recorder, splits: Mapping[str, Mapping[str, Feature]]) -> Sources:
    examples = recorder.data("1")
    recorder.statistics("1", examples, splits)
    return known_of(recorder, recorder.model("1", examples))


def test_one_input_is_told_with_its_span_rows_and_files(recorder: Recorder, tmp_path: Path) -> None:
    file = tmp_path / "trips.csv"
    facts: dict[str, Property] = {"span": 3, "version": 2, "input_fingerprint": "a  b"}
    known = known_of(recorder, recorder.model("1", recorder.data("1", str(file), 1234, facts)))
    told, files, nothing = data(known)
    assert told == Facts(
        (
            ("read by", f"Gen from {tmp_path}"),
            ("span", "3, version 2"),
            ("period", "unknown: no column of times is among the statistics"),
            ("rows, train", "1,234"),
            ("fingerprint", "a b"),
        )
    )
    assert files == Table(
        ("split", "file", "size", "changed", "since then"),
        (("train", str(file), "1.0 kB", "2001-09-09 01:46 UTC", "gone"),),
        (2,),
    )
    assert nothing == Words("There are no statistics of the data: none were made, or they were removed.", quiet=True)


def test_several_inputs_are_told_by_their_span(recorder: Recorder) -> None:
    later = recorder.data("1", "/data/later.csv", 20, {"span": 2, "input_fingerprint": "f2"})
    earlier = recorder.data("2", "/data/earlier.csv", 1000, {"span": 1, names.ROWS: ""})
    model = recorder.artifact("3", "model", "Model")
    recorder.node("3", "Train", {"a": later, "b": earlier}, {"model": model})
    facts, inputs, files, _ = data(known_of(recorder, model))
    assert isinstance(facts, Facts)
    assert dict(facts.rows) == {
        "read by": "Gen from /data",
        "period": "unknown: no column of times is among the statistics",
        "rows, train": "unknown",
    }
    assert inputs == Table(
        ("input", "span", "rows", "fingerprint"),
        (
            (f"Examples {earlier}", "1", "train unknown", "unknown"),
            (f"Examples {later}", "2", "train 20", "f2"),
        ),
    )
    assert isinstance(files, Table)
    assert [row[1] for row in files.rows] == ["/data/earlier.csv", "/data/later.csv"]


@pytest.mark.parametrize(
    ("pattern", "fingerprint", "expected"),
    [
        ("*.csv", "split:train,num_files:2,total_bytes:3000", [("train", "*.csv", "3.0 kB", "unknown", "unknown")]),
        ("*.csv", "", [("train", "*.csv", "unknown", "unknown", "unknown")]),
        (None, "", None),
    ],
)
def test_files_whose_names_were_not_recorded_are_told_by_their_pattern(
    recorder: Recorder, pattern: str | None, fingerprint: str, expected: list[tuple[str, ...]] | None
) -> None:
    config = {"splits": [{"name": "train", "pattern": pattern}]} if pattern else {}
    facts: dict[str, Property] = {
        names.INPUT_FILES: "",
        "input_config": json.dumps(config),
        "input_fingerprint": fingerprint,
    }
    _, files, _ = data(known_of(recorder, recorder.model("1", recorder.data("1", properties=facts))))
    if expected is None:
        assert files == Words("Which files these were is unknown: their names were not recorded.", quiet=True)
    else:
        assert isinstance(files, Table)
        assert list(files.rows) == expected


@pytest.mark.parametrize(("count", "more"), [(10, []), (12, [("train", "and 2 more files", "", "", "")])])
def test_of_many_files_the_others_are_counted(recorder: Recorder, count: int, more: list[tuple[str, ...]]) -> None:
    read = json.dumps({"train": [[f"/data/{one}", 1, 1] for one in range(count)]})
    model = recorder.model("1", recorder.data("1", properties={names.INPUT_FILES: read}))
    files = data(known_of(recorder, model))[1]
    assert isinstance(files, Table)
    assert [row[1] for row in files.rows[:10]] == [f"/data/{one}" for one in range(10)]
    assert list(files.rows[10:]) == more


def test_of_a_model_that_was_brought_in_the_data_are_unknown(recorder: Recorder) -> None:
    known = known_of(recorder, recorder.artifact("1", "model", "Model"))
    assert data(known)[0] == Words("Which data it is from is unknown: nothing is recorded of it.")


def test_features_are_drawn_with_the_label_first_and_the_others_are_counted(recorder: Recorder) -> None:
    columns: dict[str, Feature] = {"empty": Texts({}, missing=4)}
    columns |= {name: Texts({"a": 4}) for name in ("fare", "label", "other", "payment")}
    known = replace(known_with(recorder, {"train": columns}), label="label")
    used = replace(known, features=used_columns("payment", "fare", "empty"))
    folder = str(recorder.folder / "1" / "Statistics")
    assert data(used)[-2:] == (
        Distributions(folder, ("label", "fare", "payment")),
        Words("Columns that are not drawn: 2.", quiet=True),
    )
    assert data(known)[-2:] == (
        Distributions(folder, ("label", "fare", "other", "payment")),
        Words("Columns that are not drawn: 1.", quiet=True),
    )


def used_columns(*columns: str) -> Features:
    features = [FeatureLineage(f"{name}_xf", (name,), (), in_model=True) for name in columns]
    unused = FeatureLineage("unused_xf", ("other",), (Analyzer("mean"), Analyzer("var")), in_model=False)
    return Features(1, 2, (*features, unused))


def test_where_all_columns_are_drawn_nothing_is_said_of_others(recorder: Recorder) -> None:
    blocks = data(known_with(recorder, {"train": {"fare": Texts({"a": 4})}}))
    assert blocks[-1] == Distributions(str(recorder.folder / "1" / "Statistics"), ("fare",))


def test_of_many_features_eighteen_are_drawn(recorder: Recorder) -> None:
    columns = {f"c{one:02}": Texts({"a": 4}) for one in range(19)}
    *_, drawn, said = data(known_with(recorder, {"train": columns}))
    assert isinstance(drawn, Distributions)
    assert (len(drawn.features), said) == (18, Words("Columns that are not drawn: 1.", quiet=True))


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (
            {"train": {"pickup_time": Numbers([(seconds(2014), seconds(2014, 12, 31), 4)])}},
            "train 2014-01-01 to 2014-12-31 (column pickup_time)",
        ),
        (
            {"train": {"flight_date": Numbers([(seconds(2014) * 1e3, seconds(2015) * 1e3, 4)])}},
            "train 2014-01-01 to 2015-01-01 (column flight_date)",
        ),
        (
            {
                "a": {"time": Numbers([(seconds(2015) * 1e9, seconds(2016) * 1e9, 4)])},
                "b": {"time": Numbers([(seconds(2014) * 1e9, seconds(2015) * 1e9, 4)])},
            },
            "b 2014-01-01 to 2015-01-01, a 2015-01-01 to 2016-01-01 (column time)",
        ),
        ({"train": {"time": Numbers([(5, 900, 4)])}}, ""),
        ({"train": {"time": Numbers([(seconds(2014), seconds(2015), 4)], whole=False)}}, ""),
        ({"train": {"time": Texts({"noon": 4})}}, ""),
        ({"train": {"fare": Numbers([(seconds(2014), seconds(2015), 4)])}}, ""),
        ({"train": {"year": Numbers([(2013, 2013, 4)]), "month": Numbers([(2, 3, 4)])}}, "year 2013, month 2 to 3"),
        (
            {"a": {"year": Numbers([(2013, 2014, 4)])}, "b": {"year": Numbers([(2012, 2013, 4)])}},
            "year 2012 to 2014",
        ),
        ({"train": {"year": Texts({"last": 4})}}, ""),
    ],
)
def test_the_period_is_that_of_columns_of_times_or_of_years_and_months(
    recorder: Recorder, splits: Mapping[str, Mapping[str, Feature]], expected: str
) -> None:
    assert period_text(known_with(recorder, splits)) == expected


def test_the_period_of_several_inputs_is_of_all_whose_statistics_are_there(recorder: Recorder) -> None:
    every = [recorder.data(run, properties={"span": int(run)}) for run in ("1", "2", "3")]
    for run, (first, last) in (("1", (2014, 2015)), ("2", (2015, 2016))):
        times = {"time": Numbers([(seconds(first), seconds(last), 4)])}
        recorder.statistics(run, every[int(run) - 1], {"train": times})
    model = recorder.artifact("4", "model", "Model")
    recorder.node("4", "Train", {f"in{one}": one for one in every}, {"model": model})
    known = known_of(recorder, model)
    told = "train 2014-01-01 to 2016-01-01 (column time); of 1 of 3 inputs it is unknown"
    assert period_text(known) == told
    assert data(known)[-1] == Words("Drawn is the newest of 3 inputs.", quiet=True)


def transformed(folder: Path, mean: float, low: float = 0, high: float = 1, examples: int = 100) -> SplitStatistics:
    label = Numbers([(low, high, examples)], mean)
    return read_statistics(write_statistics(folder, {"train": {"tips": label}}))["train"]


def labelled(
    recorder: Recorder, overall: Metrics | None, rows: Mapping[str, int], mean: float, **given: float
) -> Sources:
    examples = recorder.artifact("1", "examples", "Examples", split_names=json.dumps(list(rows)))
    recorder.node("1", "Gen", {}, {"examples": examples}, facts={names.ROWS: json.dumps(rows)})
    model = recorder.model("1", examples)
    if overall is not None:
        recorder.evaluate("1", model, {(): overall})
    known = known_of(recorder, model)
    low, high = given.get("low", 0), given.get("high", 1)
    return replace(known, label="tips", transformed=transformed(recorder.folder / "tips", mean, low, high))


def shares(known: Sources) -> list[Shares]:
    return [one for one in data(known) if isinstance(one, Shares)]


SHARE = "Share of examples whose label, tips, is 1"


def test_the_share_of_a_label_is_told_of_the_split_that_was_evaluated_and_of_the_others(recorder: Recorder) -> None:
    rows = {"train": 75, "eval": 25}
    known = labelled(recorder, {"mean_label": 0.5, "example_count": 25.0}, rows, 0.25)
    (shown,) = shares(known)
    assert shown.caption == SHARE
    assert [(name, round(share, 6), said) for name, share, said in shown.rows] == [
        ("train", round((0.25 * 100 - 0.5 * 25) / 75, 6), "of 75"),
        ("eval", 0.5, "of 25"),
        ("all", 0.25, "of 100"),
    ]


@pytest.mark.parametrize(
    ("overall", "rows", "expected"),
    [
        (None, {"train": 75, "eval": 25}, (("all", 0.25, "of 100"),)),
        ({"example_count": 25.0}, {"train": 75, "eval": 25}, (("all", 0.25, "of 100"),)),
        ({"mean_label": 0.5}, {"train": 75, "eval": 25}, (("all", 0.25, "of 100"),)),
        (
            {"mean_label": 0.5, "example_count": 24.0},
            {"train": 75, "eval": 25},
            (("evaluated", 0.5, "of 24"), ("all", 0.25, "of 100")),
        ),
        (
            {"mean_label": 0.5, "example_count": 25.0},
            {"train": 70, "eval": 25},
            (("eval", 0.5, "of 25"), ("all", 0.25, "of 100")),
        ),
        (
            {"mean_label": 0.5, "example_count": 100.0},
            {"train": 100},
            (("train", 0.5, "of 100"), ("all", 0.25, "of 100")),
        ),
    ],
)
def test_of_what_is_not_known_to_be_a_split_the_share_is_not_worked_out(
    recorder: Recorder,
    overall: Metrics | None,
    rows: Mapping[str, int],
    expected: tuple[tuple[str, float, str], ...],
) -> None:
    assert shares(labelled(recorder, overall, rows, 0.25)) == [Shares(SHARE, expected)]


@pytest.mark.parametrize(("low", "high"), [(0, 2), (1, 1), (0, 0)])
def test_a_label_that_is_not_0_or_1_has_no_share(recorder: Recorder, low: float, high: float) -> None:
    assert shares(labelled(recorder, None, {"train": 100}, 0.25, low=low, high=high)) == []


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0, "0 %"),
        (0.0009, "< 0.1 %"),
        (0.001, "0.1 %"),
        (0.25, "25 %"),
        (0.2512, "25.1 %"),
        (0.999, "99.9 %"),
        (0.9995, "> 99.9 %"),
        (1, "100 %"),
        (0.1, "10 %"),
    ],
)
def test_a_little_is_never_none_and_nearly_all_never_all(share: float, told: str) -> None:
    assert share_text(share) == told.replace(" ", "\N{NO-BREAK SPACE}")


SCHEMA = """
feature {{ name: "payment" type: BYTES presence {{ min_fraction: 1 }} string_domain {{ value: "{long}" }} }}
feature {{ name: "fare" type: FLOAT }}
feature {{ name: "gone" type: INT }}
"""


@pytest.mark.parametrize(("length", "told"), [(100, "x" * 100), (101, f"{'x' * 100}…")])
def test_a_schema_is_told_column_by_column_with_what_is_missing_by_split(
    recorder: Recorder, length: int, told: str
) -> None:
    examples = recorder.data("1")
    schema = recorder.schema("1", "Cash", schema_file="/project/schema.pbtxt")
    (recorder.folder / "1" / "schema" / "schema.pbtxt").write_text(SCHEMA.format(long="x" * length))
    few: dict[str, Feature] = {"payment": Texts({"a": 3}, missing=1), "fare": Numbers([(0, 1, 4)])}
    many: dict[str, Feature] = {"payment": Texts({"a": 8}), "fare": Numbers([(0, 1, 4)], missing=4)}
    recorder.statistics("1", examples, {"eval": few, "train": many})
    model = recorder.artifact("1", "model", "Model")
    recorder.node("1", "Train", {"e": examples, "s": schema}, {"model": model})
    said, table = schema_section(known_of(recorder, model)).blocks
    assert said == Words(f"Schema {schema}, imported from /project/schema.pbtxt by Schema.")
    none, quarter, half = (share_text(share) for share in (0, 0.25, 0.5))
    assert table == Table(
        ("column", "type", "values", "required", "missing, train", "missing, eval"),
        (
            ("payment", "bytes", told, "yes", none, quarter),
            ("fare", "float", "", "no", half, none),
            ("gone", "int", "", "no", "unknown", "unknown"),
        ),
        (4, 5),
    )


def test_without_a_schema_what_it_says_is_unknown(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    assert schema_section(known_of(recorder, model)).blocks == (Words("What it says is unknown: none is recorded."),)


def test_of_a_schema_that_was_removed_what_it_says_is_unknown(recorder: Recorder) -> None:
    schema = recorder.schema("1", "Cash")
    (recorder.folder / "1" / "schema" / "schema.pbtxt").unlink()
    model = recorder.artifact("1", "model", "Model")
    recorder.node("1", "Train", {"s": schema}, {"model": model})
    assert schema_section(known_of(recorder, model)).blocks == (
        Words(f"Schema {schema}, brought in by Schema. What it says is unknown: it cannot be read any more."),
    )


def test_features_are_told_from_raw_columns_to_model_inputs(recorder: Recorder) -> None:
    known = replace(known_of(recorder, recorder.model("1", recorder.data("1"))), features=used_columns("fare"))
    table = features_section(known).blocks[1]
    assert table == Table(
        ("raw columns", "made by", "feature", "model input"),
        (("fare", "no analyzer", "fare_xf", "yes"), ("other", "mean, var", "unused_xf", "no")),
    )
