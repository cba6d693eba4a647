"""Statistics before and after a transformation, by TensorFlow Data Validation's generators, batch by batch."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_data_validation.statistics.generators.stats_generator import CombinerStatsGenerator
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
from tfx.components.transform import executor as stock
from tfx.components.transform.stats_options_util import StatsType

from headrace.acceleration import integer_lengths  # noqa: F401  # quicker, with the same answers
from headrace.acceleration.batch_statistics import has_sql_slices
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.transform_inputs import StatisticsPaths


def statistics_options(
    update: Callable[..., tfdv.StatsOptions] | None,
    kind: StatsType,
    schema: schema_pb2.Schema,
    asset_map: dict[str, str] | None = None,
    graph: Path | None = None,
) -> tfdv.StatsOptions:
    """The options that the stock executor would use.

    Args:
        update: the user's function, if there is one.
        kind: of the statistics.
        schema: of the rows.
        asset_map: the files of vocabularies by their keys.
        graph: the folder in which they will be.

    Raises:
        NotEqualError: the statistics need Beam.
    """
    updated = stock._InvokeStatsOptionsUpdaterFn(
        update or (lambda _, options: options), kind, schema, asset_map, str(graph) if graph else None
    )
    if reason := _why_not(updated):
        raise NotEqualError("the stock Transform has to do this", why=f"{kind.name.lower()} statistics {reason}")
    return updated


class Statistics:
    """Statistics of the batches added so far."""

    def __init__(self, options: tfdv.StatsOptions) -> None:
        """Takes options that `statistics_options` made."""
        self._options = options
        self._generators = stats_impl.get_generators(options)
        for generator in self._generators:
            generator.setup()
        self._accumulators: list[Any] = [generator.create_accumulator() for generator in self._generators]
        self._empty = True

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes a batch."""
        self._empty = False
        self._accumulators = [
            generator.add_input(accumulator, batch)
            for generator, accumulator in zip(self._generators, self._accumulators, strict=True)
        ]

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        """The batches, each added as it goes by."""
        for batch in batches:
            self.add(batch)
            yield batch

    def write(self, paths: StatisticsPaths) -> None:
        """Writes the statistics and the schema; and where there is a path for them, anomalies."""
        if self._empty:
            made = statistics_pb2.DatasetFeatureStatisticsList(datasets=[statistics_pb2.DatasetFeatureStatistics()])
        else:
            made = stats_impl.extract_statistics_output(self._accumulators, self._generators)
        _write(paths.statistics, made.SerializeToString())
        schema = self._options.schema
        if schema is None:
            return
        _write(paths.schema, text_format.MessageToString(schema).encode())
        if paths.anomalies:
            _write(paths.anomalies, tfdv.validate_statistics(made, schema).SerializeToString())


def _why_not(options: tfdv.StatsOptions) -> str:
    """What of these options only Beam can do; empty if nothing."""
    if options.sample_rate is not None:
        return "are of a sample"
    if options.slicing_config or options.experimental_slice_functions or has_sql_slices(options):
        return "are of slices"
    if options.feature_allowlist:
        return "are of some features"
    if options.experimental_result_partitions != 1 or options.experimental_num_feature_partitions != 1:
        return "are partitioned"
    others = [one.name for one in stats_impl.get_generators(options) if not isinstance(one, CombinerStatsGenerator)]
    return f"have the generator {others[0]}" if others else ""


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
