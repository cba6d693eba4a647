"""The values of a numeric feature on two sides, put into the same bins.

TFDV's comparator wants a histogram of each side, and has one of ten buckets of equal width. One
outlier stretches these: of two samples of the same taxi trips, one with a trip of 300 miles, it makes
a divergence of 0.25. So both sides are first put into bins of about a tenth of the values each. They
end at numbers up to which both statistics know the share of the values, the ends of their buckets, which
statistics of one distribution share where values repeat. Where that leaves large bins, ends of one
side's buckets divide them, and the other side's values are taken to be

- spread evenly within a bucket, where the values of both sides are;
- where values are lumped and can be anywhere in a bucket, as near to the first side's as what is proven of
  them allows (`numeric_side.py`, `nearest.py`). No distance is larger then than what the statistics show,
  and none is smaller than what they prove.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from components.drift_monitor.binned import NUMBERS, Binned
from components.drift_monitor.nearest import nearest
from components.drift_monitor.numeric_side import Bounds, Numbers, NumericSide

TENTHS = tuple(index / 10 for index in range(1, 10))
GAP = 0.1  # of the values: a tenth with no exact end so near gets an inexact one
SMALLEST_BIN = 0.05  # of the values
EXACT = 0.01  # of the values: a share known so well


@dataclass(frozen=True)
class _Place:
    """Where a bin ends: below a number, or with it."""

    number: float
    below: bool


def numeric_bins(before: NumericSide, after: NumericSide) -> Binned:
    """Bins of about a tenth of all values each, or of what one frequent value takes; one more for NaN where it is."""
    if not before.total or not after.total:
        return _with_nans(("numbers",), (before.total,), (after.total,), before, after, 0.0)
    grid = np.union1d(before.ends, after.ends)
    old, new = before.bounds(grid), after.bounds(grid)
    hidden = max(before.bounds(before.ends).between, after.bounds(after.ends).between)
    exact = np.maximum(old.high - old.low, new.high - new.low) <= EXACT
    farthest = _farthest(old, new)
    if before.lumped or after.lumped:
        places = _places((old.low + old.high + new.low + new.high) / 4, exact, farthest)
        shares = nearest((old.low[places], old.high[places]), (new.low[places], new.high[places]))
    else:
        even = before.even(grid), after.even(grid)
        middle = np.repeat((even[0] + even[1]) / 2, 2)
        exact[::2] = False
        places = _places(middle, exact, farthest)
        shares = even[0][np.array(places, int) // 2], even[1][np.array(places, int) // 2]
    ends = [_Place(float(grid[place // 2]), not place % 2) for place in places]
    counts = [np.diff([0.0, *share, 1.0]) * side.total for share, side in zip(shares, (before, after), strict=True)]
    return _with_nans(_labels(ends), counts[0].tolist(), counts[1].tolist(), before, after, hidden)


def _with_nans(
    labels: Sequence[str],
    old: Sequence[float],
    new: Sequence[float],
    before: NumericSide,
    after: NumericSide,
    hidden: float,
) -> Binned:
    if before.nans or after.nans:
        labels, old, new = (*labels, "NaN"), (*old, before.nans), (*new, after.nans)
    return Binned(NUMBERS, tuple(labels), tuple(old), tuple(new), hidden=hidden)


def _places(middle: Numbers, exact: npt.NDArray[np.bool_], farthest: Sequence[int]) -> list[int]:
    """Where bins end: where the sides are proven to be farthest apart, at exact places, else at others."""
    inner = (middle >= SMALLEST_BIN) & (middle <= 1 - SMALLEST_BIN)
    chosen = {int(place) for place in np.flatnonzero(exact & inner)}
    shares = middle[sorted(chosen)]
    for tenth in TENTHS:
        if not np.any(np.abs(shares - tenth) <= GAP):
            chosen.add(int(np.searchsorted(middle, tenth)))
    kept = list(farthest)
    for place in sorted(chosen):
        near = [0.0, *(middle[other] for other in kept)]
        if place < len(middle) and inner[place] and np.abs(middle[place] - near).min() >= SMALLEST_BIN:
            kept.append(place)
    return sorted(kept)


def _farthest(old: Bounds, new: Bounds) -> list[int]:
    """Where more of the one side's values are proven to be than of the other's, either way, if that is worth a bin."""
    gaps = old.low - new.high, new.low - old.high
    places = [int(np.argmax(gap)) for gap in gaps if gap.max() >= SMALLEST_BIN]
    return sorted(set(places))


def _labels(ends: Sequence[_Place]) -> tuple[str, ...]:
    if not ends:
        return ("all",)
    first, last = ends[0], ends[-1]
    inner = [
        f"{low.number:.6g}" if low.number == high.number else f"{low.number:.6g} to {high.number:.6g}"
        for low, high in pairwise(ends)
    ]
    return (
        f"{'under' if first.below else 'up to'} {first.number:.6g}",
        *inner,
        f"{'from' if last.below else 'over'} {last.number:.6g}",
    )
