"""JSON lines, plain or compressed: an object a line."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.json as pa_json
from pyarrow import types

from components.arrow_example_gen.input_files import Columns, InputFile, Piece
from headrace.acceleration.arrow_columns import Kind
from headrace.acceleration.byte_streams import opened
from headrace.acceleration.parallel import cores, in_order
from headrace.errors import InputDataError

_BLOCK_BYTES = 2 << 20
_ROW = re.compile(r"in row (\d+)")


@dataclass(frozen=True)
class _Lines:
    """Some whole lines of a file; `first` is the number, from 1, of the first one."""

    first: int
    data: bytes


class JsonFile(InputFile):
    """A file of JSON lines; it is read twice, for types and for rows. A key that an object lacks is null."""

    READS_AS = {Kind.INT: [Kind.INT, Kind.FLOAT], Kind.FLOAT: [Kind.FLOAT], Kind.BYTES: [Kind.BYTES]}
    MAY_LACK_COLUMNS = True

    def columns(self, pool: ThreadPoolExecutor) -> Columns:
        """The types of the keys, over all lines."""
        self._types: Columns = {}
        for found in in_order(pool, self._infer, self._lines(), ahead=2 * cores()):
            for name, its_type in found.items():
                before = self._types.get(name, pa.null())
                merged = _merged(before, its_type)
                if merged is None:
                    raise InputDataError(
                        f"the column {name!r} has different types",
                        where=str(self.path),
                        why=f"{before} in some lines, {its_type} in others",
                    )
                self._types[name] = merged
        return self._types

    def pieces(self, kinds: Mapping[str, Kind]) -> Iterator[Piece]:
        """Blocks of lines."""
        schema = pa.schema([(name, self._types.get(name, pa.null())) for name in kinds])
        for lines in self._lines():
            yield partial(self._parse, lines, schema)

    def _infer(self, lines: _Lines) -> Columns:
        schema = self._parse(lines, None).schema
        return {name: _as_text(its_type) for name, its_type in zip(schema.names, schema.types, strict=True)}

    def _parse(self, lines: _Lines, schema: pa.Schema | None) -> pa.RecordBatch:
        others = "infer" if schema is None else "ignore"
        try:
            table = pa_json.read_json(
                pa.BufferReader(lines.data),
                pa_json.ReadOptions(use_threads=False, block_size=len(lines.data) + 1),
                pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=others),
            )
        except pa.ArrowInvalid as error:
            row = _ROW.search(str(error))
            line = f"line {lines.first + int(row[1])}" if row else f"line {lines.first} or after"
            raise InputDataError("JSON cannot be read", where=f"{self.path}, {line}", why=str(error)) from error
        [batch] = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
        return batch if schema is None else batch.select(schema.names)

    def _lines(self) -> Iterator[_Lines]:
        kept, first = b"", 1
        try:
            with opened(self.path) as stream:
                while chunk := stream.read(max(_BLOCK_BYTES, len(kept))):
                    data = kept + chunk
                    end = data.rfind(b"\n") + 1
                    if data[:end].strip():
                        yield _Lines(first, data[:end])
                    first += data.count(b"\n", 0, end)
                    kept = data[end:]
        except OSError as error:
            raise InputDataError("a JSON file cannot be read", where=str(self.path), why=str(error)) from error
        if kept.strip():
            yield _Lines(first, kept)


def _as_text(found: pa.DataType) -> pa.DataType:
    """The type that JSON has for what Arrow takes for one: times are strings."""
    if types.is_list(found):
        return pa.list_(_as_text(found.value_type))
    return pa.string() if types.is_timestamp(found) else found


def _merged(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type of a column that has one type in some lines and another in others; None if there is none."""
    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    if types.is_list(one) and types.is_list(other):
        value = _merged(one.value_type, other.value_type)
        return None if value is None else pa.list_(value)
    if {one, other} == {pa.int64(), pa.float64()}:
        return pa.float64()
    return None
