"""What the statistics of a numeric feature prove of its values: bounds of the share up to any number.

Statistics hold two histograms. The buckets of one hold as many values as each other: its ends are the values at the
first, the second, the third tenth of all values, and the counts say how many values there are up to each end. So the
share up to an end is known, and the share *below* it is bounded: by the share up to the end before it, and by the tenth
at which it was found. That tells lumps: where the second to the ninth tenth end at 5, 0.7 of all values are 5 at least.
Buckets of equal width are worked out by TFDV from finer tenths: what they say is true but for a little. The least and
the largest value are exact, and so is the number of zeros.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from headrace.contents.statistics import Bucket, FeatureStatistics, NumericStatistics

Numbers = npt.NDArray[np.float64]

FINER = 100  # quantiles that TFDV works with for each that it records
LUMP = 0.01  # of the values: buckets that differ by more are of lumped values


class Bounds:
    """The least and the largest share of the values, up to numbers in ascending order.

    Attributes:
        low: of shape [2 * numbers]: of the values below the first number, of those up to it, below the second...
        high: as many.
    """

    def __init__(self, low: Numbers, high: Numbers) -> None:
        """Takes bounds that need not know yet that shares rise."""
        self.low = np.maximum.accumulate(np.clip(low, 0.0, 1.0))
        self.high = np.maximum(np.minimum.accumulate(np.clip(high, 0.0, 1.0)[::-1])[::-1], self.low)

    @property
    def between(self) -> float:
        """The largest share of the values that may lie between two neighbours among the numbers."""
        return float((self.high[2::2] - self.low[1:-1:2]).max(initial=0.0))


class _Part:
    """The values of one set of statistics, NaN left out."""

    def __init__(self, numeric: NumericStatistics, count: float, weight: float) -> None:
        self.weight = weight
        finer = 1 / (FINER * max(1, len(numeric.quantiles)))
        known = {numeric.max: 1.0, **_shares(numeric.histogram), **_shares(numeric.quantiles)}
        exact = {numeric.max, *(bucket.high for bucket in numeric.quantiles)}
        self.ends = np.array(sorted({numeric.min, *known, *([0.0] if numeric.zeros else [])}))
        self._even = np.array(sorted(known)), np.maximum.accumulate([known[end] for end in sorted(known)])
        self._least = numeric.min
        self.lumped = _lumped(numeric.quantiles) or not np.isfinite(self.ends).all()
        low, high = np.zeros((len(self.ends), 2)), np.ones((len(self.ends), 2))  # below an end, and up to it
        for place, end in enumerate(self.ends.tolist()):
            if end in known:
                slack = 0.0 if end in exact else 3 * finer
                low[place, 1], high[place, 1] = known[end] - slack, known[end] + slack
        for end, share in _reached(numeric.quantiles).items():
            high[np.searchsorted(self.ends, end), 0] = share + finer
        high[0, 0] = 0.0
        self._bounds = Bounds(low.ravel(), high.ravel())
        if numeric.zeros:
            self._bounds = self._with_zeros(numeric.zeros / count)

    def _with_zeros(self, share: float) -> Bounds:
        low, high = self._bounds.low.copy(), self._bounds.high.copy()
        below = 2 * int(np.searchsorted(self.ends, 0.0))
        low[below], high[below] = max(low[below], low[below + 1] - share), min(high[below], high[below + 1] - share)
        low[below + 1], high[below + 1] = low[below] + share, high[below] + share
        return Bounds(low, high)

    def bounds(self, grid: Numbers) -> Bounds:
        """Bounds of the shares below and up to each number of the grid."""
        place = np.searchsorted(self.ends, grid)
        known = np.isin(grid, self.ends)
        low, high = np.r_[0.0, self._bounds.low], np.r_[self._bounds.high, 1.0]
        # Between two ends the share is at least that up to the lower one, at most that below the higher one.
        free = low[2 * place], high[2 * place]
        below = np.where(known, low[np.minimum(2 * place + 1, len(low) - 1)], free[0]), free[1]
        up_to = (
            np.where(known, low[np.minimum(2 * place + 2, len(low) - 1)], free[0]),
            np.where(known, high[np.minimum(2 * place + 1, len(high) - 1)], free[1]),
        )
        return Bounds(np.stack([below[0], up_to[0]], 1).ravel(), np.stack([below[1], up_to[1]], 1).ravel())

    def even(self, grid: Numbers) -> Numbers:
        """The share up to each number of the grid, values spread evenly in each bucket."""
        ends, shares = self._even
        if self._least < ends[0]:
            ends, shares = np.r_[self._least, ends], np.r_[0.0, shares]
        return np.interp(grid, ends, shares, left=0.0, right=1.0)


class NumericSide:
    """The values of a feature in some statistics taken together.

    Attributes:
        total: how many values are numbers.
        nans: how many are none.
    """

    def __init__(self, parts: Sequence[FeatureStatistics]) -> None:
        """Takes those parts that hold values."""
        counted = [(part.numeric, part.values - part.numeric.nans) for part in parts if part.numeric]
        self.nans = float(sum(numeric.nans for numeric, _ in counted))
        self.total = float(sum(count for _, count in counted))
        self._parts = [_Part(numeric, count, count / self.total) for numeric, count in counted if count]

    @property
    def ends(self) -> Numbers:
        """The ends of all buckets."""
        return np.unique(np.concatenate([part.ends for part in self._parts]))

    @property
    def lumped(self) -> bool:
        """Some values are so frequent that buckets which should hold as many values as each other do not."""
        return any(part.lumped for part in self._parts)

    def bounds(self, grid: Numbers) -> Bounds:
        """What is proven of the shares below and up to each number of the grid."""
        bounds = [(part.bounds(grid), part.weight) for part in self._parts]
        low = np.sum([one.low * weight for one, weight in bounds], axis=0)
        return Bounds(low, np.sum([one.high * weight for one, weight in bounds], axis=0))

    def even(self, grid: Numbers) -> Numbers:
        """The share up to each number of the grid, values spread evenly in each bucket."""
        return np.sum([part.even(grid) * part.weight for part in self._parts], axis=0)


def _shares(buckets: Sequence[Bucket]) -> dict[float, float]:
    """The share of the values up to each end. Of an end that several buckets have, the last one says the whole."""
    total, run = sum(bucket.count for bucket in buckets), 0.0
    found: dict[float, float] = {}
    if any(bucket.low > bucket.high for bucket in buckets):  # so TFDV writes it where no value is finite
        return found
    for bucket in buckets if total else ():
        run += bucket.count
        found[bucket.high] = run / total
    return found


def _reached(quantiles: Sequence[Bucket]) -> dict[float, float]:
    """The share at which each end was first found: no more of the values are below it."""
    found: dict[float, float] = {}
    for index, bucket in enumerate(quantiles, 1):
        found.setdefault(bucket.high, index / len(quantiles))
    return found


def _lumped(quantiles: Sequence[Bucket]) -> bool:
    total = sum(bucket.count for bucket in quantiles)
    if not total:
        return True
    even = 1 / len(quantiles)
    return any(bucket.high == bucket.low or abs(bucket.count / total - even) > LUMP for bucket in quantiles)
