"""Types of CSV columns, and cells of those types, by the rules of the stock decoder.

A cell is an integer, a floating point number or a string by what Python's `int()` and
`float()` take; a column is what the most general of its cells is. Arrow decides where
both are known to agree; every other cell goes through the stock rule itself, once for
each distinct value in a block.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tfx_bsl.coders.csv_decoder import ColumnType, _InferValueType

# A longer run of digits may be over the limits of 64 bits.
_SAFE_DIGITS = 18
_PLUS, _FRACTION, _OTHER = 1, 2, 4


def _flags() -> npt.NDArray[np.uint8]:
    flags = np.full(256, _OTHER, np.uint8)
    flags[np.frombuffer(b"0123456789-", np.uint8)] = 0
    flags[np.frombuffer(b"+", np.uint8)] = _PLUS
    flags[np.frombuffer(b".eE", np.uint8)] = _FRACTION
    return flags


_FLAGS = _flags()


def infer_type(cells: pa.BinaryArray, known: ColumnType) -> ColumnType:
    """The type of a column, of which `cells` are a part and the other parts are of the type `known`."""
    if known == ColumnType.STRING or cells.null_count == len(cells):
        return known
    flags = int(np.bitwise_or.reduce(_FLAGS[_bytes_of(cells)]))
    if flags == 0 and _cast(cells, pa.int64()) is not None:
        return max(known, ColumnType.INT)
    if not flags & _OTHER and flags & _FRACTION and _cast(cells, pa.float64()) is not None:
        return max(known, ColumnType.FLOAT, _most_general(_long_integers(cells), known))
    return _most_general(cells, known)


def typed(cells: pa.BinaryArray, column_type: ColumnType) -> pa.Array | None:
    """The values of a column: int64, float32 or binary, null for an empty cell; None if its type is unknown."""
    if column_type == ColumnType.UNKNOWN:
        return None
    if column_type == ColumnType.STRING:
        return cells
    if column_type == ColumnType.INT:
        integers = _cast(cells, pa.int64())
        return _by_python(cells, int, pa.int64()) if integers is None else integers
    floats = _cast(cells, pa.float64())
    if floats is None:
        floats = _by_python(cells, float, pa.float64())
    with np.errstate(over="ignore"):
        values = pc.fill_null(floats, 0.0).to_numpy(zero_copy_only=False).astype(np.float32)
    return pa.array(values, mask=_missing(cells))


def merge(types: Sequence[ColumnType], others: Iterable[ColumnType]) -> list[ColumnType]:
    """The types of columns of which one part has `types` and another has `others`."""
    return [max(pair) for pair in zip(types, others, strict=True)]


def _cast(cells: pa.BinaryArray, wanted: pa.DataType) -> pa.Array | None:
    try:
        return pc.cast(cells.view(pa.string()), wanted)
    except pa.ArrowInvalid:
        return None


def _by_python(cells: pa.BinaryArray, convert: type[int] | type[float], wanted: pa.DataType) -> pa.Array:
    encoded = cells.dictionary_encode()
    values = pa.array([convert(cell) for cell in encoded.dictionary.to_pylist()], wanted)
    return values.take(encoded.indices)


def _most_general(cells: pa.BinaryArray, known: ColumnType) -> ColumnType:
    for cell in pc.unique(cells.drop_null()).to_pylist():
        known = max(known, _InferValueType(cell))
        if known == ColumnType.STRING:
            break
    return known


def _long_integers(cells: pa.BinaryArray) -> pa.BinaryArray:
    long = cells.filter(pc.greater(pc.binary_length(cells), _SAFE_DIGITS))
    return long.filter(pc.invert(pc.match_substring_regex(long, "[.eE]")))


def _missing(cells: pa.BinaryArray) -> npt.NDArray[np.bool_] | None:
    return cells.is_null().to_numpy(zero_copy_only=False) if cells.null_count else None


def _bytes_of(cells: pa.BinaryArray) -> npt.NDArray[np.uint8]:
    """All bytes of all cells, one after another."""
    _, offsets, data = cells.buffers()
    bounds = np.frombuffer(offsets, np.int32)
    return np.frombuffer(data, np.uint8)[bounds[cells.offset] : bounds[cells.offset + len(cells)]]
