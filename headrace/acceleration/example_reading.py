"""Examples of an artifact, read into Arrow without Beam."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from headrace.acceleration.parallel import cores, in_order
from headrace.acceleration.tfrecord_reading import BLOCK_BYTES, record_blocks

# About how much a batch holds: large records come fewer at once.
_BATCH_BYTES = 16 << 20


def split_files(folder: Path) -> list[Path]:
    """The TFRecord files of a split, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def read_records(file: Path, rows: int) -> Iterator[list[bytes]]:
    """The records of a TFRecord file, plain or gzipped, so many at once; fewer where they are large.

    Raises:
        InputDataError: the file ends in the middle of a record, is damaged, or is no gzip file.
    """
    records: list[bytes] = []
    size = 0
    for block in record_blocks(file, BLOCK_BYTES):
        some = block.records()
        records += some
        size += sum(map(len, some))
        while len(records) >= rows:
            yield records[:rows]
            records = records[rows:]
            size = sum(map(len, records))
        if size >= _BATCH_BYTES:
            yield records
            records, size = [], 0
    if records:
        yield records


class Decoder:
    """Decodes serialized tf.Examples, in any thread."""

    def __init__(self, schema: schema_pb2.Schema | None = None) -> None:
        """Takes the schema whose columns are decoded; all are, if there is none."""
        self._schema = None if schema is None else schema.SerializeToString()
        # A decoder with a schema keeps what it builds in itself: each thread needs one of its own.
        self._local = threading.local()

    def __call__(self, records: list[bytes]) -> pa.RecordBatch:
        """The records as a batch; each column holds lists, null where a feature is missing."""
        if not hasattr(self._local, "decoder"):
            self._local.decoder = ExamplesToRecordBatchDecoder(self._schema)
        return self._local.decoder.DecodeBatch(records)


def read_examples(
    files: Sequence[Path], rows: int, schema: schema_pb2.Schema | None = None
) -> Iterator[pa.RecordBatch]:
    """Examples as record batches of at most so many rows; each column holds lists, missing ones are null.

    They are decoded by a thread a core, ahead of the batch that was asked for.

    Args:
        files: TFRecord files of serialized tf.Examples.
        rows: of a batch, at the most.
        schema: the columns to read, if not all.
    """
    with ThreadPoolExecutor(cores()) as pool:
        records = chain.from_iterable(read_records(file, rows) for file in files)
        yield from in_order(pool, Decoder(schema), records, ahead=2 * cores())
