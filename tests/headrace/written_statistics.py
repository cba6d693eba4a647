"""Writes statistics as StatisticsGen leaves them, without computing them: for tests of what reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tensorflow_metadata.proto.v0 import statistics_pb2

_KINDS = statistics_pb2.FeatureNameStatistics


@dataclass(frozen=True)
class Texts:
    """How often each text stands in a feature, and in how many examples none."""

    counts: Mapping[str, int]
    missing: int = 0


@dataclass(frozen=True)
class Numbers:
    """Buckets of numbers, low, high and count, and how many examples have none."""

    buckets: Sequence[tuple[float, float, int]]
    mean: float = 0.0
    missing: int = 0
    whole: bool = True


Feature = Texts | Numbers


def write_statistics(folder: Path, splits: Mapping[str, Mapping[str, Feature]]) -> Path:
    """Writes a file for each split, by its name; below "" that of all splits together, as Transform does."""
    for split, features in splits.items():
        place = folder / f"Split-{split}" if split else folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "FeatureStats.pb").write_bytes(recorded(features).SerializeToString())
    return folder


def recorded(features: Mapping[str, Feature]) -> statistics_pb2.DatasetFeatureStatisticsList:
    """The message of some features, which all have as many examples."""
    written = statistics_pb2.DatasetFeatureStatisticsList()
    data = written.datasets.add()
    data.num_examples = max(map(_examples, features.values()), default=0)
    for name, one in features.items():
        assert _examples(one) == data.num_examples
        present = _examples(one) - one.missing
        feature = data.features.add(name=name, type=_kind(one))
        stats = feature.string_stats if isinstance(one, Texts) else feature.num_stats
        stats.common_stats.max_num_values = 1
        stats.common_stats.num_non_missing = stats.common_stats.tot_num_values = present
        if isinstance(one, Texts):
            feature.string_stats.unique = len(one.counts)
            for label, count in sorted(one.counts.items(), key=lambda pair: -pair[1]):
                feature.string_stats.rank_histogram.buckets.add(label=label, sample_count=count)
        elif one.buckets:
            numeric = feature.num_stats
            numeric.mean, numeric.min, numeric.max = one.mean, one.buckets[0][0], one.buckets[-1][1]
            histogram = numeric.histograms.add(type=statistics_pb2.Histogram.QUANTILES)
            for low, high, count in one.buckets:
                histogram.buckets.add(low_value=low, high_value=high, sample_count=count)
    return written


def _examples(feature: Feature) -> int:
    counts = feature.counts.values() if isinstance(feature, Texts) else [count for *_, count in feature.buckets]
    return sum(counts) + feature.missing


def _kind(feature: Feature) -> int:
    if isinstance(feature, Texts):
        return int(_KINDS.STRING)
    return int(_KINDS.INT if feature.whole else _KINDS.FLOAT)
