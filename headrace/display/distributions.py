"""One feature's distribution in every split, cut into the same bars, so that splits compare.

Bars are shares of the values that a split has, so splits of different size, and with
different numbers of missing values, compare too.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from headrace.contents.statistics import Bucket, FeatureStatistics, NumericStatistics

BARS = 10  # as many as TFDV's histograms have buckets: more would be invented
MOST_TEXTS = 6
CROWDED = 0.75  # a histogram with more than this in one bucket shows nothing of the rest
ALL_OTHERS = "all others"


@dataclass(frozen=True)
class NumericBars:
    """Shares by split over common edges; the last bar takes in all above it where `open_ended`."""

    edges: tuple[float, ...]  # one more than there are bars
    shares: Mapping[str, tuple[float, ...]]  # split to a share for each bar, summing to 1
    whole: bool  # the values are whole numbers, and the edges lie halfway between them
    open_ended: bool

    @property
    def ends(self) -> tuple[str, str]:
        """Where the bars begin and end, in words."""
        half = 0.5 if self.whole else 0.0
        last = self.labels[-1] if self.open_ended else number_text(self.edges[-1] - half)
        return number_text(self.edges[0] + half), last

    @property
    def labels(self) -> tuple[str, ...]:
        """Which values each bar is of, in words: "3 to 5", "over 31"."""
        ranges = [_range(low, high, whole=self.whole) for low, high in pairwise(self.edges)]
        if self.open_ended:
            ranges[-1] = f"over {number_text(self.edges[-2])}"
        return tuple(ranges)


@dataclass(frozen=True)
class TextBars:
    """Shares by split for the most frequent values."""

    labels: tuple[str, ...]
    shares: Mapping[str, tuple[float, ...]]


def numeric_bars(features: Mapping[str, FeatureStatistics]) -> NumericBars | None:
    """Bars for a numeric feature; None where no split has a number. Takes split to feature."""
    found = {split: f.numeric for split, f in features.items() if f.numeric is not None and f.numeric.histogram}
    if not found:
        return None
    whole = all(features[split].type == "INT" for split in found)
    low, highest = min(n.min for n in found.values()), max(n.max for n in found.values())
    high = highest
    if any(_is_crowded(n.histogram) for n in found.values()) and all(n.quantiles for n in found.values()):
        # Look where the values are: up to the highest ninth decile of any split.
        high = min(highest, _rounded_up(max(n.quantiles[-1].low for n in found.values())))
    edges = _edges(low, high, whole=whole)
    if high < highest:
        edges = [*edges, edges[-1] + (edges[1] - edges[0])]
    shares = {split: _shares(numeric, edges, whole=whole) for split, numeric in found.items()}
    return NumericBars(tuple(edges), shares, whole=whole, open_ended=high < highest)


def text_bars(features: Mapping[str, FeatureStatistics]) -> TextBars | None:
    """Bars for a text feature, most frequent first; None where no split has a text. Takes split to feature."""
    found = {
        split: {label: count / feature.values for label, count in feature.text.ranked}
        for split, feature in features.items()
        if feature.text is not None
    }
    if not found:
        return None
    every = sorted({label for shares in found.values() for label in shares})
    every.sort(key=lambda label: -sum(shares.get(label, 0.0) for shares in found.values()))
    labels = every if len(every) <= MOST_TEXTS else every[: MOST_TEXTS - 1]
    bars = {split: [shares.get(label, 0.0) for label in labels] for split, shares in found.items()}
    if len(labels) < len(every):
        labels = [*labels, ALL_OTHERS]
        bars = {split: [*shares, max(0.0, 1 - sum(shares))] for split, shares in bars.items()}
    return TextBars(tuple(labels), {split: tuple(shares) for split, shares in bars.items()})


def number_text(value: float) -> str:
    """A number as bars are labelled: short, thousands parted."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _range(low: float, high: float, *, whole: bool) -> str:
    if not whole:
        return f"{number_text(low)} to {number_text(high)}"
    first, last = round(low + 0.5), round(high - 0.5)
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _is_crowded(histogram: tuple[Bucket, ...]) -> bool:
    counts = [bucket.count for bucket in histogram]
    return len(counts) > 1 and max(counts) > CROWDED * sum(counts)


def _edges(low: float, high: float, *, whole: bool) -> list[float]:
    """Bar edges; those of whole numbers lie between them, so that every bar holds as many."""
    if whole:
        step = math.ceil((high - low + 1) / BARS)
        count = math.ceil((high - low + 1) / step)
        return [low - 0.5 + step * index for index in range(count + 1)]
    if low == high:
        return [low - 0.5, high + 0.5]
    return [float(edge) for edge in np.linspace(low, high, BARS + 1)]


def _rounded_up(value: float) -> float:
    """The next number of two digits: 31 for 30.45, 1700 for 1680."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return math.ceil(value / unit) * unit


def _shares(numeric: NumericStatistics, edges: list[float], *, whole: bool) -> tuple[float, ...]:
    """Share of the values in each bar, by the cumulative distribution that both histograms give.

    Buckets of equal count are fine where values are dense, those of equal width in the tails;
    with one kind alone, splits whose buckets lie differently would look different.
    """
    points = sorted([*_cumulative(numeric.histogram, whole=whole), *_cumulative(numeric.quantiles, whole=whole)])
    values = np.array([value for value, _ in points])
    below = np.maximum.accumulate([share for _, share in points])
    # Many equal values make buckets without width: all they hold is at or below their edge.
    tiny = 1e-13 * max(1.0, float(np.abs(values).max()))
    inner = np.interp(edges[1:-1], values - tiny * np.arange(len(values))[::-1], below)
    return tuple(float(share) for share in np.diff([0.0, *inner, 1.0]))


def _cumulative(buckets: tuple[Bucket, ...], *, whole: bool) -> list[tuple[float, float]]:
    """Values, and the share of all values that is at or below each."""
    if not buckets:
        return []
    # A bucket of whole numbers holds those in (low, high], the first one also `low`.
    first = math.ceil(buckets[0].low) - 0.5 if whole else buckets[0].low
    total = sum(bucket.count for bucket in buckets)
    points, counted = [(first, 0.0)], 0.0
    for bucket in buckets:
        counted += bucket.count
        points.append((math.floor(bucket.high) + 0.5 if whole else bucket.high, counted / total))
    return points
