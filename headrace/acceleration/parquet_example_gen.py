"""Stock TFX's ExampleGen for Parquet through Arrow: the stock executor's splits, examples and properties."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from headrace.acceleration.arrow_columns import Kind, kind_of, parts, typed
from headrace.acceleration.example_encoding import Feature, Missing, encode
from headrace.acceleration.example_gen import ExampleGenExecutor
from headrace.acceleration.matched_files import matched_files
from headrace.acceleration.not_equal import READ_BY_ARROW, NotEqualError
from headrace.acceleration.parallel import cores, in_order
from headrace.acceleration.parquet_reading import parquet_batches, parquet_schema
from headrace.acceleration.split_writing import Pieces, pieces_of
from headrace.acceleration.splitting import HashSplit
from headrace.acceleration.tfrecord_writing import Records

_LEFT = "the stock executor has to read this"


class Executor(ExampleGenExecutor[list[Path]]):
    """Reads Parquet files; what Python takes for false (0, an empty string) is a feature of no kind, as for stock."""

    def sources(
        self, patterns: Sequence[str], exec_properties: Mapping[str, Any], pool: ThreadPoolExecutor
    ) -> list[list[Path]]:
        """Parquet files, whose columns are of types that are known to come out equal."""
        sources = [matched_files(pattern) for pattern in patterns]
        for file in {file for files in sources for file in files}:
            schema = parquet_schema(file)
            if not schema.names or len(set(schema.names)) < len(schema.names):
                raise NotEqualError(_LEFT, where=str(file), why="columns share a name")
            for field in schema:
                if not _is_equal(field.type):
                    why = f"the column {field.name!r} is of the type {field.type}"
                    raise NotEqualError(_LEFT, where=str(file), why=why, next_step=READ_BY_ARROW)
        return sources

    def pieces(self, source: list[Path], split: HashSplit | None, pool: ThreadPoolExecutor) -> Iterator[Pieces]:
        """The rows of Parquet files."""

        def work(batch: pa.RecordBatch) -> Pieces:
            pieces: Pieces = []
            for part in parts(batch):
                features = [
                    _feature(name, column) for name, column in zip(part.schema.names, part.columns, strict=True)
                ]
                records = Records.of(encode(features))
                pieces += pieces_of(records, split.deal(features, records.payloads) if split else None)
            return pieces

        batches = (batch for file in source for batch in parquet_batches(file))
        yield from in_order(pool, work, batches, ahead=2 * cores())


def _is_equal(arrow_type: pa.DataType) -> bool:
    """Whether columns of this type are known to come out equal; for the stock executor, many types are an error."""
    if types.is_dictionary(arrow_type):
        return types.is_string(arrow_type.value_type)
    if types.is_list(arrow_type):
        value = arrow_type.value_type
        return _is_equal(value) and not (types.is_nested(value) or types.is_null(value) or _is_binary(value))
    return bool(
        types.is_null(arrow_type)
        or types.is_boolean(arrow_type)
        or (types.is_integer(arrow_type) and not types.is_uint64(arrow_type))
        or types.is_float32(arrow_type)
        or types.is_float64(arrow_type)
        or types.is_string(arrow_type)
        or types.is_large_string(arrow_type)
        or _is_binary(arrow_type)
    )


def _is_binary(arrow_type: pa.DataType) -> bool:
    return bool(types.is_binary(arrow_type) or types.is_large_binary(arrow_type))


def _feature(name: str, column: pa.Array) -> Feature:
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = kind_of(column.type)
    if kind is None or (kind is Kind.BYTES and not _is_text(column)):
        why = f"the column {name!r} holds what is not UTF-8"
        raise NotEqualError(_LEFT, why=why, next_step=READ_BY_ARROW)
    try:
        values = typed(column, kind)
    except ValueError as error:
        raise NotEqualError(_LEFT, why=f"the column {name!r}: {error}") from error
    if values is not None:
        # Not by if_else: of a part of an array of strings, Arrow 18's makes something else.
        is_false = pc.invert(_is_true(column)).to_numpy(zero_copy_only=False)
        values = values.take(pa.array(np.arange(len(column)), mask=is_false))
    return Feature.of(name, values, len(column), Missing.NO_KIND)


def _is_true(column: pa.Array) -> pa.BooleanArray:
    """What Python takes for true; null is not."""
    if types.is_boolean(column.type):
        true = column
    elif types.is_list(column.type):
        true = pc.greater(pc.list_value_length(column), 0)
    elif types.is_integer(column.type) or types.is_floating(column.type):
        true = pc.not_equal(column, pa.scalar(0, column.type))
    else:
        true = pc.greater(pc.binary_length(column), 0)
    return pc.fill_null(true, False)


def _is_text(column: pa.Array) -> bool:
    """Whether it is UTF-8: the stock executor makes strings of it."""
    values = column.flatten() if types.is_list(column.type) else column
    try:
        values.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True
