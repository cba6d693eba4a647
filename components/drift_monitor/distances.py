"""Distances of all features, as TFDV's drift comparators compute them."""

from collections.abc import Mapping, Sequence

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.drift_monitor.binned import TEXT, Binned
from headrace.contents.drift import JENSEN_SHANNON, L_INFINITY

_NAMES = {
    anomalies_pb2.DriftSkewInfo.Measurement.L_INFTY: L_INFINITY,
    anomalies_pb2.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE: JENSEN_SHANNON,
}


def distances(bins: Mapping[str, Binned], measures: Mapping[str, str]) -> dict[str, float]:
    """The distance of each feature.

    Args:
        bins: by feature.
        measures: L_INFINITY or JENSEN_SHANNON, by feature; numbers have the latter.
    """
    if not bins:
        return {}
    schema = schema_pb2.Schema()
    for name, one in bins.items():
        feature = schema.feature.add(name=name, type=schema_pb2.BYTES if one.kind == TEXT else schema_pb2.FLOAT)
        if measures[name] == L_INFINITY:
            feature.drift_comparator.infinity_norm.threshold = 1
        else:
            feature.drift_comparator.jensen_shannon_divergence.threshold = 1
    before = _statistics({name: (one.kind, one.labels, one.before) for name, one in bins.items()})
    after = _statistics({name: (one.kind, one.labels, one.after) for name, one in bins.items()})
    found = tfdv.validate_statistics(after, schema, previous_statistics=before)
    return {
        ".".join(info.path.step): min(1.0, max(0.0, measurement.value))  # TFDV's sums may end just outside
        for info in found.drift_skew_info
        for measurement in info.drift_measurements
        if _NAMES.get(measurement.type) == measures[".".join(info.path.step)]
    }


def _statistics(
    sides: Mapping[str, tuple[str, Sequence[str], Sequence[float]]],
) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Statistics that hold what TFDV's comparators read, and nothing else."""
    made = statistics_pb2.DatasetFeatureStatisticsList()
    data_set = made.datasets.add(num_examples=max(1, *(round(sum(counts)) for *_, counts in sides.values())))
    for name, (kind, labels, counts) in sides.items():
        feature = data_set.features.add()
        feature.path.step.append(name)
        if kind == TEXT:
            feature.type = statistics_pb2.FeatureNameStatistics.STRING
            common = feature.string_stats.common_stats
            feature.string_stats.unique = len(labels)
            ranked = feature.string_stats.rank_histogram
            for label, count in zip(labels, counts, strict=True):
                if count:  # TFDV lists no value that is not there, and its divergence is nothing where one is
                    ranked.buckets.add(label=label, sample_count=count)
        else:
            feature.type = statistics_pb2.FeatureNameStatistics.FLOAT
            common = feature.num_stats.common_stats
            histogram = feature.num_stats.histograms.add(type=statistics_pb2.Histogram.STANDARD)
            # Which numbers bound a bin makes no difference to TFDV, as long as both sides have the same.
            for index, count in enumerate(counts):
                histogram.buckets.add(low_value=index, high_value=index + 1, sample_count=count)
        common.num_non_missing = round(sum(counts))
        common.min_num_values = common.max_num_values = 1
        common.avg_num_values = 1
        common.tot_num_values = round(sum(counts))
    return made
