"""The cells of a block of CSV, as Python's csv module sees them."""

import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from headrace.acceleration.csv_blocks import Block
from headrace.errors import InputDataError

_BEFORE_A_CELL = np.frombuffer(b",\n", np.uint8)
_AFTER_A_CELL = np.frombuffer(b",\r\n", np.uint8)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class _Record:
    """A record as the stock executor hands it to the csv module: one string, of one line or more."""

    line: int
    text: str


def read_cells(block: Block, columns: int) -> list[pa.BinaryArray]:
    """Reads a block: one array a column, an empty cell is null; blank lines are left out.

    Args:
        block: whole records.
        columns: how many cells each record must have.

    Raises:
        InputDataError: what the stock decoder refuses too: not UTF-8, too few or too many
            cells, or a record that the csv module cannot read.
    """
    if _is_plain(block.data):
        try:
            return _read_plain(block.data, columns)
        except pa.ArrowInvalid:
            pass  # Python's csv module then says which line is wrong, if one is
    return _read_exactly(block, columns)


def _is_plain(data: bytes) -> bool:
    """Whether Arrow's reader and Python's are known to agree on it: only whole cells quoted, no odd ends of lines."""
    return not (
        b"\0" in data
        or data.startswith(_BYTE_ORDER_MARK)
        or data.count(b"\r") != data.count(b"\r\n")
        or not _is_utf8(data)
        or not _quotes_whole_cells(data)
    )


def _quotes_whole_cells(data: bytes) -> bool:
    """Whether every quote opens a cell, closes one, or is one of two that stand for a quote in a quoted cell."""
    if b'"' not in data:
        return True
    content = np.frombuffer(b"\n" + data + b"\n", np.uint8)
    quotes = np.flatnonzero(content == ord('"'))
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    doubled = closing[:-1] + 1 == opening[1:]
    opens = np.isin(content[opening - 1], _BEFORE_A_CELL)
    closes = np.isin(content[closing + 1], _AFTER_A_CELL)
    opens[1:] |= doubled
    closes[:-1] |= doubled
    return bool(opens.all() and closes.all())


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_plain(data: bytes, columns: int) -> list[pa.BinaryArray]:
    if not data.strip(b"\r\n"):
        return [pa.array([], pa.binary())] * columns
    names = [str(index) for index in range(columns)]
    table = pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(data) + 1),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()), null_values=[""], strings_can_be_null=True
        ),
    )
    cells = [column.combine_chunks() for column in table.columns]
    limit = csv.field_size_limit()
    if any((pc.max(pc.binary_length(column)).as_py() or 0) > limit for column in cells):
        raise pa.ArrowInvalid("a cell is longer than Python's csv module may read")
    return cells


def _read_exactly(block: Block, columns: int) -> list[pa.BinaryArray]:
    try:
        text = block.data.decode()
    except UnicodeDecodeError as error:
        _refuse(block, block.first_line + block.data.count(b"\n", 0, error.start), f"it is not UTF-8: {error.reason}")
    records = list(_records(text, block.first_line))
    rows = []
    for record, cells in zip(records, _cells(block, records), strict=True):
        if cells and len(cells) != columns:
            _refuse(block, record.line, f"it has {len(cells)} cells, and the header has {columns} names")
        if cells:
            rows.append(cells)
    by_column = zip(*rows, strict=True) if rows else [()] * columns
    return [_nulls_for_empty(pa.array(cells, pa.binary())) for cells in by_column]


def _nulls_for_empty(cells: pa.BinaryArray) -> pa.BinaryArray:
    return pc.if_else(pc.equal(pc.binary_length(cells), 0), pa.scalar(None, pa.binary()), cells)


def _records(text: str, first_line: int) -> Iterator[_Record]:
    """Puts lines together until their quotes are even."""
    kept: list[str] = []
    is_open = False
    for number, line in enumerate(io.StringIO(text, newline="\n"), first_line):
        is_open ^= bool(line.count('"') % 2)
        if is_open:
            kept.append(line)
        elif kept:
            yield _Record(number - len(kept), "".join([*kept, line]))
            kept.clear()
        else:
            yield _Record(number, line)


def _cells(block: Block, records: list[_Record]) -> list[list[str]]:
    """Has the csv module read each record on its own."""
    # An item more, for the module would not tell that the last record goes on.
    reader = csv.reader(itertools.chain((record.text for record in records), ["\n"]))
    rows = []
    try:
        for row in reader:
            rows.append(row)
            if reader.line_num != len(rows):
                return [_cells_of_one(block, record) for record in records]
    except csv.Error as error:
        _refuse(block, records[min(len(rows), len(records) - 1)].line, str(error))
    return rows[:-1]


def _cells_of_one(block: Block, record: _Record) -> list[str]:
    """A record that, its quotes being even, still goes on for the csv module.

    The stock decoder then feeds the same record once more. If it goes on after that, too, it does for ever.
    """
    reader = csv.reader(itertools.repeat(record.text, 3))
    try:
        cells = next(reader)
    except csv.Error as error:
        _refuse(block, record.line, str(error))
    if reader.line_num > 2:
        _refuse(block, record.line, "a quoted cell never ends")
    return cells


def _refuse(block: Block, line: int, why: str) -> NoReturn:
    raise InputDataError("a CSV record cannot be read", where=f"{block.path}, line {line}", why=why)
