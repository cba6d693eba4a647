"""Twice through CSV files: once for the types of their columns, once for their rows."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tfx_bsl.coders.csv_decoder import ColumnType

from headrace.acceleration.csv_blocks import Block
from headrace.acceleration.csv_reading import read_cells
from headrace.acceleration.csv_source import CsvSource
from headrace.acceleration.csv_typing import infer_type, merge, typed
from headrace.acceleration.example_encoding import Feature, encode
from headrace.acceleration.parallel import cores, in_order
from headrace.acceleration.split_writing import Pieces, pieces_of
from headrace.acceleration.splitting import HashSplit
from headrace.acceleration.tfrecord_writing import Records

# About how much is encoded at a time: short rows with long names grow a hundredfold.
_ENCODED_BYTES = 32 << 20
_ENTRY_BYTES = 24


def infer_types(source: CsvSource, pool: ThreadPoolExecutor) -> list[ColumnType]:
    """The type of each column, over all rows of all files.

    Raises:
        InputDataError: the files hold what the stock decoder refuses.
        NotEqualError: the stock executor has to read them.
    """
    types = [ColumnType.UNKNOWN] * len(source.names)
    # The workers read `types` as it grows: what is known to be of strings need not be looked at.
    for found in in_order(pool, lambda block: _infer(block, types), source.blocks(), ahead=2 * cores()):
        types[:] = merge(types, found)
    # For the stock decoder, columns of one name are one.
    by_name: dict[str, ColumnType] = {}
    for name, column_type in zip(source.names, types, strict=True):
        by_name[name] = max(column_type, by_name.get(name, ColumnType.UNKNOWN))
    return [by_name[name] for name in source.names]


def read_splits(
    source: CsvSource, types: Sequence[ColumnType], split: HashSplit | None, pool: ThreadPoolExecutor
) -> Iterator[Pieces]:
    """Yields the rows of `source` as examples, in pieces of splits.

    Args:
        source: the rows.
        types: of its columns.
        split: how rows are dealt out; None if there is one split.
        pool: where rows are encoded and compressed.

    Raises:
        ParameterError: a row has no feature by which it could be dealt out.
    """
    work = partial(_pieces, names=source.names, types=types, split=split)
    yield from in_order(pool, work, source.blocks(), ahead=2 * cores())


def _infer(block: Block, known: Sequence[ColumnType]) -> list[ColumnType]:
    so_far = tuple(known)
    return [infer_type(*one) for one in zip(read_cells(block, len(so_far)), so_far, strict=True)]


def _pieces(block: Block, *, names: Sequence[str], types: Sequence[ColumnType], split: HashSplit | None) -> Pieces:
    pieces: Pieces = []
    for features in _features(block, names, types):
        records = Records.of(encode(features))
        pieces += pieces_of(records, split.deal(features, records.payloads) if split else None)
    return pieces


def _features(block: Block, names: Sequence[str], types: Sequence[ColumnType]) -> Iterator[list[Feature]]:
    """The features of some rows of a block at a time."""
    columns = read_cells(block, len(names))
    rows = len(columns[0])
    row_bytes = sum(len(name.encode()) + _ENTRY_BYTES for name in names)
    step = max(1, _ENCODED_BYTES // row_bytes)
    for start in range(0, rows, step):
        yield [
            Feature.of(name, typed(cells.slice(start, step), column_type), min(step, rows - start))
            for name, cells, column_type in zip(names, columns, types, strict=True)
        ]
