"""CSV, plain or compressed: types are those that CsvExampleGen finds."""

import csv
import io
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial

import pyarrow as pa
from tfx_bsl.coders.csv_decoder import ColumnType

from components.arrow_example_gen.input_files import Columns, InputFile, Piece
from headrace.acceleration.arrow_columns import Kind
from headrace.acceleration.byte_streams import opened
from headrace.acceleration.csv_blocks import Block
from headrace.acceleration.csv_passes import infer_types
from headrace.acceleration.csv_reading import read_cells
from headrace.acceleration.csv_source import CsvSource
from headrace.acceleration.csv_typing import typed
from headrace.errors import InputDataError

_ARROW_TYPES = {
    ColumnType.UNKNOWN: pa.null(),
    ColumnType.INT: pa.int64(),
    ColumnType.FLOAT: pa.float32(),
    ColumnType.STRING: pa.string(),
}
_COLUMN_TYPES = {
    Kind.NONE: ColumnType.UNKNOWN,
    Kind.INT: ColumnType.INT,
    Kind.FLOAT: ColumnType.FLOAT,
    Kind.BYTES: ColumnType.STRING,
}


class CsvFile(InputFile):
    """A CSV file, its first line the names of its columns; it is read twice, for types and for rows."""

    READS_AS = {
        Kind.INT: [Kind.INT, Kind.FLOAT, Kind.BYTES],
        Kind.FLOAT: [Kind.FLOAT, Kind.BYTES],
        Kind.BYTES: [Kind.BYTES],
    }

    def columns(self, pool: ThreadPoolExecutor) -> Columns:
        """Integers, floating point numbers or strings, by what all cells of a column are."""
        types = [_ARROW_TYPES[one] for one in infer_types(self._source, pool)]
        return dict(zip(self._source.names, types, strict=True))

    def pieces(self, kinds: Mapping[str, Kind]) -> Iterator[Piece]:
        """Blocks of lines."""
        for block in self._source.blocks():
            yield partial(self._batch, block, kinds)

    def _batch(self, block: Block, kinds: Mapping[str, Kind]) -> pa.RecordBatch:
        cells = dict(zip(self._source.names, read_cells(block, len(self._source.names)), strict=True))
        arrays = [typed(cells[name], _COLUMN_TYPES[kind]) for name, kind in kinds.items()]
        rows = len(cells[self._source.names[0]])
        return pa.RecordBatch.from_arrays([pa.nulls(rows) if one is None else one for one in arrays], list(kinds))

    @cached_property
    def _source(self) -> CsvSource:
        try:
            with opened(self.path) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="\n") as text:
                names = csv.DictReader(text).fieldnames or ()
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise InputDataError(
                "the header of a CSV file cannot be read", where=str(self.path), why=str(error)
            ) from error
        if not names:
            raise InputDataError("a CSV file has no header", where=str(self.path), why="it is empty")
        for name in names:
            if names.count(name) > 1:
                raise InputDataError("columns share a name", where=str(self.path), why=f"there are two {name!r}")
        return CsvSource((self.path,), tuple(names))
