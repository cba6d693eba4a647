"""Statistics of record batches that come one after another, by TFDV's generators, without Beam."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from tensorflow_data_validation import constants
from tensorflow_data_validation.arrow import arrow_util
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_data_validation.statistics.generators import (
    basic_stats_generator,
    sparse_feature_stats_generator,
    top_k_uniques_sketch_stats_generator,
    top_k_uniques_stats_generator,
    weighted_feature_stats_generator,
)
from tensorflow_data_validation.statistics.generators.stats_generator import CombinerStatsGenerator
from tensorflow_data_validation.statistics.stats_options import StatsOptions
from tensorflow_data_validation.utils import slicing_util
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx_bsl.arrow import table_util
from tfx_bsl.statistics import merge_util

from headrace.acceleration import integer_lengths  # noqa: F401  # quicker, with the same answers
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.value_counting import ValueCountsGenerator

# Their answers are the same however rows come in batches, up to the error of their sketches.
_GENERATORS = frozenset(
    {
        basic_stats_generator.BasicStatsGenerator,
        sparse_feature_stats_generator.SparseFeatureStatsGenerator,
        top_k_uniques_sketch_stats_generator.TopKUniquesSketchStatsGenerator,
        weighted_feature_stats_generator.WeightedFeatureStatsGenerator,
    }
)
SliceFunction = Callable[[pa.RecordBatch], Iterable[tuple[str, pa.RecordBatch]]]


def generators_of(options: StatsOptions) -> list[CombinerStatsGenerator]:
    """The generators that the stock executor would use.

    Raises:
        NotEqualError: one of them needs Beam, or gives another answer when rows come in other batches.
    """
    generators = []
    for generator in stats_impl.get_generators(options):
        if type(generator) is top_k_uniques_stats_generator.TopKUniquesStatsGenerator:
            generators.append(ValueCountsGenerator(options))
        elif type(generator) in _GENERATORS:
            generators.append(generator)
        else:
            raise NotEqualError("statistics depend on how Beam deals out rows", why=f"{generator.name} is needed")
    return generators


def slice_functions_of(options: StatsOptions) -> list[SliceFunction]:
    """What cuts batches into slices; nothing if there are to be none.

    Raises:
        NotEqualError: slices depend on the batches that rows come in, or are asked for in SQL.
    """
    if has_sql_slices(options):
        raise NotEqualError("slices are asked for in SQL", why="SQL slices are left to the stock executor")
    if options.slicing_config is None:
        return []
    for spec in options.slicing_config.slicing_specs:
        # The stock slicer leaves out a feature that is nowhere in a batch, and a batch may be a single row.
        if len({*spec.feature_keys, *spec.feature_values}) > 1:
            raise NotEqualError("slices cross features", why="such slices depend on how Beam deals out rows")
    # What TFDV's own conversion does; it has another name in 1.21, which knows no SQL.
    functions = [
        slicing_util.get_feature_value_slicer(
            {**dict.fromkeys(spec.feature_keys), **{key: [value] for key, value in spec.feature_values.items()}}
        )
        for spec in options.slicing_config.slicing_specs
        if spec.feature_keys or spec.feature_values
    ]
    if not functions:
        raise NotEqualError("no slices are asked for", why="a slicing configuration without slices")
    return [slicing_util.default_slicer, *functions]


def has_sql_slices(options: StatsOptions) -> bool:
    """Whether slices are asked for in SQL, which only TFDV 1.16 and older can do."""
    specs = options.slicing_config.slicing_specs if options.slicing_config else []
    return bool(getattr(options, "experimental_slice_sqls", None)) or any(spec.slice_keys_sql for spec in specs)


def generate_statistics(
    batches: Iterable[pa.RecordBatch], options: StatsOptions
) -> statistics_pb2.DatasetFeatureStatisticsList:
    """The statistics of all rows, and of each slice of them.

    Args:
        batches: of rows; each column holds lists.
        options: none of which samples.

    Raises:
        NotEqualError: the same as the stock executor's cannot be promised.
        ValueError: the rows are not what the options say; the stock executor would raise it too.
        TypeError: a feature has values of more than one type; the stock executor would raise it too.
    """
    generators, slicers = generators_of(options), slice_functions_of(options)
    slices: dict[str, _Slice] = {}
    for batch in batches:
        rows = _allowed(batch, options.feature_allowlist)
        _check_weights(rows, sorted(options.example_weight_map.all_weight_features()))
        for key, part in slicing_util.generate_slices(rows, slicers) if slicers else [("", rows)]:
            if key not in slices:
                slices[key] = _Slice(generators)
            slices[key].add(part)
    protos = []
    for key, slice_ in slices.items():
        for proto in slice_.statistics():
            proto.name = key
            protos.append(proto)
    # Where there are no rows, the stock executor writes statistics without a number.
    return merge_util.merge_dataset_feature_statistics(protos or [statistics_pb2.DatasetFeatureStatistics()])


class _Slice:
    """What is known of the rows of a slice; as the stock executor does, it brings small batches together."""

    def __init__(self, generators: Sequence[CombinerStatsGenerator]) -> None:
        self._generators = generators
        self._accumulators: list[Any] = [generator.create_accumulator() for generator in generators]
        self._waiting: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        if sum(one.num_rows for one in self._waiting) >= constants.DEFAULT_DESIRED_INPUT_BATCH_SIZE:
            self._work()

    def statistics(self) -> list[statistics_pb2.DatasetFeatureStatistics]:
        self._work()
        return [
            generator.extract_output(generator.compact(accumulator))
            for generator, accumulator in zip(self._generators, self._accumulators, strict=True)
        ]

    def _work(self) -> None:
        if self._waiting:
            batch = self._waiting[0] if len(self._waiting) == 1 else table_util.MergeRecordBatches(self._waiting)
            self._waiting = []
            self._accumulators = [
                generator.add_input(accumulator, batch)
                for generator, accumulator in zip(self._generators, self._accumulators, strict=True)
            ]


def _allowed(batch: pa.RecordBatch, names: Sequence[str] | None) -> pa.RecordBatch:
    """The columns of those names, if there are any.

    Raises:
        NotEqualError: a row has none of them. The stock executor counts it only if others of its batch have one.
    """
    if not names:
        return batch
    known = [name for name in names if arrow_util.get_column(batch, name, missing_ok=True) is not None]
    columns = [batch.column(name) for name in known]
    if not columns or min(column.null_count for column in columns):
        missing = np.ones(batch.num_rows, bool)
        for column in columns:
            missing &= column.is_null().to_numpy(zero_copy_only=False)
        if missing.any():
            raise NotEqualError("the number of examples depends on Beam", why="some have none of the features allowed")
    return pa.RecordBatch.from_arrays(columns, known)


def _check_weights(batch: pa.RecordBatch, names: Iterable[str]) -> None:
    """Looks whether weights are such that it does not matter in which batches they come.

    Raises:
        NotEqualError: one is zero, negative, infinite or not a number.
        ValueError: a row has none, or more than one.
    """
    for name in names:
        weights = arrow_util.get_weight_feature(batch, name)
        if not (np.isfinite(weights) & (weights > 0)).all():
            raise NotEqualError("statistics depend on how Beam deals out rows", why=f"{name!r} has odd weights")
