"""Arrow columns as the three kinds of values that a tf.train.Feature can have."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

# About how much is encoded at a time: short rows with long names grow a hundredfold.
_ENCODED_BYTES = 32 << 20
_ENTRY_BYTES = 24
_SECONDS_IN_A_DAY = 86_400
_IN_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class Kind(StrEnum):
    """What a column's values are in an example; a column that is null throughout has none."""

    NONE = "nothing"
    INT = "integers"
    FLOAT = "floating point numbers"
    BYTES = "strings"


def kind_of(arrow_type: pa.DataType) -> Kind | None:
    """The kind of the values of a column, be it of lists of them; None if an example cannot hold them."""
    if types.is_dictionary(arrow_type):
        return kind_of(arrow_type.value_type)
    if _is_list(arrow_type):
        return None if _is_list(arrow_type.value_type) else kind_of(arrow_type.value_type)
    if types.is_null(arrow_type):
        return Kind.NONE
    if types.is_boolean(arrow_type) or types.is_integer(arrow_type):
        return Kind.INT
    if types.is_timestamp(arrow_type) or types.is_date(arrow_type):
        return Kind.INT
    if types.is_floating(arrow_type) or types.is_decimal(arrow_type):
        return Kind.FLOAT
    if types.is_string(arrow_type) or types.is_large_string(arrow_type):
        return Kind.BYTES
    if types.is_binary(arrow_type) or types.is_large_binary(arrow_type) or types.is_fixed_size_binary(arrow_type):
        return Kind.BYTES
    return None


def typed(column: pa.Array, kind: Kind) -> pa.Array | None:
    """A column as `Feature.of` takes it: int64, float32 or binary, or lists of these; None for no kind.

    Timestamps and dates are seconds since 1970-01-01 UTC, a fraction of a second dropped; booleans are 0 and 1;
    decimals and doubles are the nearest float32.

    Args:
        column: what `kind_of` has a kind for.
        kind: that one, or FLOAT for integers.

    Raises:
        ValueError: a value is over the limits of int64, or a list holds null.
    """
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_null(column.type):
        return None if kind is Kind.NONE else pa.nulls(len(column), _TYPES[kind])
    if _is_list(column.type):
        return _lists(column, kind)
    if kind is Kind.INT:
        return _integers(column)
    if kind is Kind.FLOAT:
        if types.is_float16(column.type):
            return pa.array(column.to_numpy(zero_copy_only=False).astype(np.float32), mask=_missing(column))
        return column.cast(pa.float64()).cast(pa.float32()) if types.is_decimal(column.type) else _floats(column)
    return column.cast(pa.binary())


def parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in parts that are small enough to be encoded at once."""
    row_bytes = sum(len(name.encode()) + _ENTRY_BYTES for name in batch.schema.names)
    if batch.num_rows > 1 and batch.nbytes + batch.num_rows * row_bytes > _ENCODED_BYTES:
        half = batch.num_rows // 2
        yield from parts(batch.slice(0, half))
        yield from parts(batch.slice(half))
    elif batch.num_rows:
        yield batch


_TYPES = {Kind.INT: pa.int64(), Kind.FLOAT: pa.float32(), Kind.BYTES: pa.binary()}


def _is_list(arrow_type: pa.DataType) -> bool:
    return bool(types.is_list(arrow_type) or types.is_large_list(arrow_type) or types.is_fixed_size_list(arrow_type))


def _lists(column: pa.Array, kind: Kind) -> pa.Array:
    flat = column.flatten()
    if flat.null_count:
        raise ValueError("a list holds null, which an example cannot")
    values = typed(flat, kind)
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(column) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    missing = pa.array(_missing(column)) if column.null_count else None
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.array([], pa.int64()) if values is None else values, mask=missing
    )


def _integers(column: pa.Array) -> pa.Array:
    if types.is_date32(column.type):
        return pc.multiply(column.cast(pa.int32()).cast(pa.int64()), _SECONDS_IN_A_DAY)
    if types.is_timestamp(column.type) or types.is_date64(column.type):
        unit = _IN_A_SECOND["ms" if types.is_date64(column.type) else column.type.unit]
        # Arrow's division rounds towards zero, which before 1970 is up.
        counts = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        return pa.array(counts // unit, mask=_missing(column))
    return column.cast(pa.int64())


def _floats(column: pa.Array) -> pa.Array:
    # A cast that is safe refuses integers that a float32 cannot hold.
    return column.cast(pa.float32(), safe=False)


def _missing(column: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    missing: np.ndarray[tuple[int], np.dtype[np.bool_]] = column.is_null().to_numpy(zero_copy_only=False)
    return missing
