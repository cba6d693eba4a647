"""How far two samples of one distribution lie apart: what a distance must exceed to mean anything.

Both answers take the rows of both sides to be independent draws from the pooled shares. `rate` is the
share of such pairs of samples that may exceed the answer.
"""

from collections import Counter
from collections.abc import Callable
from math import erfc, log, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from components.drift_monitor.binned import Binned

DRAWS = 1000  # pairs of samples from which the spread of the divergence is taken
MOST_VALUES = 5e8  # that NumPy divides at random; of more, the noise of so many is taken, which is larger
ROUNDING = 1e-9  # of sums of many small shares
STEPS = 40  # of a bisection: to a share of 1e-12


def l_infinity_noise(bins: Binned, rate: float) -> float:
    """The L-infinity distance that is exceeded by chance with probability `rate` at most.

    Given the pooled count of a value, its share before follows from its share after. The probability of a difference
    is that of a likelihood ratio (its signed root is close to normal, for rare values as well, where the difference
    of shares itself is not). The probabilities of all values are added up: any of them may be the largest.

    Returns:
        A difference of shares, 0 to 1; 1 where a side is empty.
    """
    before, after = bins.sizes
    if not before or not after:
        return 1.0
    listed = len(bins.labels) - bins.unlisted
    pairs = zip(bins.before[:listed], bins.after[:listed], strict=True)
    values = Counter(round(old + new) for old, new in pairs)

    def chance(difference: float) -> float:
        each = ((_tail(count, before, after, difference), many) for count, many in values.items())
        return sum(probability * many for probability, many in each)

    return _where_it_falls_to(rate, chance)


def jensen_shannon_noise(bins: Binned, rate: float, seed: int) -> float:
    """The divergence that is exceeded by chance with probability `rate`.

    Small divergences of samples are chi-squared, but for a factor; factor and degrees of freedom are fitted
    to the mean and the variance of DRAWS divisions of all values into two sides, which are drawn with `seed`.

    Returns:
        A divergence in bits, 0 to 1; 1 where a side is empty.
    """
    before, after = bins.sizes
    if not before or not after:
        return 1.0
    shrink = max(1.0, (before + after) / MOST_VALUES)
    pooled = np.rint((np.array(bins.before) + np.array(bins.after)) / shrink).astype(np.int64)
    old = round(pooled.sum() * before / (before + after))
    draws = np.random.default_rng(seed).multivariate_hypergeometric(pooled, old, DRAWS, method="marginals")
    drawn = divergences(draws / max(1, old), (pooled - draws) / max(1, pooled.sum() - old))
    mean, variance = float(drawn.mean()), float(drawn.var())
    if variance < ROUNDING**2:
        return min(1.0, mean + ROUNDING)
    freedom = 2 * mean**2 / variance
    # Wilson and Hilferty's: the cube root of chi-squared is close to normal.
    quantile = freedom * (1 - 2 / (9 * freedom) + NormalDist().inv_cdf(1 - rate) * sqrt(2 / (9 * freedom))) ** 3
    # Of few values only few divergences are possible, and the fit is poor: no less than what was drawn.
    return min(1.0, max(quantile * mean / freedom, float(np.quantile(drawn, 1 - rate, method="higher"))))


def divergences(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Jensen-Shannon divergences in bits, as TFDV has them, of shares of shape [pairs, bins]."""
    middle = (before + after) / 2
    return (_relative_entropy(before, middle) + _relative_entropy(after, middle)) / 2


def _relative_entropy(shares: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    ratio = np.divide(shares, others, out=np.ones_like(shares), where=shares > 0)
    found: npt.NDArray[np.float64] = (shares * np.log2(ratio)).sum(axis=-1)
    return found


def _tail(count: int, before: int, after: int, difference: float) -> float:
    """How probable it is that a value with this pooled count has shares so different, either way."""
    total = before + after
    found = 0.0
    for sign in (1, -1):
        # Half a row less, for counts are whole numbers and the normal distribution is not.
        new = (sign * difference + count / before) / (1 / before + 1 / after) - sign / 2
        old = count - new
        if 0 <= new <= after and 0 <= old <= before:
            share = count / total
            ratio = after * _gain(new / after, share) + before * _gain(old / before, share)
            found += erfc(sqrt(max(ratio, 0.0))) / 2  # of the root of twice the logarithm
    return found


def _gain(seen: float, expected: float) -> float:
    """Relative entropy of a share seen to the one expected, in nats."""
    one = seen * log(seen / expected) if seen else 0.0
    other = (1 - seen) * log((1 - seen) / (1 - expected)) if seen < 1 else 0.0
    return one + other


def _where_it_falls_to(rate: float, chance: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) > rate else (low, middle)
    return high
