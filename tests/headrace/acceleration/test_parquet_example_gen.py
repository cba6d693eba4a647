"""Headrace's Parquet executor beside the stock one, both run on the same files."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from tfx.components.example_gen.custom_executors import parquet_executor as stock

from headrace.acceleration import arrow_columns, parquet_reading
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.parquet_example_gen import Executor
from headrace.errors import InputDataError, ParameterError
from tests.headrace.acceleration.both_example_gens import TWO_TO_ONE, assert_equal, properties, run

TAXI = Path(__file__).parents[3] / "data" / "taxi"
CORNERS: dict[str, pa.Array] = {
    "bools": pa.array([True, False, None, True]),
    "small": pa.array([-1, 0, None, 127], pa.int8()),
    "unsigned": pa.array([2**32 - 1, 0, None, 1], pa.uint32()),
    "big": pa.array([2**63 - 1, -(2**63), None, 0]),
    "floats": pa.array([0.5, -0.0, None, float("nan")], pa.float32()),
    "doubles": pa.array([0.1, 0.0, 1e-300, 1e300]),
    "strings": pa.array(["é", "", None, "x" * 300]),
    "large": pa.array(["a", "", None, "b"], pa.large_string()),
    "bytes": pa.array([b"a", b"", None, b"\x00"]),
    "words": pa.array(["a", "", None, "a"]).dictionary_encode(),
    "nothing": pa.nulls(4),
    "int_lists": pa.array([[1, -2], [], None, [0]]),
    "bool_lists": pa.array([[True, False], [], None, [False]]),
    "float_lists": pa.array([[0.0, 1.5], [], None, [float("inf")]]),
    "string_lists": pa.array([["", "é"], [], None, ["x"]]),
    "int": pa.array([1, 2, 3, 4]),
}
OTHERS: dict[str, Callable[[], pa.Array]] = {
    "uint64": lambda: pa.array([1], pa.uint64()),
    "half": lambda: pa.array([1], pa.int8()).cast(pa.float32()).cast(pa.float16()),
    "timestamp": lambda: pa.array([datetime.datetime(2020, 1, 1)]),
    "date": lambda: pa.array([datetime.date(2020, 1, 1)]),
    "decimal": lambda: pa.array([1]).cast(pa.decimal128(25, 2)),
    "struct": lambda: pa.array([{"x": 1}]),
    "list of lists": lambda: pa.array([[[1]]]),
    "list of bytes": lambda: pa.array([[b"x"]]),
    "null in a list": lambda: pa.array([[1, None]]),
    "not UTF-8": lambda: pa.array([b"\xff"]),
}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have many batches, and batches many parts."""
    monkeypatch.setattr(parquet_reading, "_BATCH_ROWS", 300)
    monkeypatch.setattr(arrow_columns, "_ENCODED_BYTES", 50_000)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def assert_both(given: dict[str, Any], folder: Path) -> int:
    splits = assert_equal(stock.Executor, Executor, given, folder)
    return sum(sum(one.values()) for one in splits.values())


@pytest.mark.parametrize("by", [None, "payment_type"])
def test_taxi(tmp_path: Path, data: Path, by: str | None) -> None:
    taxi = pa_csv.read_csv(TAXI / "trips-2016.csv")
    pq.write_table(taxi.slice(0, 500), data / "1.parquet", row_group_size=200)
    pq.write_table(taxi.slice(500), data / "2.parquet")
    assert assert_both(properties(data, {"all": "*"}, {"train": 3, "eval": 1, "test": 2}, by), tmp_path) == 833


def test_corners(tmp_path: Path, data: Path) -> None:
    pq.write_table(pa.table(CORNERS), data / "1.parquet")
    pq.write_table(pa.table({"int": ["other types"], "more": [1.5]}), data / "2.parquet")
    assert assert_both(properties(data, {"one": "1*", "two": "*"}), tmp_path) == 9


@pytest.mark.parametrize("name", OTHERS)
def test_what_the_stock_executor_refuses_or_is_not_known_to_do_is_left_to_it(
    tmp_path: Path, data: Path, name: str
) -> None:
    pq.write_table(pa.table({"good": [1], "bad": OTHERS[name]()}), data / "x.parquet")
    with pytest.raises(NotEqualError, match="'bad'"):
        run(Executor, properties(data, {"all": "*"}), tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.*"))


@pytest.mark.parametrize("by", ["tips", "no_such", "company"])
def test_features_that_cannot_be_split_by(tmp_path: Path, data: Path, by: str) -> None:
    pq.write_table(pa.table({"tips": [1.5, 2.5], "company": ["a", None]}), data / "x.parquet")
    with pytest.raises(ParameterError, match=by):
        run(Executor, properties(data, {"all": "*"}, TWO_TO_ONE, by), tmp_path / "out")


def test_files_that_cannot_be_read(tmp_path: Path, data: Path) -> None:
    with pytest.raises(InputDataError, match="no input files"):
        run(Executor, properties(data, {"all": "*"}), tmp_path / "out")
    (data / "x.parquet").write_bytes(b"no Parquet")
    with pytest.raises(InputDataError, match=r"x\.parquet"):
        run(Executor, properties(data, {"all": "*"}), tmp_path / "out")
