"""The nearest two distributions of which only bounds are known: as alike as what is proven of each allows.

A distribution is written as its shares up to some places, in order. Of all that stay between their bounds, the one
nearest to a given other is a string pulled taut: drawn over the other's shares instead of over the places, it is the
shortest path between the bounds. It is nearest by the Jensen-Shannon divergence and by every other divergence of that
kind. Where both are free to move, each is pulled taut over the other in turn until neither moves: the divergence falls
each time, and it is convex, so what is reached is the least.
"""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

ROUNDS = 200
STILL = 1e-7  # of the values
NOTHING = 1e-9  # share of a bin that has none, so that a string over it is steep and not upright


def nearest(before: tuple[Numbers, Numbers], after: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
    """The shares up to each place on both sides.

    Args:
        before: the least and the largest shares up to each place, of shape [places].
        after: as many.
    """
    (old_low, old_high), (new_low, new_high) = before, after
    old, new = (old_low + old_high) / 2, (new_low + new_high) / 2
    for _ in range(ROUNDS):
        last = old
        new = taut(old, new_low, new_high)
        old = taut(new, old_low, old_high)
        if np.abs(old - last).max(initial=0.0) < STILL:
            break
    return old, new


def taut(over: Numbers, low: Numbers, high: Numbers) -> Numbers:
    """Shares between bounds, as near as that allows to those of another distribution.

    Args:
        over: the other's shares up to each place.
        low: the least share up to each place.
        high: the largest one.
    """
    x = np.cumsum(np.diff([0.0, *over, 1.0], prepend=0.0) + NOTHING).tolist()
    lows, highs = [0.0, *low.tolist(), 1.0], [0.0, *high.tolist(), 1.0]
    found = [0.0] * len(x)
    start = 0
    while start < len(x) - 1:
        end, slope = _straight(x, lows, highs, start, found[start])
        for place in range(start + 1, end + 1):
            found[place] = found[start] + slope * (x[place] - x[start])
        start = end
    return np.array(found[1:-1])


def _straight(x: list[float], low: list[float], high: list[float], start: int, share: float) -> tuple[int, float]:
    """Where a string from a place first bends, and how steep it is up to there."""
    least, most = -np.inf, np.inf
    bend_low = bend_high = start
    for place in range(start + 1, len(x)):
        to_low, to_high = ((bound[place] - share) / (x[place] - x[start]) for bound in (low, high))
        if to_low > most:
            return bend_high, most
        if to_high < least:
            return bend_low, least
        if to_low >= least:
            least, bend_low = to_low, place
        if to_high <= most:
            most, bend_high = to_high, place
    return bend_low, least
