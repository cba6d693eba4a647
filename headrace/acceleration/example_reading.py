"""Examples of an artifact, read into Arrow without Beam."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from headrace.acceleration.tfrecord_reading import record_blocks


def split_files(folder: Path) -> list[Path]:
    """The TFRecord files of a split, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def read_records(file: Path, rows: int) -> Iterator[list[bytes]]:
    """The records of a TFRecord file, plain or gzipped, so many at once.

    Raises:
        InputDataError: the file ends in the middle of a record, is no gzip file, or is damaged.
    """
    records: list[bytes] = []
    for block in record_blocks(file):
        records += block.records()
        while len(records) >= rows:
            yield records[:rows]
            records = records[rows:]
    if records:
        yield records


def read_examples(
    files: Sequence[Path], rows: int, schema: schema_pb2.Schema | None = None
) -> Iterator[pa.RecordBatch]:
    """Examples as record batches of at most so many rows; each column holds lists, missing ones are null.

    Args:
        files: TFRecord files of serialized tf.Examples.
        rows: of a batch, at the most.
        schema: the columns to read, if not all.
    """
    decoder = ExamplesToRecordBatchDecoder(schema.SerializeToString() if schema else None)
    for file in files:
        for records in read_records(file, rows):
            yield decoder.DecodeBatch(records)
