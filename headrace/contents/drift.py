"""What DriftMonitor recorded: how far data moved, feature by feature; written and read without TensorFlow."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headrace.contents.damage import reading

FILE_NAME = "drift.json"
CHART_NAME = "chart.html"

L_INFINITY = "l_infinity"  # the largest difference of a value's shares, 0 to 1
JENSEN_SHANNON = "jensen_shannon"  # TFDV's divergence in bits, 0 to 1
MISSING = "missing"  # the difference of the shares of examples without a value, 0 to 1
KIND = "kind"  # 1 where text became numbers, or numbers text

QUIET, DRIFTED, NO_REFERENCE, UNTOLD = "quiet", "drifted", "no reference", "cannot be told"

_MEASURES = {
    L_INFINITY: "L-infinity distance",
    JENSEN_SHANNON: "Jensen-Shannon divergence",
    MISSING: "change of the missing share",
    KIND: "change of kind",
}


@dataclass(frozen=True)
class ValueShare:
    """How much of a feature's values is one value, or lies in one range."""

    value: str
    before: float  # 0 to 1
    after: float

    def __str__(self) -> str:
        return f"{self.value}: {self.before:.1%} -> {self.after:.1%}"


@dataclass(frozen=True)
class FeatureDrift:
    """One feature by one measure: how far it moved, and how far it may."""

    feature: str
    measure: str  # L_INFINITY, JENSEN_SHANNON, MISSING or KIND
    distance: float  # in the measure's unit
    threshold: float  # it has drifted if the distance is over it
    threshold_from: str  # where the threshold is from, in words
    noise: float | None  # what two samples of one distribution reach; None where that was not asked
    before: int  # values that were compared, of MISSING examples
    after: int
    shares: tuple[ValueShare, ...]  # those that matter most, in the order in which they are drawn
    untold: str = ""  # why the statistics cannot tell whether it drifted; empty if they can

    @property
    def drifted(self) -> bool:
        """It moved farther than it may."""
        return self.distance > self.threshold

    @property
    def excess(self) -> float:
        """Distance over threshold: more than 1 has drifted."""
        return self.distance / self.threshold if self.threshold else float("inf") if self.distance else 0.0

    @property
    def most_moved(self) -> ValueShare | None:
        """The value or range whose share moved most."""
        return max(self.shares, key=lambda one: abs(one.after - one.before), default=None)

    @property
    def measure_name(self) -> str:
        """The measure in words."""
        return _MEASURES[self.measure]

    def __str__(self) -> str:
        if self.untold:
            return f"{self.feature}: {UNTOLD}: {self.untold}"
        moved = f"; most for {self.most_moved}" if self.most_moved else ""
        return (
            f"{self.feature}: {self.measure_name} {self.distance:.3g}, {'over' if self.drifted else 'within'} "
            f"{self.threshold:.3g} ({self.threshold_from}){moved}"
        )


@dataclass(frozen=True)
class NotCompared:
    """A feature that was left out, and why."""

    feature: str
    why: str


@dataclass(frozen=True)
class ComparedData:
    """One of the two sides: the statistics that were taken together."""

    artifacts: tuple[int, ...]  # ids of ExampleStatistics
    spans: tuple[int, ...]
    examples: int


@dataclass(frozen=True)
class Drift:
    """How the data moved from before to after."""

    before: ComparedData | None  # None where there was no reference
    after: ComparedData
    false_alarm_rate: float  # of reports on data that did not change, the share that says it did: at most
    features: tuple[FeatureDrift, ...]  # the farthest over their thresholds first
    not_compared: tuple[NotCompared, ...]

    @property
    def drifted(self) -> tuple[str, ...]:
        """The features that drifted, each once."""
        return tuple(dict.fromkeys(one.feature for one in self.features if one.drifted))

    @property
    def untold(self) -> tuple[str, ...]:
        """The features of which the statistics cannot tell whether they drifted, each once."""
        drifted = self.drifted
        return tuple(dict.fromkeys(one.feature for one in self.features if one.untold and one.feature not in drifted))

    @property
    def verdict(self) -> str:
        """DRIFTED if any feature is proven to have; UNTOLD if none is, and of some the statistics cannot tell."""
        if self.before is None:
            return NO_REFERENCE
        return DRIFTED if self.drifted else UNTOLD if self.untold else QUIET


def drift_text(drift: Drift) -> str:
    """The verdict in plain lines, with the evidence of each feature that drifted, and what cannot be told."""
    if drift.before is None:
        return "No reference: there is nothing to compare the data with yet."
    compared = len({one.feature for one in drift.features})
    sizes = f"{drift.before.examples:,} examples before, {drift.after.examples:,} after"
    untold = [f"  {one}" for one in drift.features if one.untold and one.feature in drift.untold]
    if drift.drifted:
        evidence = [f"  {one}" for one in drift.features if one.drifted]
        return "\n".join([f"{len(drift.drifted)} of {compared} features drifted ({sizes}).", *evidence, *untold])
    if untold:
        undecided = f"{len(untold)} of {compared} features {'is' if len(untold) == 1 else 'are'} undecided"
        headline = f"Nothing is known to have drifted, but {undecided} ({sizes})."
        return "\n".join([headline, *untold])
    return f"Quiet: none of {compared} features drifted ({sizes})."


def write_drift(drift: Drift, folder: Path) -> None:
    """Writes the report into `folder`, with what follows from it spelled out for other readers."""
    features = [
        {
            **asdict(one),
            "drifted": one.drifted,
            "most_moved": asdict(one.most_moved) if one.most_moved else None,
        }
        for one in drift.features
    ]
    content = {"verdict": drift.verdict, "drifted": drift.drifted, **asdict(drift), "features": features}
    (folder / FILE_NAME).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_drift(folder: Path) -> Drift:
    """The report below a DriftReport artifact's `folder`.

    Raises:
        FileNotFoundError: there is none.
        ValueError: the file is no such report.
    """
    with reading(folder / FILE_NAME):
        content = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        return Drift(
            _compared(content["before"]) if content["before"] else None,
            _compared(content["after"]),
            content["false_alarm_rate"],
            tuple(_feature(one) for one in content["features"]),
            tuple(NotCompared(**one) for one in content["not_compared"]),
        )


def _compared(content: dict[str, Any]) -> ComparedData:
    return ComparedData(tuple(content["artifacts"]), tuple(content["spans"]), content["examples"])


def _feature(content: dict[str, Any]) -> FeatureDrift:
    derived = ("drifted", "most_moved")
    facts = {name: value for name, value in content.items() if name not in derived}
    return FeatureDrift(**{**facts, "shares": tuple(ValueShare(**one) for one in content["shares"])})
