"""The values of a text feature on two sides, where lists of the most frequent values may be truncated.

TFDV keeps the most frequent values of a feature (1,000 of them, unless StatsOptions says otherwise), and
counts many values by a sketch, so that what it lists of them may be counted too often. Of a list that
leaves values out, each may be off by as much as the rarest value that is listed: a listed one less
frequent, another one as frequent. It is taken to be as near to its share on the other side as that allows,
so that no distance is larger than what the statistics show.
"""

from collections.abc import Sequence
from math import ceil

from components.drift_monitor.binned import TEXT, Binned
from headrace.contents.statistics import FeatureStatistics

UNLISTED = "(not listed)"


class TextSide:
    """The values of a feature in some statistics taken together."""

    def __init__(self, parts: Sequence[FeatureStatistics]) -> None:
        """Takes those parts that hold values."""
        self.total = float(sum(part.values for part in parts))
        slacks = [_slack(part) for part in parts]
        self.slack = sum(slacks)  # by which a value's count may be larger
        self.least: dict[str, float] = {}  # how often a value is there at least
        for part, slack in zip(parts, slacks, strict=True):
            for value, count in part.text.ranked if part.text else ():
                self.least[value] = self.least.get(value, 0.0) + count - slack

    def between(self, value: str) -> tuple[float, float]:
        """The least and the largest share that the value may have."""
        least = self.least.get(value, 0.0)
        return least / self.total, (least + self.slack) / self.total


def text_bins(before: TextSide, after: TextSide) -> Binned:
    """A bin for each value that a side lists, the most frequent first; then what no list names.

    What is not listed is dealt out over many bins, for it is many values: as one it would look like a frequent value.
    """
    shares = {value: _nearest(before.between(value), after.between(value)) for value in {**before.least, **after.least}}
    labels = sorted(shares, key=lambda value: (-sum(shares[value]), value))
    old = [shares[value][0] * before.total for value in labels]
    new = [shares[value][1] * after.total for value in labels]
    rest = max(0.0, before.total - sum(old)), max(0.0, after.total - sum(new))
    bins = ceil(max(rest) / max(1.0, before.slack, after.slack)) if max(rest) >= 1 else 0
    return Binned(
        TEXT,
        (*labels, *(f"{UNLISTED} {index}" for index in range(bins))),
        (*old, *(rest[0] / bins for _ in range(bins))),
        (*new, *(rest[1] / bins for _ in range(bins))),
        bins,
    )


def _nearest(old: tuple[float, float], new: tuple[float, float]) -> tuple[float, float]:
    """A share for each side, within what it may be, and as near to the other's as that allows."""
    if old[1] < new[0]:
        return old[1], new[0]
    if new[1] < old[0]:
        return old[0], new[1]
    both = max(old[0], new[0])
    return both, both


def _slack(part: FeatureStatistics) -> float:
    """By how much counts of a list that leaves values out may be off; 0 where it leaves out none."""
    if part.text is None or part.text.unique <= len(part.text.ranked):
        return 0.0
    return min((count for _, count in part.text.ranked), default=0.0)
