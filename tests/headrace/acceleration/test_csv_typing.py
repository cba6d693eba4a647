"""Types and values of cells, beside the stock decoder's own functions."""

import struct

import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st
from tfx_bsl.coders.csv_decoder import ColumnType, _InferValueType

from headrace.acceleration.csv_typing import infer_type, typed

ODD_CELLS = [
    *(
        "1",
        "-1",
        "+1",
        "007",
        "-0",
        "1_000",
        "1__0",
        "_1",
        " 12",
        "12 ",
        "\t3",
        "0x1F",
        "0b1",
        "1L",
        "٣",
        "--1",
        "-",
        "+",
    ),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1" * 40),
    *("9" * 5000, "0" * 30 + "7", "1.0", "1.", ".5", ".", "-.5e3", "1e5", "1E-5", "1e", "e5", "1e+5", "+1.5", "1e999"),
    *("-1e999", "1e-999", "3.4028236e38", "1e39", "1_0.5", "0.1", "16777217", "16777217.0", "0.1234567890123456789"),
    *("nan", "-nan", "NaN", "inf", "-inf", "Infinity", "infinit", "nan(1)", "True", "false", "None", "null", "NA"),
    *("é", "日本", "\ufeff1", "\u00a05", "\x0b1", "1\x00", "text", " ", "2020-01-01", "5-3", "1.5.2", "1e5e5", "1,5"),
]
numbers = st.one_of(
    st.integers().map(str),
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text("0123456789+-.eE_ ", min_size=1, max_size=24),
)
cells = st.one_of(st.sampled_from(ODD_CELLS), numbers, st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
one_kind = st.sampled_from([st.integers().map(str), st.floats().map(str), numbers, cells])
columns = one_kind.flatmap(lambda kind: st.lists(st.one_of(st.just(""), kind), max_size=12))


def array(column: list[str]) -> pa.BinaryArray:
    return pa.array([cell or None for cell in column], pa.binary())


def stock_type(column: list[str]) -> ColumnType:
    return max((_InferValueType(cell.encode()) for cell in column), default=ColumnType.UNKNOWN)


@pytest.mark.parametrize("cell", ODD_CELLS)
def test_one_cell(cell: str) -> None:
    assert infer_type(array([cell]), ColumnType.UNKNOWN) == stock_type([cell])
    assert infer_type(array([cell, "1.5"]), ColumnType.UNKNOWN) == stock_type([cell, "1.5"])


@given(columns, columns)
@example(["1.5"], ["99999999999999999999"])
@example(["1.5", "99999999999999999999"], [])
@example(["+5", "3"], [])
def test_types_are_those_of_the_stock_decoder(column: list[str], later: list[str]) -> None:
    known = infer_type(array(column), ColumnType.UNKNOWN)
    assert known == stock_type(column)
    assert infer_type(array(later), known) == stock_type(column + later)


@given(columns)
@example(["1", "0x10"])
@example(["1e39", "-1e39", "1e-50", "16777217", "nan", "-nan"])
def test_values_are_those_of_the_stock_executor(column: list[str]) -> None:
    column_type = stock_type(column)
    values = typed(array(column), column_type)
    if column_type == ColumnType.UNKNOWN:
        assert values is None
    elif column_type == ColumnType.INT:
        assert values is not None
        assert values.to_pylist() == [int(cell) if cell else None for cell in column]
    elif column_type == ColumnType.FLOAT:
        assert values is not None
        expected = [tf.train.FloatList(value=[float(cell)]).value[0] if cell else None for cell in column]
        assert list(map(bits, values.to_pylist())) == list(map(bits, expected))
    else:
        assert values is not None
        assert values.to_pylist() == [cell.encode() or None for cell in column]


def test_a_slice_is_typed_by_its_own_cells() -> None:
    assert infer_type(array(["text", "", "5", "1.5"]).slice(1, 2), ColumnType.UNKNOWN) == ColumnType.INT


def bits(value: float | None) -> bytes | None:
    return None if value is None else struct.pack("<f", value)
