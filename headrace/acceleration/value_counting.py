"""How often each value of a feature is there, counted exactly: TFDV does it through Beam alone."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_data_validation.arrow import arrow_util
from tensorflow_data_validation.statistics.generators.stats_generator import CombinerStatsGenerator
from tensorflow_data_validation.statistics.stats_options import StatsOptions
from tensorflow_data_validation.types import FeaturePath
from tensorflow_data_validation.utils import schema_util, stats_util
from tensorflow_data_validation.utils import top_k_uniques_stats_util as top_k
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx_bsl.arrow import array_util
from tfx_bsl.statistics import merge_util

from headrace.acceleration.not_equal import NotEqualError

# Parts are summed up when there are this many rows more than there were distinct values the last time.
_SLACK_ROWS = 1 << 16
# The stock executor counts the values of a feature in memory, however much they take; here, more is left to it.
VALUES_BYTES = 1 << 30
# Values that are longer and no text, such as pictures, are counted by their beginnings and their digests: what is shown
# of them is a placeholder, whatever they are.
_LONG_BYTES = 1 << 14
_BEGINNING_BYTES = 1 << 8


class ValueCounts:
    """The values of a feature, each with how often it was seen and, if weighted, the sum of its weights."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []
        self._rows = 0
        self._distinct = 0

    def add(self, values: pa.Array, weights: npt.NDArray[np.generic] | None) -> None:
        """Adds values and, if there are any, their weights.

        Raises:
            NotEqualError: there are too many distinct values to be held here.
        """
        values = _shortened(values)
        if weights is None:
            counted = values.value_counts()
            self._append(pa.table([counted.field(0), counted.field(1)], ["value", "count"]))
        else:
            one_each = pa.array(np.ones(len(values), np.int64))
            self._append(_sums(pa.table([values, one_each, weights.astype(np.float64)], ["value", "count", "weight"])))

    def merge(self, other: "ValueCounts") -> None:
        """Adds what another counted."""
        for part in other._parts:
            self._append(part)

    def table(self) -> pa.Table:
        """Each value once: columns `value`, `count` and, if weighted, `weight`."""
        if len(self._parts) > 1:
            self._parts = [_sums(pa.concat_tables(self._parts))]
        [table] = self._parts
        self._rows = self._distinct = len(table)
        return table

    def _append(self, part: pa.Table) -> None:
        self._parts.append(part)
        self._rows += len(part)
        if self._rows > 2 * self._distinct + _SLACK_ROWS and self.table().nbytes > VALUES_BYTES:
            raise NotEqualError("a feature has too many distinct values", why=f"they take over {VALUES_BYTES:,} bytes")


class ValueCountsGenerator(CombinerStatsGenerator):
    """Gives what TFDV's TopKUniquesStatsGenerator does: top values, ranks, and how many values there are."""

    def __init__(self, options: StatsOptions) -> None:
        """Takes the options that the stock generator would be made from."""
        super().__init__("ValueCountsGenerator", options.schema)
        self._options = options
        self._bytes_features = frozenset(schema_util.get_bytes_features(options.schema) if options.schema else [])
        self._categorical = schema_util.get_categorical_numeric_feature_types(options.schema) if options.schema else {}

    def create_accumulator(self) -> dict[FeaturePath, ValueCounts]:
        """Nothing is counted yet."""
        return {}

    def add_input(
        self, accumulator: dict[FeaturePath, ValueCounts], batch: pa.RecordBatch
    ) -> dict[FeaturePath, ValueCounts]:
        """Counts the values of a batch."""
        for path, array, weights in arrow_util.enumerate_arrays(
            batch, example_weight_map=self._options.example_weight_map, enumerate_leaves_only=True
        ):
            if self._is_counted(path, array.type):
                values, rows = array_util.flatten_nested(array, weights is not None)
                if len(values):
                    counts = accumulator.setdefault(path, ValueCounts())
                    counts.add(values, None if weights is None else weights[rows])
        return accumulator

    def merge_accumulators(
        self, accumulators: Iterable[dict[FeaturePath, ValueCounts]]
    ) -> dict[FeaturePath, ValueCounts]:
        """What all of them counted."""
        merged, *others = accumulators
        for other in others:
            for path, counts in other.items():
                merged.setdefault(path, ValueCounts()).merge(counts)
        return merged

    def extract_output(self, accumulator: dict[FeaturePath, ValueCounts]) -> statistics_pb2.DatasetFeatureStatistics:
        """The statistics of all features, made by the functions that the stock generator makes them with."""
        protos = [proto for path, counts in accumulator.items() for proto in self._protos(path, counts.table())]
        merged = merge_util.merge_dataset_feature_statistics(protos).datasets
        return merged[0] if merged else statistics_pb2.DatasetFeatureStatistics()

    def _is_counted(self, path: FeaturePath, array_type: pa.DataType) -> bool:
        if path in self._bytes_features:
            return False
        feature_type = stats_util.get_feature_type_from_arrow_type(path, array_type)
        if feature_type == statistics_pb2.FeatureNameStatistics.STRING:
            return True
        # The stock generator has none of floats, be they categories.
        return feature_type == statistics_pb2.FeatureNameStatistics.INT and top_k.output_categorical_numeric(
            self._categorical, path, feature_type
        )

    def _protos(self, path: FeaturePath, table: pa.Table) -> Iterator[statistics_pb2.DatasetFeatureStatistics]:
        options = self._options
        thresholds = {"count": options.frequency_threshold, "weight": options.weighted_frequency_threshold}
        for by in table.column_names[1:]:
            yield top_k.make_dataset_feature_stats_proto_topk_single(
                feature_path_tuple=path.steps(),
                value_count_list=_largest(table, by, max(options.num_top_values, options.num_rank_histogram_buckets)),
                is_weighted_stats=by == "weight",
                num_top_values=options.num_top_values,
                frequency_threshold=thresholds[by],
                num_rank_histogram_buckets=options.num_rank_histogram_buckets,
            )
        yield top_k.make_dataset_feature_stats_proto_unique_single(path.steps(), len(table))


def _shortened(values: pa.Array) -> pa.Array:
    if not pa.types.is_binary(values.type) and not pa.types.is_large_binary(values.type):
        return values
    if (pc.max(pc.binary_length(values)).as_py() or 0) <= _LONG_BYTES:
        return values
    return pa.array(map(_shortened_value, values), values.type)


def _shortened_value(value: pa.Scalar) -> bytes:
    content: bytes = value.as_py()
    if len(content) <= _LONG_BYTES:
        return content
    try:
        content.decode()
    except UnicodeDecodeError:
        # No text either, for the byte 0xff is in none.
        return content[:_BEGINNING_BYTES] + b"\xff" + sha256(content).digest()
    return content


def _sums(table: pa.Table) -> pa.Table:
    """Each value once, with the sums of what stood beside it."""
    # Five times as fast as Arrow's group_by, where values are many.
    encoded = table["value"].combine_chunks().dictionary_encode()
    places = encoded.indices.to_numpy()
    sums = [
        np.bincount(places, column.to_numpy()).astype(column.type.to_pandas_dtype()) for column in table.columns[1:]
    ]
    return pa.table([encoded.dictionary, *sums], table.column_names)


def _largest(table: pa.Table, by: str, most: int) -> list[top_k.FeatureValueCount]:
    order = pc.select_k_unstable(table, most, [(by, "descending"), ("value", "descending")])
    taken = table.select(["value", by]).take(order)
    pairs = zip(taken["value"].to_pylist(), taken[by].to_pylist(), strict=True)
    return [top_k.FeatureValueCount(value, number) for value, number in pairs]
