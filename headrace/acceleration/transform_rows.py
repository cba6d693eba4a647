"""Rows through a saved transform function, to transformed examples."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform import impl_helper
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
from tfx_bsl.tfxio.tensor_to_arrow import TensorsToRecordBatchConverter

from headrace.acceleration.counting import Count
from headrace.acceleration.example_batches import serialized_batches
from headrace.acceleration.example_reading import Decoder
from headrace.acceleration.parallel import cores, in_order
from headrace.acceleration.tfrecord_writing import Compressed, Records, TFRecordFile, compress
from headrace.acceleration.transform_inputs import Dataset
from headrace.acceleration.transform_model import TransformModel
from headrace.acceleration.transform_statistics import Statistics

_SHARD = "-00000-of-00001.gz"
# Outputs may be far wider than inputs: vocabularies as one-hot vectors, for one.
_OUTPUT_BYTES = 64 << 20
_FIRST_ROWS = 100


@dataclass(frozen=True)
class RowTransform:
    """What is done with a batch of serialized examples.

    Attributes:
        decoder: makes them columns.
        model: makes columns features.
        converter: makes features columns.
        schema: of the features, by which they are encoded.
    """

    decoder: Decoder
    model: TransformModel
    converter: TensorsToRecordBatchConverter
    schema: schema_pb2.Schema

    @classmethod
    def of(
        cls, decoder: Decoder, model: TransformModel, schema: schema_pb2.Schema, full_schema: schema_pb2.Schema
    ) -> "RowTransform":
        """Takes the schema of the features as it was before the analysis, and as it is after."""
        return cls(decoder, model, impl_helper.make_tensor_to_arrow_converter(full_schema), schema)

    def columns(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The features of decoded examples."""
        return self.converter.convert(self.model.apply(batch))


def transform(
    dataset: Dataset,
    rows: RowTransform,
    statistics: Sequence[Statistics],
    pool: Executor,
    decoded: Sequence[pa.RecordBatch],
) -> None:
    """Transforms a dataset; writes what it becomes where it has an output.

    Args:
        dataset: its files are read.
        rows: what is done with them.
        statistics: to which what they become is added.
        pool: where it is done.
        decoded: all of its rows, if they have been decoded already; else nothing.
    """
    with ExitStack() as stack:
        file = None
        if dataset.output:
            file = stack.enter_context(TFRecordFile(dataset.output.parent, dataset.output.name + _SHARD))
        step = _first_step(dataset, rows)

        def work(given: pa.RecordBatch | list[bytes]) -> list[tuple[pa.RecordBatch, Compressed | None]]:
            batch = rows.decoder(given) if isinstance(given, list) else given
            made = (rows.columns(batch.slice(start, step)) for start in range(0, batch.num_rows, step))
            return [(one, _compressed(one, rows.schema) if file else None) for one in made]

        count = Count()
        for pieces in in_order(pool, work, decoded or serialized_batches(dataset.files), ahead=cores() + 1):
            for batch, piece in pieces:
                for one in statistics:
                    one.add(batch)
                count.add(batch.num_rows)
                if file and piece:
                    file.write(piece)
        if file:
            file.keep()


def _first_step(dataset: Dataset, rows: RowTransform) -> int:
    """How many rows to transform at once, by what the first ones become."""
    first: Iterator[list[bytes]] = serialized_batches(dataset.files)
    records = next(first, [])[:_FIRST_ROWS]
    if not records:
        return 1
    made = rows.columns(rows.decoder(records))
    return max(1, _OUTPUT_BYTES * len(records) // max(1, made.nbytes))


def _compressed(batch: pa.RecordBatch, schema: schema_pb2.Schema) -> Compressed:
    encoder = RecordBatchToExamplesEncoder(schema)
    return compress(Records.of_serialized(encoder.encode(batch)).closed())
