"""Parquet files in batches of rows, in bounded memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.errors import InputDataError

_BATCH_ROWS = 1 << 14
_BATCH_BYTES = 16 << 20
_READ_BYTES = 1 << 20  # of a column at a time; a whole row group may be gigabytes


def parquet_schema(path: Path) -> pa.Schema:
    """The columns of a file.

    Raises:
        InputDataError: the file cannot be read.
    """
    with _readable(path), pq.ParquetFile(path) as file:
        return file.schema_arrow


def parquet_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a file in order.

    Args:
        path: the file.
        columns: the names of those to read, if not all.

    Raises:
        InputDataError: the file cannot be read.
    """
    with _readable(path), pq.ParquetFile(path, buffer_size=_READ_BYTES, pre_buffer=False) as file:
        for index in range(file.num_row_groups):
            group = file.metadata.row_group(index)
            row_bytes = max(1, group.total_byte_size // max(1, group.num_rows))
            rows = max(1, min(_BATCH_ROWS, _BATCH_BYTES // row_bytes))
            yield from file.iter_batches(rows, row_groups=[index], columns=columns, use_threads=False)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise InputDataError("a Parquet file cannot be read", where=str(path), why=str(error)) from error
