"""Splits by values of a column and by time; and what is refused when the pipeline is built."""

import datetime
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tfx.types.artifact_utils import decode_split_names

from components.arrow_example_gen.component import ArrowExampleGen
from components.arrow_example_gen.split_rules import ByTime, ByValue, SplitRule, split_rule
from headrace.errors import InputDataError, ParameterError, UnknownNameError
from tests.components.arrow_example_gen.made import TAXI, hashed, make, pattern, taxi, written

UTC = datetime.UTC
DAYS = {"train": "2015-01-01", "eval": "2016-01-01", "test": None}
TIMES = [datetime.datetime(2014, 12, 31, 23, 59, 59), datetime.datetime(2015, 1, 1), datetime.datetime(2016, 6, 1)]


def deal(rule: SplitRule, values: pa.Array) -> list[int]:
    return rule.deal(values).splits.tolist()


@pytest.mark.parametrize(
    "values",
    [
        pa.array([2015, 2016, 2014, None]),
        pa.array([2015, 2016, 2014, None], pa.int16()),
        pa.array([2015.0, 2016.0, 2014.5, None]),
        pa.array(["2015", "2016", "", None]),
        pa.array([b"2015", b"2016", b"\xff", None]),
        pa.array(["2015", "2016", "x", None]).dictionary_encode(),
        pa.array(["?", "2015", "2016", "x", None]).slice(1),
    ],
)
def test_values_are_compared_as_text(values: pa.Array) -> None:
    rule = ByValue("year", {"train": [2015], "eval": ["2016"]})
    assert deal(rule, values) == [0, 1, -1, -1]
    assert rule.deal(values).outside.total() == 2


def test_booleans_and_dates_have_a_text_of_their_own() -> None:
    assert deal(ByValue("x", {"a": [True], "b": ["false"]}), pa.array([True, False])) == [0, 1]
    day = datetime.date(2015, 12, 31)
    assert deal(ByValue("x", {"a": [day], "b": ["2016-01-01"]}), pa.array([day, datetime.date(2016, 1, 1)])) == [0, 1]


@pytest.mark.parametrize(
    "values",
    [
        *(pa.array(TIMES, pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")),
        pa.array([time.replace(tzinfo=UTC) for time in TIMES], pa.timestamp("us", "America/Chicago")),
        pa.array([time.date() for time in TIMES]),
        pa.array([time.date() for time in TIMES], pa.date64()),
        pa.array([int(time.replace(tzinfo=UTC).timestamp()) for time in TIMES]),
        pa.array([time.isoformat() for time in TIMES]),
        pa.array([f"{time.isoformat()}Z" for time in TIMES]),
        pa.array([str(time).encode() for time in TIMES]),
        pa.array([str(time.date()) for time in TIMES]).dictionary_encode(),
    ],
)
def test_an_end_is_the_first_time_that_is_no_longer_the_splits_own(values: pa.Array) -> None:
    assert deal(ByTime("time", DAYS), values) == [0, 1, 2]
    closed = ByTime("time", {"train": "2015-01-01", "eval": datetime.datetime(2016, 1, 1, tzinfo=UTC)}).deal(values)
    assert closed.splits.tolist() == [0, 1, -1]
    assert closed.outside == Counter({"2016-06-01": 1})


@given(
    st.lists(st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)), max_size=9),
    st.lists(st.datetimes(), min_size=1, max_size=4, unique=True),
    st.sampled_from(["us", "ns"]),
)
def test_any_times(times: list[datetime.datetime], ends: list[datetime.datetime], unit: str) -> None:
    rule = ByTime("time", {str(index): end for index, end in enumerate(sorted(ends))} | {"last": None})
    expected = [sum(end <= time for end in ends) for time in times]
    assert deal(rule, pa.array(times, pa.timestamp(unit))) == expected


def test_no_time_is_of_no_split() -> None:
    assert ByTime("time", DAYS).deal(pa.array([None], pa.timestamp("s"))).outside == Counter({"no value": 1})
    assert ByTime("time", DAYS).deal(pa.nulls(1)).outside == Counter({"no value": 1})


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        (ByTime("x", DAYS), pa.array([1.5])),
        (ByTime("x", DAYS), pa.array(["yesterday"])),
        (ByValue("x", {"a": ["1"]}), pa.array([[1]])),
    ],
)
def test_columns_that_rows_cannot_be_split_by(rule: SplitRule, values: pa.Array) -> None:
    with pytest.raises(InputDataError, match="cannot be split by the column 'x'"):
        rule.deal(values)


@pytest.mark.parametrize(
    "rule",
    [
        ByValue("x", {"b": [1, True], "a": [datetime.date(2015, 1, 1)]}),
        ByTime("x", {"b": datetime.date(2015, 1, 1), "a": "2016-01-01T12:00:00+02:00", "c": None}),
    ],
)
def test_a_rule_is_a_parameter(rule: SplitRule) -> None:
    again = split_rule(rule.to_json())
    assert again.to_json() == rule.to_json()
    assert again.names == rule.names
    assert type(again) is type(rule)


@pytest.mark.parametrize(
    "rule",
    [
        ByTime("trip_start_timestamp", {"train": "2016-07-01", "eval": None}),
        ByValue("payment_type", {"train": ["Cash"], "eval": ["Credit Card", "No Charge", "Unknown", "Pcard"]}),
    ],
)
@pytest.mark.parametrize("file", ["trips-2016.csv", "trips.parquet"])
def test_taxi(data: Path, tmp_path: Path, rule: ByTime | ByValue, file: str) -> None:
    pq.write_table(taxi(), data / "trips.parquet", row_group_size=200)
    (data / "trips-2016.csv").write_bytes((TAXI / "trips-2016.csv").read_bytes())
    expected = Counter(deal(rule, taxi().column(rule.column).combine_chunks()))
    assert -1 not in expected
    whole = make(data, tmp_path / "rule", input_config=pattern(all=file), split_by=rule)
    assert decode_split_names(whole.split_names) == ["train", "eval"]
    assert {split: len(records) for split, records in written(whole).items()} == {
        "train": expected[0],
        "eval": expected[1],
    }
    without = make(data, tmp_path / "some", input_config=pattern(all=file), split_by=rule, columns=["fare"])
    assert all(rule.column.encode() not in record for records in written(without).values() for record in records)


def test_rows_of_no_split_are_counted_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"year": [2014] * 3 + [2015, 2016, None]}), data / "x.parquet")
    with pytest.raises(InputDataError, match="4 rows belong to no split") as raised:
        make(data, tmp_path / "out", split_by=ByValue("year", {"train": [2015], "eval": [2016]}))
    assert raised.value.why == "2014: 3 rows; no value: 1 rows"
    assert raised.value.where == f"the column 'year' of {data / 'x.parquet'}"
    assert not (tmp_path / "out").exists()


def test_a_rule_on_a_column_that_is_not_there_or_cannot_be_dealt_out_by(data: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"year": [2015], "nested": [{"x": 1}], "share": [0.5]}), data / "x.parquet")
    with pytest.raises(UnknownNameError, match="no column 'yaer'") as raised:
        make(data, tmp_path / "out", split_by=ByValue("yaer", {"all": [2015]}), columns=["year"])
    assert raised.value.why == "did you mean 'year'?"
    for column, what in {"nested": "cannot be in an example", "share": "cannot be split by"}.items():
        with pytest.raises(InputDataError, match=what):
            make(data, tmp_path / "out", split_by=ByTime(column, DAYS), columns=["year"])
    assert not (tmp_path / "out").exists()


def test_a_split_without_rows(data: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"year": [2015]}), data / "x.parquet")
    with pytest.raises(InputDataError, match="'eval' gets no rows") as raised:
        make(data, tmp_path / "out", split_by=ByValue("year", {"train": [2015], "eval": [2106]}))
    assert "2106" in raised.value.why


def test_rows_without_the_feature_that_is_hashed(data: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"user": ["a", None]}), data / "x.parquet")
    with pytest.raises(ParameterError, match="'user'"):
        make(data, tmp_path / "out", output_config=hashed("user", train=1, eval=1))
    assert not list((tmp_path / "out").rglob("*.*"))


def test_a_feature_that_is_hashed(data: Path, tmp_path: Path) -> None:
    pq.write_table(taxi(), data / "x.parquet")
    splits = written(make(data, tmp_path / "out", output_config=hashed("trip_start_hour", train=2, eval=1)))
    hours = {name: {hour_of(record) for record in records} for name, records in splits.items()}
    assert hours["train"].isdisjoint(hours["eval"])
    assert all(hours.values())


def hour_of(record: bytes) -> int:
    return int(tf.train.Example.FromString(record).features.feature["trip_start_hour"].int64_list.value[0])


@pytest.mark.parametrize(
    "make_rule",
    [
        lambda: ByValue("x", {}),
        lambda: ByValue("x", {"a": []}),
        lambda: ByValue("x", {"a": [1], "b": ["1"]}),
        lambda: ByTime("x", {}),
        lambda: ByTime("x", {"a": "2016-01-01", "b": "2015-01-01"}),
        lambda: ByTime("x", {"a": None, "b": "2015-01-01"}),
        lambda: ByTime("x", {"a": "yesterday"}),
    ],
)
def test_rules_that_cannot_be(make_rule: Any) -> None:
    with pytest.raises(ParameterError, match=r"ByValue|ByTime"):
        make_rule()


@pytest.mark.parametrize(
    "arguments",
    [
        {"columns": []},
        {"columns": ["a", "a"]},
        {"columns": "a"},
        {"split_by": ByTime("a", DAYS), "output_config": hashed(train=1)},
        {"split_by": ByTime("a", DAYS), "input_config": pattern(train="1", eval="2")},
        {"output_config": hashed(train=1), "input_config": pattern(train="1", eval="2")},
        {"output_config": hashed("b", train=1, eval=1), "columns": ["a"]},
    ],
)
def test_arguments_that_contradict_are_refused_when_the_pipeline_is_built(arguments: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="ArrowExampleGen"):
        ArrowExampleGen("/data", **arguments)
