"""What DriftMonitor was told: what to compare, how far it may move, and what to do about it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Policy(StrEnum):
    """What follows from a drift, beside the report: nothing, a note at the end of the run, or its end."""

    RECORD = "record"
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True)
class Rules:
    """The parameters of a comparison.

    Attributes:
        thresholds: largest distance by feature, in the unit of its measure; for other features it is derived.
        exclude: features that are not compared.
        splits: of the statistics, those that are taken together; all if empty.
        by_divergence: text features that are compared by their Jensen-Shannon divergence.
        false_alarm_rate: of reports on data that did not change, the share that may say it did, 0 to 1.
        smallest_share: change of a share that is worth telling, 0 to 1.
        smallest_divergence: divergence that is worth telling, in bits.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    by_divergence: tuple[str, ...] = ()
    false_alarm_rate: float = 0.01
    smallest_share: float = 0.02
    smallest_divergence: float = 0.02

    def to_json(self) -> str:
        """As text, for an execution's properties."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Rules":
        """What `to_json` wrote."""
        facts: dict[str, Any] = json.loads(text)
        for name in ("exclude", "splits", "by_divergence"):
            facts[name] = tuple(facts[name])
        return cls(**facts)
