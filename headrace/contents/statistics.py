"""Statistics that StatisticsGen recorded, read without TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tensorflow_metadata.proto.v0 import statistics_pb2

from headrace.contents.damage import reading
from headrace.contents.splits import files_by_split, split_folders

FILE_NAME = "FeatureStats.pb"  # what StatisticsGen writes, one a split


@dataclass(frozen=True)
class Bucket:
    """Values in (low, high]; the first bucket of a histogram includes `low`. Counts are estimates."""

    low: float
    high: float
    count: float


@dataclass(frozen=True)
class NumericStatistics:
    """The values of a numeric feature, in the feature's own unit."""

    mean: float
    std_dev: float
    min: float
    median: float
    max: float
    zeros: int
    histogram: tuple[Bucket, ...]  # buckets of equal width
    quantiles: tuple[Bucket, ...]  # buckets of equal count
    nans: int = 0  # values that are no numbers, which all else leaves out

    def quantile(self, share: float) -> float | None:
        """The value that a share of the values (0 to 1) is at most, as far as quantiles tell; None without them."""
        wanted = share * sum(bucket.count for bucket in self.quantiles)
        for bucket in self.quantiles:
            if wanted <= bucket.count:
                return bucket.low + (bucket.high - bucket.low) * (wanted / bucket.count if bucket.count else 0.0)
            wanted -= bucket.count
        return self.quantiles[-1].high if self.quantiles else None


@dataclass(frozen=True)
class TextStatistics:
    """The values of a text feature."""

    unique: int
    ranked: tuple[tuple[str, float], ...]  # value and count, most frequent first; the rarest may be left out


@dataclass(frozen=True)
class FeatureStatistics:
    """One feature in one split; one of `numeric` and `text` is set where the feature has such values."""

    name: str
    type: str  # INT, FLOAT, STRING, BYTES or STRUCT
    present: int  # examples that hold a value
    missing: int  # examples that hold none
    values: int  # values in all examples
    numeric: NumericStatistics | None = None
    text: TextStatistics | None = None

    @property
    def missing_share(self) -> float:
        """Share of the examples that hold no value, 0 to 1."""
        examples = self.present + self.missing
        return self.missing / examples if examples else 0.0


@dataclass(frozen=True)
class SplitStatistics:
    """All features of one split, in their recorded order."""

    split: str
    examples: int
    features: Mapping[str, FeatureStatistics]


def read_statistics(folder: Path) -> dict[str, SplitStatistics]:
    """Split name to its statistics, below an ExampleStatistics artifact's `folder`; Transform's are of all splits.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no statistics.
        ValueError: a file is damaged.
    """
    return {split: _split(split, path) for split, path in files_by_split(folder, FILE_NAME).items()}


def read_row_counts(folder: Path) -> dict[str, int]:
    """Split name to its number of examples, below an ExampleStatistics artifact's `folder`; reads nothing else.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no split.
    """
    return {split: _whole(path / FILE_NAME).num_examples for split, path in split_folders(folder).items()}


def read_unsplit_statistics(folder: Path) -> SplitStatistics:
    """The statistics in `folder` itself, of all examples there are: as Transform writes them; its split is "".

    Raises:
        FileNotFoundError: there are none.
    """
    return _split("", folder / FILE_NAME)


def _split(split: str, path: Path) -> SplitStatistics:
    whole = _whole(path)
    with reading(path):
        features = [_feature(feature, whole.num_examples) for feature in whole.features]
    return SplitStatistics(split, whole.num_examples, {feature.name: feature for feature in features})


def _whole(path: Path) -> statistics_pb2.DatasetFeatureStatistics:
    with reading(path):
        recorded = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
        # Where statistics are sliced, the slices follow as data sets of their own.
        return max(recorded.datasets, key=lambda dataset: dataset.num_examples)


def _feature(feature: statistics_pb2.FeatureNameStatistics, examples: int) -> FeatureStatistics:
    name = ".".join(feature.path.step) or feature.name
    kind = statistics_pb2.FeatureNameStatistics.Type.Name(feature.type)
    common = getattr(feature, feature.WhichOneof("stats")).common_stats
    # TFX writes a missing cell as an empty list, which TFDV counts as present. Where
    # no example holds more than one value, the number of values tells them apart.
    present = common.tot_num_values if common.max_num_values <= 1 else common.num_non_missing
    return FeatureStatistics(
        name,
        kind,
        present=present,
        missing=examples - present,
        values=common.tot_num_values,
        numeric=_numeric(feature.num_stats) if feature.HasField("num_stats") and present else None,
        text=_text(feature.string_stats) if feature.HasField("string_stats") and present else None,
    )


def _numeric(recorded: statistics_pb2.NumericStatistics) -> NumericStatistics:
    standard, quantiles = statistics_pb2.Histogram.STANDARD, statistics_pb2.Histogram.QUANTILES
    return NumericStatistics(
        mean=recorded.mean,
        std_dev=recorded.std_dev,
        min=recorded.min,
        median=recorded.median,
        max=recorded.max,
        zeros=recorded.num_zeros,
        histogram=_buckets(recorded, standard),
        quantiles=_buckets(recorded, quantiles),
        nans=max((round(histogram.num_nan) for histogram in recorded.histograms), default=0),
    )


def _buckets(recorded: statistics_pb2.NumericStatistics, kind: int) -> tuple[Bucket, ...]:
    buckets = (bucket for histogram in recorded.histograms if histogram.type == kind for bucket in histogram.buckets)
    return tuple(Bucket(bucket.low_value, bucket.high_value, bucket.sample_count) for bucket in buckets)


def _text(recorded: statistics_pb2.StringStatistics) -> TextStatistics:
    ranked = ((bucket.label, bucket.sample_count) for bucket in recorded.rank_histogram.buckets)
    return TextStatistics(recorded.unique, tuple(ranked))
