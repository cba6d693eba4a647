"""Splits of examples in batches of the size that TensorFlow and Arrow work best on."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

import pyarrow as pa

from headrace.acceleration.example_reading import Decoder, read_records
from headrace.acceleration.parallel import cores, in_order

# Calling into TensorFlow and Arrow costs about as much for a row as for a thousand.
ROWS = 10_000


def record_batches(files: Sequence[Path], decoder: Decoder, pool: Executor) -> Iterator[pa.RecordBatch]:
    """The examples of files, in their order, decoded in `pool` ahead of time."""
    return in_order(pool, decoder, serialized_batches(files), ahead=2 * cores())


def serialized_batches(files: Sequence[Path]) -> Iterator[list[bytes]]:
    """The records of files in batches of so many rows, or fewer where they are long."""
    for file in files:
        yield from read_records(file, ROWS)
