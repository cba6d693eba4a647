"""Compares two sets of statistics, feature by feature."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from components.drift_monitor.binned import NUMBERS, TEXT, Binned
from components.drift_monitor.distances import distances
from components.drift_monitor.noise import jensen_shannon_noise, l_infinity_noise
from components.drift_monitor.numbers import numeric_bins
from components.drift_monitor.numeric_side import NumericSide
from components.drift_monitor.rules import Rules
from components.drift_monitor.text_values import TextSide, text_bins
from headrace.contents.drift import (
    JENSEN_SHANNON,
    KIND,
    L_INFINITY,
    MISSING,
    ComparedData,
    Drift,
    FeatureDrift,
    NotCompared,
    ValueShare,
)
from headrace.contents.statistics import FeatureStatistics, SplitStatistics
from headrace.errors import InputDataError, UnknownNameError

MOST_SHARES = 12  # values of a feature that a report names
MOST_HIDDEN = 0.5  # share of a feature's values of which the statistics may say nothing


@dataclass(frozen=True)
class Recorded:
    """The statistics of one side, which are taken together."""

    data: ComparedData
    parts: tuple[SplitStatistics, ...]

    @property
    def names(self) -> list[str]:
        """The features, in the order in which they were recorded."""
        return list(dict.fromkeys(name for part in self.parts for name in part.features))

    def with_values(self, name: str) -> list[FeatureStatistics]:
        """A feature in the parts where it has any value."""
        features = (part.features[name] for part in self.parts if name in part.features)
        return [one for one in features if one.values and (one.numeric or one.text)]

    def missing(self, name: str) -> int:
        """Examples that have no value of a feature."""
        return sum(part.features[name].missing if name in part.features else part.examples for part in self.parts)


def compare(before: Recorded, after: Recorded, rules: Rules) -> Drift:
    """How the data moved.

    Raises:
        UnknownNameError: a rule names a feature that neither side has.
        InputDataError: a side has no examples.
    """
    names = list(dict.fromkeys([*before.names, *after.names]))
    for name in (*rules.thresholds, *rules.exclude, *rules.by_divergence):
        if name not in names:
            raise UnknownNameError.among("feature", name, names)
    for side in (before, after):
        if not side.data.examples:
            ids = ", ".join(map(str, side.data.artifacts))
            raise InputDataError("there is nothing to compare", why=f"the statistics {ids} are of no examples")
    compared = [name for name in names if name not in rules.exclude]
    kinds = {name: (_kind(before.with_values(name)), _kind(after.with_values(name))) for name in compared}
    alike = [name for name, kind in kinds.items() if kind in ((TEXT, TEXT), (NUMBERS, NUMBERS))]
    bins, measures = {}, {}
    for name in alike:
        bins[name], measures[name] = _bins(before, after, name, rules)
    rate = rules.false_alarm_rate / (len(bins) + len(compared))  # each feature also by its missing examples
    found = [_by_missing(before, after, name, rules, rate) for name in compared]
    found += [_by_kind(name, *kind) for name, kind in kinds.items() if all(kind) and kind[0] != kind[1]]
    for name, distance in distances(bins, measures).items():
        found.append(_by_values(name, bins[name], measures[name], distance, rules, rate))
    return Drift(
        before.data,
        after.data,
        rules.false_alarm_rate,
        tuple(sorted(found, key=lambda one: (-one.excess, one.feature))),
        tuple(_left_out(names, kinds, rules)),
    )


def _bins(before: Recorded, after: Recorded, name: str, rules: Rules) -> tuple[Binned, str]:
    """A feature's values in bins, and the measure that they are compared by."""
    old, new = before.with_values(name), after.with_values(name)
    if not old[0].text:
        return numeric_bins(NumericSide(old), NumericSide(new)), JENSEN_SHANNON
    sides = TextSide(old), TextSide(new)
    if name not in rules.by_divergence:
        bins = text_bins(*sides)
        # Of many rare values each may be replaced by others, and no share moves by what is worth telling.
        if name in rules.thresholds or bins.largest > rules.smallest_share:
            return bins, L_INFINITY
    return text_bins(*sides, by_divergence=True), JENSEN_SHANNON


def _by_values(name: str, bins: Binned, measure: str, distance: float, rules: Rules, rate: float) -> FeatureDrift:
    if measure == L_INFINITY:
        noise, smallest = l_infinity_noise(bins, rate), rules.smallest_share
    else:
        # A seed of its own for each feature, which does not depend on what else is compared.
        noise, smallest = jensen_shannon_noise(bins, rate, crc32(name.encode())), rules.smallest_divergence
    given = rules.thresholds.get(name)
    threshold, why = (given, "given for the feature") if given is not None else _larger(noise, smallest)
    untold = "" if distance > threshold else _untold(bins, noise)
    return FeatureDrift(name, measure, distance, threshold, why, noise, *bins.sizes, _shares(bins), untold)


def _untold(bins: Binned, noise: float) -> str:
    """Why a feature that is not proven to have drifted may have changed in full all the same; empty if it cannot."""
    if bins.hidden > MOST_HIDDEN:
        what = "values, which no list names" if bins.kind == TEXT else "values, which lie between two known numbers"
        return f"the statistics say nothing of {bins.hidden:.0%} of its {what}"
    if noise >= 1:
        return f"{bins.sizes[0]:,} and {bins.sizes[1]:,} values are too few, of so many that differ"
    return ""


def _by_kind(name: str, old: str, new: str) -> FeatureDrift:
    return FeatureDrift(name, KIND, 1.0, 0.0, f"{old} became {new}", None, 0, 0, ())


def _by_missing(before: Recorded, after: Recorded, name: str, rules: Rules, rate: float) -> FeatureDrift:
    sides = [(side.missing(name), side.data.examples) for side in (before, after)]
    (old, old_all), (new, new_all) = sides
    noise = l_infinity_noise(Binned(TEXT, ("missing", "there"), (old, old_all - old), (new, new_all - new)), rate)
    threshold, why = _larger(noise, rules.smallest_share)
    missing = ValueShare("missing", old / old_all, new / new_all)
    distance = abs(missing.after - missing.before)
    return FeatureDrift(name, MISSING, distance, threshold, why, noise, old_all, new_all, (missing,))


def _larger(noise: float, smallest: float) -> tuple[float, str]:
    if noise > smallest:
        return noise, "the sampling noise at these sizes"
    return smallest, "the smallest change worth telling"


def _shares(bins: Binned) -> tuple[ValueShare, ...]:
    """All bins of numbers; of text the most frequent values and the one that moved most, and the rest as one."""
    shares = [ValueShare(*one) for one in bins.shares]
    if bins.kind == NUMBERS or len(shares) <= MOST_SHARES:
        return tuple(shares)
    listed = shares[: len(shares) - bins.unlisted]
    moved = max(listed, key=lambda one: abs(one.after - one.before))
    kept = listed[: MOST_SHARES - 1]
    if moved not in kept:
        kept[-1] = moved
    return tuple(kept)


def _left_out(names: Sequence[str], kinds: Mapping[str, tuple[str, str]], rules: Rules) -> Iterator[NotCompared]:
    for name in names:
        if name in rules.exclude:
            yield NotCompared(name, "excluded")
        elif "" in kinds[name]:
            where = ("before" if kinds[name][1] else "on either side") if not kinds[name][0] else "after"
            yield NotCompared(name, f"it has no values {where}")
        elif kinds[name][0] == kinds[name][1] not in (TEXT, NUMBERS):
            yield NotCompared(name, f"it is {kinds[name][0]} on either side")


def _kind(parts: Sequence[FeatureStatistics]) -> str:
    """TEXT, NUMBERS, both in words, or nothing for a feature without values."""
    kinds = {TEXT if part.text else NUMBERS for part in parts}
    return " and ".join(sorted(kinds))
