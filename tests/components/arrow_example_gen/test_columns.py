"""What Arrow's types become, and what files must have in common."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from headrace.errors import InputDataError, UnknownNameError
from tests.components.arrow_example_gen.made import hashed, make, pattern, rows, written

UTC = datetime.UTC
TYPES: dict[str, tuple[pa.Array, list[Any]]] = {
    "bool": (pa.array([True, False, None]), [[1], [0], None]),
    "int8": (pa.array([-1, 0, None], pa.int8()), [[-1], [0], None]),
    "int64": (pa.array([-(2**63), 2**63 - 1, None]), [[-(2**63)], [2**63 - 1], None]),
    "uint64": (pa.array([0, 2**63 - 1, None], pa.uint64()), [[0], [2**63 - 1], None]),
    "half": (pa.array([0.5, 0, None], pa.float32()).cast(pa.float16()), [[0.5], [0.0], None]),
    "float": (pa.array([0.5, 0, None], pa.float32()), [[0.5], [0.0], None]),
    "double": (pa.array([0.25, 1e300, None]), [[0.25], [float("inf")], None]),
    "decimal": (pa.array([Decimal("1.25"), Decimal("-2.50"), None]), [[1.25], [-2.5], None]),
    "string": (pa.array(["é", "", None]), [["é".encode()], [b""], None]),
    "large": (pa.array(["a", "", None], pa.large_string()), [[b"a"], [b""], None]),
    "binary": (pa.array([b"\xff", b"", None]), [[b"\xff"], [b""], None]),
    "fixed": (pa.array([b"ab", b"cd", None], pa.binary(2)), [[b"ab"], [b"cd"], None]),
    "words": (pa.array(["a", "b", None]).dictionary_encode(), [[b"a"], [b"b"], None]),
    "seconds": (
        pa.array([datetime.datetime(1970, 1, 2), datetime.datetime(1969, 12, 31, 23, 59, 59, 500_000), None]),
        [[86400], [-1], None],
    ),
    "zoned": (
        pa.array([datetime.datetime(1970, 1, 1, tzinfo=UTC)] * 2 + [None], pa.timestamp("ns", "America/Chicago")),
        [[0], [0], None],
    ),
    "date": (pa.array([datetime.date(1970, 1, 2), datetime.date(1969, 12, 31), None]), [[86400], [-86400], None]),
    "date64": (pa.array([datetime.date(1970, 1, 2), None, None], pa.date64()), [[86400], None, None]),
    "nothing": (pa.nulls(3), [None, None, None]),
    "ints": (pa.array([[1, -2], [], None]), [[1, -2], [], None]),
    "floats": (pa.array([[0.5], [], None], pa.large_list(pa.float64())), [[0.5], [], None]),
    "strings": (pa.array([["a", ""], [], None]), [[b"a", b""], [], None]),
    "pairs": (pa.array([[1, 2], [3, 4], None], pa.list_(pa.int16(), 2)), [[1, 2], [3, 4], None]),
    "empty lists": (pa.array([[], None, []], pa.list_(pa.null())), [[], None, []]),
}  # fmt: skip
BAD: dict[str, tuple[pa.Array, str]] = {
    "struct": (pa.array([{"x": 1}]), "struct"),
    "map": (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "map"),
    "list of lists": (pa.array([[[1]]]), "list"),
    "time": (pa.array([datetime.time(1)]), "time"),
    "duration": (pa.array([datetime.timedelta(1)]), "duration"),
    "too big": (pa.array([2**63], pa.uint64()), "9223372036854775808"),
    "null in a list": (pa.array([[1, None]]), "null"),
}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("start", [0, 1])
def test_a_type(data: Path, tmp_path: Path, name: str, start: int) -> None:
    values, expected = TYPES[name]
    table = pa.table({"number": [0, 1, 2], "x": values}).slice(start)
    with pa.OSFile(str(data / "x.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write(table)
    examples = make(data, tmp_path / "out", output_config=hashed(all=1))
    for record in written(examples)["all"]:
        assert tf.train.Example.FromString(record).SerializeToString(deterministic=True) == record
    made = rows(examples)
    assert [row.get("x") for row in made] == expected[start:]
    assert [row["number"] for row in made] == [[0], [1], [2]][start:]


@pytest.mark.parametrize("name", BAD)
def test_what_an_example_cannot_hold_is_named_and_nothing_is_written(data: Path, tmp_path: Path, name: str) -> None:
    values, why = BAD[name]
    pq.write_table(pa.table({"good": [1], name: values}), data / "x.parquet")
    with pytest.raises(InputDataError, match=f"the column '{name}' cannot be in an example") as raised:
        make(data, tmp_path / "out")
    assert why in raised.value.why
    assert raised.value.where == str(data / "x.parquet")
    assert "columns=" in raised.value.next_step
    assert not list((tmp_path / "out").rglob("*.*"))
    assert rows(make(data, tmp_path / "out", columns=["good"])) == [{"good": [1]}]


def test_a_column_that_some_files_lack(data: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "b": [1]}), data / "1.parquet")
    pq.write_table(pa.table({"a": [1]}), data / "2.parquet")
    with pytest.raises(InputDataError, match="'b' is missing") as raised:
        make(data, tmp_path / "out")
    assert raised.value.where == str(data / "2.parquet")
    assert raised.value.why == f"{data / '1.parquet'} has it"
    assert rows(make(data, tmp_path / "out", columns=["a"])) == [{"a": [1]}] * 2


@pytest.mark.parametrize("splits", [{"all": "*"}, {"train": "1*", "eval": "2*"}])
def test_a_column_of_different_types(data: Path, tmp_path: Path, splits: dict[str, str]) -> None:
    pq.write_table(pa.table({"a": pa.nulls(1), "b": [1]}), data / "1.parquet")
    pq.write_table(pa.table({"a": [1.5], "b": ["x"]}), data / "2.parquet")
    with pytest.raises(InputDataError, match="'b' has different types") as raised:
        make(data, tmp_path / "out", input_config=pattern(**splits))
    assert raised.value.where == f"{data / '1.parquet'} and {data / '2.parquet'}"
    assert raised.value.why == "int64 in the one, string in the other"
    assert not (tmp_path / "out").exists()


def test_a_column_that_no_file_has(data: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"payment_type": ["a"]}), data / "1.parquet")
    with pytest.raises(UnknownNameError, match="no column 'payment'") as raised:
        make(data, tmp_path / "out", columns=["payment"])
    assert raised.value.why == "did you mean 'payment_type'?"
    with pytest.raises(UnknownNameError, match="no column 'user'"):
        make(data, tmp_path / "out", output_config=hashed("user", train=1, eval=1))


def test_columns_that_share_a_name(data: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], ["a", "a"]), data / "1.parquet")
    with pytest.raises(InputDataError, match="share a name"):
        make(data, tmp_path / "out")
