"""Axes of pictures: which values they reach, and where their marks are."""

import math
from collections.abc import Sequence

_TICKS = 5


def value_range(values: Sequence[float]) -> tuple[float, float]:
    """The values' range, with some room at both ends."""
    if not values:
        return 0.0, 1.0
    room = 0.06 * (max(values) - min(values)) or 0.01
    return min(values) - room, max(values) + room


def ticks(low: float, high: float) -> list[float]:
    """At most five round numbers in a range."""
    unit = 10.0 ** math.floor(math.log10(high - low))
    steps = (factor * unit for factor in (0.2, 0.5, 1, 2, 5))
    step = next(one for one in steps if (high - low) / one <= _TICKS)
    return [step * index for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
