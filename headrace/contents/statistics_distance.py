"""How far apart the statistics of two data sets are, feature by feature."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace.contents.statistics import Bucket, FeatureStatistics, SplitStatistics


@dataclass(frozen=True)
class FeatureDistance:
    """How far apart a feature's values are in two data sets.

    The distance is 0 for equal distributions, 1 for such as have no value in common. For numbers it is the largest
    difference of the shares that are at most x, over all x (Kolmogorov and Smirnov's), as far as the recorded quantiles
    tell; for texts, as in TFDV, the largest difference of a value's shares (the L-infinity distance).
    """

    feature: str
    distance: float | None  # None where a data set lacks the feature, or it has values of another kind
    missing_before: float | None  # share of the examples without it, 0 to 1; None where there is no such feature
    missing_after: float | None
    detail: str  # in words

    @property
    def rank(self) -> float:
        """By which the most different come first."""
        missing = abs((self.missing_before or 0) - (self.missing_after or 0))
        return max(1.0 if self.distance is None else self.distance, missing)


def distances(before: SplitStatistics, after: SplitStatistics) -> list[FeatureDistance]:
    """The distance of each feature of a split, the largest first; those without any are left out."""
    found = []
    for name in dict.fromkeys([*before.features, *after.features]):
        one = _distance(name, before.features.get(name), after.features.get(name))
        if one.rank > 0:
            found.append(one)
    return sorted(found, key=lambda each: -each.rank)


def _distance(name: str, old: FeatureStatistics | None, new: FeatureStatistics | None) -> FeatureDistance:
    missing = old.missing_share if old else None, new.missing_share if new else None
    if old is None or new is None:
        return FeatureDistance(name, None, *missing, "is new" if old is None else "is gone")
    if old.numeric and new.numeric:
        distance = _of_numbers(old.numeric.quantiles, new.numeric.quantiles)
        detail = f"mean {old.numeric.mean:.4g} -> {new.numeric.mean:.4g}"
        return FeatureDistance(name, distance, *missing, detail)
    if old.text and new.text:
        value, distance = _of_texts(old.text.ranked, new.text.ranked)
        detail = f"unique {old.text.unique} -> {new.text.unique}"
        return FeatureDistance(name, distance, *missing, f"{detail}; most for {value!r}" if distance else detail)
    if old.type == new.type and not (old.present or new.present):
        return FeatureDistance(name, 0.0, *missing, "has no values")
    return FeatureDistance(name, None, *missing, f"{old.type} -> {new.type}")


def _of_numbers(old: Sequence[Bucket], new: Sequence[Bucket]) -> float:
    edges = {edge for bucket in (*old, *new) for edge in (bucket.low, bucket.high)}
    return max((abs(_share_up_to(edge, old) - _share_up_to(edge, new)) for edge in edges), default=0.0)


def _share_up_to(edge: float, buckets: Sequence[Bucket]) -> float:
    below = total = 0.0
    for bucket in buckets:
        total += bucket.count
        if bucket.high <= edge:
            below += bucket.count
        elif bucket.low < edge and math.isfinite(bucket.high - bucket.low):
            below += bucket.count * (edge - bucket.low) / (bucket.high - bucket.low)
    return below / total if total else 0.0


def _of_texts(old: Sequence[tuple[str, float]], new: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """The value whose shares differ most, and by how much."""
    before, after = _shares(old), _shares(new)
    return max(
        ((value, abs(before.get(value, 0.0) - after.get(value, 0.0))) for value in {**before, **after}),
        key=lambda pair: (pair[1], pair[0]),
        default=("", 0.0),
    )


def _shares(ranked: Sequence[tuple[str, float]]) -> Mapping[str, float]:
    total = sum(count for _, count in ranked)
    return {value: count / total for value, count in ranked} if total else {}
