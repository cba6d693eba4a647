"""Parquet and Feather: files that say the types of their columns."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pyarrow as pa

from components.arrow_example_gen.input_files import Columns, InputFile, Piece
from headrace.acceleration.arrow_columns import Kind
from headrace.acceleration.parquet_reading import parquet_batches, parquet_schema
from headrace.errors import InputDataError


class ParquetFile(InputFile):
    """A Parquet file; of its row groups, some pages are in memory at a time."""

    def columns(self, pool: ThreadPoolExecutor) -> Columns:
        """Those of its schema."""
        return _columns(self, parquet_schema(self.path))

    def pieces(self, kinds: Mapping[str, Kind]) -> Iterator[Piece]:
        """Batches of rows."""
        for batch in parquet_batches(self.path, list(kinds)):
            yield partial(batch.select, list(kinds))


class FeatherFile(InputFile):
    """A Feather file, which is an Arrow IPC file; one of its batches is in memory at a time."""

    def columns(self, pool: ThreadPoolExecutor) -> Columns:
        """Those of its schema."""
        with self._readable(), pa.OSFile(str(self.path)) as stream:
            return _columns(self, pa.ipc.open_file(stream).schema)

    def pieces(self, kinds: Mapping[str, Kind]) -> Iterator[Piece]:
        """Its record batches."""
        with self._readable(), pa.OSFile(str(self.path)) as stream:
            schema = pa.ipc.open_file(stream).schema
            options = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(name) for name in kinds])
            reader = pa.ipc.open_file(stream, options=options)
            for index in range(reader.num_record_batches):
                yield partial(reader.get_batch(index).select, list(kinds))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            raise InputDataError("a Feather file cannot be read", where=str(self.path), why=str(error)) from error


def _columns(file: InputFile, schema: pa.Schema) -> Columns:
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise InputDataError("columns share a name", where=str(file.path), why=f"there are two {name!r}")
    return dict(zip(schema.names, schema.types, strict=True))
