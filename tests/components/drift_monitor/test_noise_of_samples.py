"""Samples of one distribution: how often a report on them tells of a drift."""

from collections.abc import Iterator, Sequence
from math import exp, lgamma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.drift_monitor.binned import NUMBERS, TEXT, Binned
from components.drift_monitor.distances import distances
from components.drift_monitor.noise import divergences, jensen_shannon_noise, l_infinity_noise
from headrace.contents.drift import JENSEN_SHANNON, L_INFINITY
from tests.components.drift_monitor.reports import report

DATA = Path(__file__).parents[3] / "data"
TRIPS = ["fare", "tips", "trip_miles", "trip_start_hour", "pickup_longitude", "payment_type", "company"]


@pytest.fixture(scope="module")
def trips() -> pd.DataFrame:
    """The trips of a year, some of their columns."""
    return pd.read_csv(DATA / "taxi/trips-2014.csv", usecols=TRIPS)


@pytest.mark.parametrize(("before", "after"), [(60, 60), (500, 500), (150, 2500), (2500, 2500)])
def test_two_samples_of_the_same_trips_are_no_drift(
    before: int, after: int, trips: pd.DataFrame, tmp_path: Path
) -> None:
    random = np.random.default_rng(before + after)
    for _ in range(10):
        rows = random.permutation(len(trips))[: before + after]
        found = report(trips.iloc[rows[:before]], trips.iloc[rows[before:]], tmp_path)
        assert found.verdict == "quiet", found.drifted


@pytest.mark.parametrize("shares", [[0.6, 0.3, 0.1], [0.97, 0.02, 0.01], [1 / 40] * 40])
@pytest.mark.parametrize("sizes", [(50, 50), (400, 400), (60, 5000)])
def test_no_more_samples_exceed_the_noise_than_was_promised(shares: Sequence[float], sizes: tuple[int, int]) -> None:
    rate, pairs = 0.05, 100
    random = np.random.default_rng(7)
    before, after = (random.multinomial(size, shares, pairs) for size in sizes)
    farthest = np.abs(before / sizes[0] - after / sizes[1]).max(axis=1)
    divergence = divergences(before / sizes[0], after / sizes[1])
    exceeded = [0, 0]
    for index in range(pairs):
        bins = Binned(TEXT, tuple(map(str, range(len(shares)))), tuple(before[index]), tuple(after[index]))
        exceeded[0] += farthest[index] > l_infinity_noise(bins, rate)
        exceeded[1] += divergence[index] > jensen_shannon_noise(bins, rate, seed=index)
    most = pairs * rate + 4 * (pairs * rate * (1 - rate)) ** 0.5  # four standard deviations over what is expected
    assert max(exceeded) <= most


def split_by_chance(count: int, before: int, after: int) -> Iterator[tuple[int, float]]:
    """How many of `count` rows may lie before, and how probable that is, where all rows are dealt out by chance."""

    def ways(rows: int, chosen: int) -> float:
        return lgamma(rows + 1) - lgamma(chosen + 1) - lgamma(rows - chosen + 1)

    for old in range(max(0, count - after), min(count, before) + 1):
        of_all = ways(before + after, before)
        yield old, exp(ways(count, old) + ways(before + after - count, before - old) - of_all)


@pytest.mark.parametrize("rate", [0.05, 0.001])
@pytest.mark.parametrize(
    ("shares", "unlisted"), [([0.6, 0.3, 0.1], 0), ([0.97, 0.02, 0.01], 0), ([1 / 40] * 40, 0), ([1 / 40] * 40, 38)]
)
@pytest.mark.parametrize("sizes", [(50, 50), (400, 400), (60, 5000), (4000, 4000)])
def test_the_values_exceed_the_noise_as_often_as_was_promised_together(
    sizes: tuple[int, int], shares: Sequence[float], unlisted: int, rate: float
) -> None:
    counts = [[round(size * share) for share in shares] for size in sizes]
    bins = Binned(TEXT, tuple(map(str, range(len(shares)))), tuple(counts[0]), tuple(counts[1]), unlisted)
    before, after = bins.sizes  # nearly: not all shares of all sizes are whole numbers
    noise = l_infinity_noise(bins, rate)
    exceeded = sum(
        probability
        for pooled in [sum(pair) for pair in zip(*counts, strict=True)][: len(shares) - unlisted]
        for old, probability in split_by_chance(pooled, before, after)
        if abs(old / before - (pooled - old) / after) > noise
    )
    assert exceeded <= rate
    if min(before, after) == 4000:  # of fewer rows only few differences are possible
        assert exceeded >= rate / 2


@pytest.mark.parametrize(
    ("count", "before", "after", "rate"), [(6, 50, 50, 0.01), (10, 60, 5000, 0.05), (3, 200, 20, 0.01)]
)
def test_of_few_rows_the_divergence_exceeds_the_noise_no_more_often_than_was_promised(
    count: int, before: int, after: int, rate: float
) -> None:
    share = count / (before + after)
    old, new = before * share, after * share
    noise = jensen_shannon_noise(Binned(TEXT, ("a", "b"), (old, before - old), (new, after - new)), rate, seed=1)
    exceeded = 0.0
    for one, probability in split_by_chance(count, before, after):
        sides = np.array([one / before, 1 - one / before]), np.array([(count - one) / after, 1 - (count - one) / after])
        exceeded += probability * bool(divergences(*sides) > noise)
    assert exceeded <= rate


def test_the_noise_of_more_rows_than_can_be_divided_is_that_of_so_many() -> None:
    most = [Binned(TEXT, ("a", "b"), (1.5e8 * by, 1e8 * by), (1.25e8 * by, 1.25e8 * by)) for by in (1, 8)]
    noise, of_more = (jensen_shannon_noise(bins, 0.01, seed=1) for bins in most)
    assert of_more == noise
    assert 0 < noise < 1e-6


def test_a_real_change_of_that_size_is_found(trips: pd.DataFrame, tmp_path: Path) -> None:
    longer = trips.assign(trip_miles=trips["trip_miles"] * 1.5 + 1)
    found = report(trips, longer, tmp_path)
    assert found.drifted == ("trip_miles",)


@given(
    before=st.lists(st.integers(0, 500), min_size=2, max_size=8),
    after=st.lists(st.integers(0, 500), min_size=8, max_size=8),
)
@settings(deadline=None, max_examples=25)
def test_the_divergence_of_the_noise_is_the_one_tfdv_computes(before: list[int], after: list[int]) -> None:
    before, after = [1, *before], [1, *after[: len(before)]]
    bins = Binned(NUMBERS, tuple(map(str, range(len(before)))), tuple(before), tuple(after))
    old, new = np.array(before) / sum(before), np.array(after) / sum(after)
    assert distances({"x": bins}, {"x": JENSEN_SHANNON})["x"] == pytest.approx(divergences(old, new), abs=1e-6)
    as_text = Binned(TEXT, bins.labels, bins.before, bins.after)
    assert distances({"x": as_text}, {"x": JENSEN_SHANNON})["x"] == pytest.approx(divergences(old, new), abs=1e-6)
    assert distances({"x": as_text}, {"x": L_INFINITY})["x"] == pytest.approx(np.abs(old - new).max(), abs=1e-6)


def test_larger_samples_have_less_noise() -> None:
    small = Binned(TEXT, ("a", "b"), (60.0, 40.0), (55.0, 45.0))
    large = Binned(TEXT, ("a", "b"), (6000.0, 4000.0), (5500.0, 4500.0))
    assert l_infinity_noise(large, 0.01) == pytest.approx(l_infinity_noise(small, 0.01) / 10, rel=0.05)
    assert jensen_shannon_noise(large, 0.01, 1) == pytest.approx(jensen_shannon_noise(small, 0.01, 1) / 100, rel=0.2)
    assert l_infinity_noise(Binned(TEXT, (), (), ()), 0.01) == 1


def test_outliers_do_not_move_numbers(trips: pd.DataFrame, tmp_path: Path) -> None:
    with_one = trips.copy()
    with_one.loc[0, "trip_miles"] = 1e6
    assert report(trips, with_one, tmp_path).verdict == "quiet"


def test_a_long_tail_that_the_list_of_values_leaves_out_is_no_drift(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    before, after = (pd.DataFrame({"id": random.integers(0, 20_000, 30_000).astype(str)}) for _ in range(2))
    found = report(before, after, tmp_path)
    assert found.verdict == "cannot be told"  # the lists hardly name one value in twenty
    distance = next(one for one in found.features if one.measure == JENSEN_SHANNON)
    assert distance.distance < 0.001


def test_a_value_that_comes_up_in_a_long_tail_is_found(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    before, after = (pd.DataFrame({"id": random.integers(0, 20_000, 30_000).astype(str)}) for _ in range(2))
    after.loc[:1499, "id"] = "bot"
    found = report(before, after, tmp_path)
    [drifted] = [one for one in found.features if one.drifted]
    assert drifted.most_moved is not None
    assert drifted.most_moved.value == "bot"
    assert drifted.distance == pytest.approx(0.048, abs=0.001)
