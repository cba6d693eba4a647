"""The values of a numeric feature on two sides, put into the same bins.

TFDV's comparator wants a histogram of each side, and has one of ten buckets of equal width. One
outlier stretches these: of two samples of the same taxi trips, one with a trip of 300 miles, it makes
a divergence of 0.25. So both sides are first put into bins of about a tenth of the values each. They
end at numbers up to which both statistics know the count exactly, the ends of their buckets, which
statistics of one distribution share where values repeat. Where that leaves large bins, ends of one
side's buckets divide them, and within its own bucket the other side's values are taken to be spread

- evenly, where the feature's values are;
- like the first side's, where they are lumped, for they can be anywhere in it. No distance is larger
  then than what the statistics show.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from components.drift_monitor.binned import NUMBERS, Binned
from headrace.contents.statistics import Bucket, FeatureStatistics, NumericStatistics

Numbers = npt.NDArray[np.float64]

TENTHS = tuple(index / 10 for index in range(1, 10))
GAP = 0.1  # of the values: a tenth with no exact end so near gets an inexact one
SMALLEST_BIN = 0.05  # of the values
LUMP = 0.01  # of the values: buckets that differ by more are of lumped values
ROUNDS = 50  # of making two sides alike where they are free to be


class _Part:
    """Shares of the values up to x, as one set of statistics knows them at the ends of its buckets."""

    def __init__(self, numeric: NumericStatistics, weight: float) -> None:
        known: dict[float, float] = {}
        for histogram in (numeric.histogram, numeric.quantiles):
            total, run = sum(bucket.count for bucket in histogram), 0.0
            for bucket in histogram:
                run += bucket.count
                # Buckets of equal count repeat an end where one value fills several: the last is the whole.
                known[bucket.high] = run / total
        self.ends = np.array(sorted(known))
        self.weight = weight
        self._shares = np.maximum.accumulate([known[end] for end in self.ends])
        self._low = numeric.min
        self.lumped = _lumped(numeric.quantiles)

    def knows(self, x: Numbers) -> npt.NDArray[np.bool_]:
        """Where the share up to x is exact."""
        return (x < self._low) | (x > self.ends[-1]) | np.isin(x, self.ends)

    def even(self, grid: Numbers) -> Numbers:
        """The share of each cell of the grid, values spread evenly in each bucket."""
        ends, shares = self.ends, self._shares
        if self._low < ends[0]:
            ends, shares = np.r_[self._low, ends], np.r_[0.0, shares]
        return np.diff(np.interp(grid, ends, shares, left=0.0, right=1.0), prepend=0.0)

    def like(self, other: Numbers, grid: Numbers) -> Numbers:
        """The share of each cell, values spread in each bucket as the other side has them."""
        even = self.even(grid)
        bucket = np.searchsorted(self.ends, grid)  # of each cell; a cell ends in it
        own = np.bincount(bucket, even)
        others = np.bincount(bucket, other)
        return np.where(others[bucket] > 0, own[bucket] * other / np.maximum(others[bucket], 1e-300), even)


class NumericSide:
    """The values of a feature in some statistics taken together."""

    def __init__(self, parts: Sequence[FeatureStatistics]) -> None:
        """Takes those parts that hold values."""
        self.total = float(sum(part.values for part in parts))
        self._parts = [_Part(part.numeric, part.values / self.total) for part in parts if part.numeric]

    @property
    def ends(self) -> Numbers:
        """The ends of all buckets."""
        return np.unique(np.concatenate([part.ends for part in self._parts]))

    def knows(self, x: Numbers) -> npt.NDArray[np.bool_]:
        """Where the share up to x is exact."""
        return np.all([part.knows(x) for part in self._parts], axis=0)

    def even(self, grid: Numbers) -> Numbers:
        """The share of each cell, values spread evenly in each bucket."""
        return np.sum([part.even(grid) * part.weight for part in self._parts], axis=0)

    @property
    def lumped(self) -> bool:
        """Some values are so frequent that buckets which should hold as many values as each other do not."""
        return any(part.lumped for part in self._parts)

    def like(self, other: Numbers, grid: Numbers) -> Numbers:
        """The share of each cell, values spread in each bucket as the other side has them."""
        return np.sum([part.like(other, grid) * part.weight for part in self._parts], axis=0)


def numeric_bins(before: NumericSide, after: NumericSide) -> Binned:
    """Bins of about a tenth of all values each, or of what one frequent value takes."""
    grid = np.union1d(before.ends, after.ends)
    old, new = before.even(grid), after.even(grid)
    for _ in range(ROUNDS if before.lumped or after.lumped else 0):
        old, new = before.like(new, grid), after.like(old, grid)
    pooled = np.cumsum((old * before.total + new * after.total) / (before.total + after.total))
    places = _places(pooled, before.knows(grid) & after.knows(grid))
    return Binned(NUMBERS, _labels(grid[places]), _counts(old, places, before.total), _counts(new, places, after.total))


def _places(pooled: Numbers, exact: npt.NDArray[np.bool_]) -> list[int]:
    """Where bins end: at exact places, and at others where no exact one is near."""
    inner = (pooled >= SMALLEST_BIN) & (pooled <= 1 - SMALLEST_BIN)
    chosen = {int(place) for place in np.flatnonzero(exact & inner)}
    shares = pooled[sorted(chosen)]
    for tenth in TENTHS:
        if not np.any(np.abs(shares - tenth) <= GAP):
            chosen.add(int(np.searchsorted(pooled, tenth)))
    kept: list[int] = []
    for place in sorted(chosen):
        last = pooled[kept[-1]] if kept else 0.0
        if place < len(pooled) and inner[place] and pooled[place] - last >= SMALLEST_BIN:
            kept.append(place)
    return kept


def _counts(shares: Numbers, places: Sequence[int], total: float) -> tuple[float, ...]:
    run = np.cumsum(shares)
    return tuple(float(count) for count in np.diff([0.0, *run[list(places)], run[-1]]) * total)


def _labels(ends: Numbers) -> tuple[str, ...]:
    if not len(ends):
        return ("all",)
    inner = [f"{low:.6g} to {high:.6g}" for low, high in pairwise(ends)]
    return (f"up to {ends[0]:.6g}", *inner, f"over {ends[-1]:.6g}")


def _lumped(quantiles: Sequence[Bucket]) -> bool:
    total = sum(bucket.count for bucket in quantiles)
    even = 1 / len(quantiles) if quantiles else 0.0
    return any(bucket.high == bucket.low or abs(bucket.count / total - even) > LUMP for bucket in quantiles)
