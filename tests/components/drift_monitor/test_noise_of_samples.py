"""Samples of one distribution: how often a report on them tells of a drift."""

from collections.abc import Sequence
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
