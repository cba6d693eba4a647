"""The values of a text feature on two sides, where lists of the most frequent values may be truncated.

TFDV keeps the most frequent values of a feature (1,000 of them, unless StatsOptions says otherwise). One
that a list leaves out may be as frequent as the rarest that is listed, and all together no more than what
the list leaves over. Where there are many more, TFDV may have counted them by a sketch, and listed some too
often by that much. Each is taken to be as near to its share on the other side as that allows, so that no distance
is larger than what the statistics show, and none is smaller than what they prove.
"""

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np
import numpy.typing as npt

from components.drift_monitor.binned import TEXT, Binned
from headrace.contents.statistics import FeatureStatistics

Numbers = npt.NDArray[np.float64]

UNLISTED = "(not listed)"
STEPS = 40  # of a bisection: to a share of 1e-12
SKETCHED = 1024  # distinct values: of so many, TFDV's sketch no longer counts each


class TextSide:
    """The values of a feature in some statistics taken together."""

    def __init__(self, parts: Sequence[FeatureStatistics]) -> None:
        """Takes those parts that hold values."""
        self.total = float(sum(part.values for part in parts))
        slacks = [_slack(part) for part in parts]
        self.slack = sum(slacks)  # by which a value's count may be larger
        self.least: dict[str, float] = {}  # how often a value is there at least
        for part, slack in zip(parts, slacks, strict=True):
            if part.text:
                too_often = slack if part.text.unique >= SKETCHED else 0.0
                for value, count in part.text.ranked:
                    self.least[value] = self.least.get(value, 0.0) + count - too_often

    def shares(self, values: Sequence[str]) -> Numbers:
        """The least share that each value may have."""
        return np.array([self.least.get(value, 0.0) for value in values], np.float64) / self.total

    def raised(self, least: Numbers, to: Numbers, by_divergence: bool) -> Numbers:
        """Shares as near to others as they may be.

        Args:
            least: the least shares of some values, among them all that the side lists.
            to: as near to these.
            by_divergence: nearest by the Jensen-Shannon divergence, and not by the L-infinity distance.
        """
        highest, room = least + self.slack / self.total, max(0.0, 1.0 - float(least.sum()))

        def near(way: float) -> Numbers:
            wanted = to * way if by_divergence else to - (1.0 - way)
            found: Numbers = np.clip(wanted, least, highest)
            return found

        return near(_farthest(lambda way: float((near(way) - least).sum()) <= room))


def text_bins(before: TextSide, after: TextSide, *, by_divergence: bool = False) -> Binned:
    """A bin for each value that a side lists, the most frequent first; then what no list names.

    What is not listed is dealt out over many bins, for it is many values: as one it would look like a frequent value.

    Args:
        before: one side.
        after: the other one.
        by_divergence: they will be compared by the Jensen-Shannon divergence, and not by the L-infinity distance.
    """
    values = list({**before.least, **after.least})
    least = before.shares(values), after.shares(values)
    old = before.raised(least[0], np.maximum(*least), by_divergence)
    new = after.raised(least[1], np.maximum(*least), by_divergence)
    rest = max(0.0, 1.0 - float(old.sum())), max(0.0, 1.0 - float(new.sum()))
    most = max(rest[0] * before.total, rest[1] * after.total)
    bins = ceil(most / max(1.0, before.slack, after.slack)) if most >= 1 else 0
    apart = (np.abs(old - new).sum() + abs(rest[0] - rest[1])) / 2
    order = sorted(range(len(values)), key=lambda index: (-(old[index] + new[index]), values[index]))
    return Binned(
        TEXT,
        (*(values[index] for index in order), *(f"{UNLISTED} {index}" for index in range(bins))),
        _counts(old[order], rest[0], bins, before.total),
        _counts(new[order], rest[1], bins, after.total),
        bins,
        hidden=max(0.0, 1.0 - float(np.minimum(*least).sum()) - float(apart)),
    )


def _counts(shares: Numbers, rest: float, bins: int, total: float) -> tuple[float, ...]:
    return (*(shares * total).tolist(), *(rest * total / bins for _ in range(bins)))


def _farthest(is_possible: Callable[[float], bool]) -> float:
    """The largest number up to 1 for which something is possible that is possible for 0."""
    if is_possible(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_possible(middle) else (low, middle)
    return low


def _slack(part: FeatureStatistics) -> float:
    """By how much counts of a list that leaves values out may be off; 0 where it leaves out none."""
    if part.text is None or part.text.unique <= len(part.text.ranked):
        return 0.0
    return min((count for _, count in part.text.ranked), default=0.0)
