"""What statistics prove of a change: it is never called quiet, and what they cannot tell is said."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
from tensorflow_data_validation.statistics.stats_options import StatsOptions
from tensorflow_metadata.proto.v0 import schema_pb2

from components.drift_monitor.comparison import compare
from components.drift_monitor.nearest import nearest
from components.drift_monitor.noise import divergences
from components.drift_monitor.numeric_side import NumericSide
from components.drift_monitor.rules import Rules
from headrace.contents.drift import (
    DRIFTED,
    JENSEN_SHANNON,
    L_INFINITY,
    QUIET,
    UNTOLD,
    Drift,
    FeatureDrift,
    drift_text,
    read_drift,
    write_drift,
)
from headrace.testing.frames import statistics_of
from tests.components.drift_monitor.reports import read, recorded, report

Numbers = npt.NDArray[Any]
Pairs = dict[str, tuple[Numbers, Numbers]]


def by_values(drift: Drift, feature: str = "x") -> FeatureDrift:
    measures = (JENSEN_SHANNON, L_INFINITY)
    [found] = [one for one in drift.features if one.feature == feature and one.measure in measures]
    return found


def divergence(before: Sequence[object] | Numbers, after: Sequence[object] | Numbers) -> float:
    """Of all values as they are."""
    _, places = np.unique(np.concatenate([before, after]).astype(np.float32), return_inverse=True)
    counts = (np.bincount(some, minlength=places.max() + 1) for some in np.split(places, [len(before)]))
    old, new = (count / count.sum() for count in counts)
    return float(divergences(old, new))


def stock_divergences(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, float]:
    """What TFDV's own comparator says of statistics as they are."""
    schema = schema_pb2.Schema()
    for name in before:
        kind = schema_pb2.INT if before[name].dtype.kind == "i" else schema_pb2.FLOAT
        schema.feature.add(name=name, type=kind).drift_comparator.jensen_shannon_divergence.threshold = 1
    found = tfdv.validate_statistics(statistics_of(after), schema, previous_statistics=statistics_of(before))
    return {info.path.step[0]: info.drift_measurements[0].value for info in found.drift_skew_info}


def lumps(random: np.random.Generator, size: int, at: float, share: float) -> Numbers:
    return np.where(random.random(size) < share, at, random.normal(5, 2, size))


def changed(random: np.random.Generator) -> Iterator[tuple[str, Numbers, Numbers]]:
    """Distributions that have little in common."""
    for size in (200, 1000, 5000):
        for _ in range(3):
            place, share = round(random.uniform(-100, 100), 2), random.uniform(0.7, 0.99)
            flag = (random.random(size) < random.uniform(0.05, 0.6)).astype(int)
            spread = random.normal(place, 1 + abs(place) / 10, size)
            small = np.where(random.random(size) < share, 0, random.exponential(1, size))
            large = np.where(random.random(size) < 1 - share, 0, random.exponential(1, size))
            yield "a flag that turns", np.zeros(size, int), np.ones(size, int)
            yield "a flag that is always on", flag, np.ones(size, int)
            yield "stars that are all five", random.integers(1, 6, size), np.full(size, 5)
            yield "a sensor that sticks", spread, np.full(size, place)
            yield "a sensor that comes loose", np.full(size, place), spread
            yield "a price that is raised", np.full(size, place), np.full(size, place + 1)
            yield "a frequent price that is raised", lumps(random, size, 5, share), lumps(random, size, 6, share)
            yield "fewer zeros", small, large
            yield "a mean that moves", random.normal(0, 1, size), random.normal(random.uniform(1, 4), 1, size)
            yield "more of a count", random.poisson(5, size), random.poisson(random.uniform(12, 20), size)
            yield "even that turns odd", 2 * random.integers(0, 3, size), 2 * random.integers(0, 3, size) + 1
            yield "another unit", random.exponential(1, size), random.exponential(random.uniform(3, 100), size)


def unchanged(random: np.random.Generator) -> Iterator[tuple[str, Numbers, Numbers]]:
    """Samples of the same distribution."""
    places = np.linspace(-88, -87, 60)
    for sizes in ((60, 60), (200, 200), (1000, 1000), (100, 2500), (5000, 5000), (2500, 100), (400, 300), (3000, 3000)):

        def both(draw: Any, *arguments: Any, sizes: tuple[int, int] = sizes) -> tuple[Numbers, Numbers]:
            return draw(*arguments, sizes[0]), draw(*arguments, sizes[1])

        yield "flag", *both(random.binomial, 1, 0.3)
        yield "constant", *both(random.binomial, 1, 1)
        yield "stars", *both(random.integers, 1, 6)
        yield "bell", *both(random.normal, 0, 1)
        yield "rounded", *both(lambda size: np.round(random.normal(0, 1, size), 1))
        yield "times", *both(random.exponential, 3)
        yield "count", *both(random.poisson, 40)
        yield "category", *both(random.integers, 0, 80)
        yield "places", *both(lambda size: random.choice(places, size))
        yield "lump", *both(lambda size: lumps(random, size, 5, 0.9))
        yield "prices", *both(lambda size: random.choice([5.0, 6.0, 7.5, 9.0], size, p=[0.5, 0.3, 0.15, 0.05]))
        yield "zeros", *both(lambda size: random.exponential(1, size) * (random.random(size) < 0.2))


def frames(pairs: Iterator[tuple[str, Numbers, Numbers]]) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Pairs as the columns of frames, one pair of frames for each pair of sizes."""
    by_sizes: dict[tuple[int, int], Pairs] = defaultdict(dict)
    for name, before, after in pairs:
        columns = by_sizes[len(before), len(after)]
        columns[f"{name} {len(columns)}"] = before, after
    for columns in by_sizes.values():
        yield (
            pd.DataFrame({name: before for name, (before, _) in columns.items()}),
            pd.DataFrame({name: after for name, (_, after) in columns.items()}),
        )


def test_changes_that_stock_finds_are_found_and_no_distance_is_larger_than_the_true_one(tmp_path: Path) -> None:
    compared = 0
    for index, (before, after) in enumerate(frames(changed(np.random.default_rng(5)))):
        stock, drift = stock_divergences(before, after), report(before, after, tmp_path / str(index))
        assert set(drift.drifted) == set(before), "a change that is not found"
        for name, column in before.items():
            assert isinstance(name, str)
            found, truth = by_values(drift, name), divergence(column.to_numpy(), after[name].to_numpy())
            assert found.distance <= truth + 0.01, name
            assert found.distance >= min(stock[name], truth) / 2, name
            compared += 1
    assert compared == 108


def test_samples_of_one_distribution_are_quiet(tmp_path: Path) -> None:
    compared = 0
    for index, (before, after) in enumerate(frames(unchanged(np.random.default_rng(6)))):
        drift = report(before, after, tmp_path / str(index))
        assert drift.verdict == QUIET, drift_text(drift)
        compared += len(before.columns)
    assert compared == 96


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([0] * 1000, [1] * 1000),
        ([5.0] * 1000, [6.0] * 1000),
        ([1000.0] * 100, [1000.5] * 20_000),  # of very different sizes
        (list(range(1000)), list(range(1000, 2000))),
        ([-3, -2, -1, -1] * 100, [0] * 400),
    ],
    ids=["flag", "price", "sizes", "counter", "zeros"],
)
def test_sides_without_a_common_value_between_least_and_largest_are_as_far_apart_as_can_be(
    tmp_path: Path, before: list[float], after: list[float]
) -> None:
    drift = report(pd.DataFrame({"x": before}), pd.DataFrame({"x": after}), tmp_path)
    assert by_values(drift).distance == pytest.approx(1)
    assert drift.drifted == ("x",)


def test_what_moved_is_named_by_the_value_that_most_have(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    before, after = (pd.DataFrame({"x": lumps(random, 10_000, at, 0.99)}) for at in (5, 6))
    found = by_values(report(before, after, tmp_path))
    assert found.distance > 0.7
    assert [share.value for share in found.shares] == ["up to 5", "over 5"]
    before, after = (pd.DataFrame({"x": [0] * zeros + [2] * (1000 - zeros)}) for zeros in (700, 200))
    found = by_values(report(before, after, tmp_path))
    assert str(found.most_moved) == "up to 0: 70.0% -> 20.0%"


@given(
    st.lists(
        st.lists(st.sampled_from([-2.0, -1.5, 0.0, 0.0, 1.0, 1.0, 3.25, 7.0]), min_size=1, max_size=400),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.floats(-3, 8), max_size=5),
)
@settings(deadline=None, max_examples=40)
def test_the_true_shares_are_within_their_bounds(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[float]], others: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("bounds")
    sides = [recorded(pd.DataFrame({"x": part}), folder / str(index)) for index, part in enumerate(parts)]
    side = NumericSide([feature for one in sides for feature in one.with_values("x")])
    grid, values = np.union1d(side.ends, others), np.concatenate(parts)
    bounds = side.bounds(grid)
    below, up_to = ([compared(values, end).mean() for end in grid] for compared in (np.less, np.less_equal))
    true = np.stack([below, up_to], 1).ravel()
    assert (bounds.low <= true + 1e-6).all()
    assert (bounds.high >= true - 1e-6).all()


SHARES = st.lists(st.integers(0, 20), min_size=4, max_size=4).map(
    lambda some: np.cumsum([1, *some])[:-1] / (1 + sum(some))
)


@given(st.lists(SHARES, min_size=4, max_size=4), st.lists(st.tuples(SHARES, SHARES), min_size=30, max_size=30))
@settings(deadline=None, max_examples=50)
def test_no_two_distributions_within_the_bounds_are_nearer_than_the_nearest(
    ends: list[Numbers], others: list[tuple[Numbers, Numbers]]
) -> None:
    bounds = [(np.minimum(*pair), np.maximum(*pair)) for pair in (ends[:2], ends[2:])]

    def apart(*sides: Numbers) -> float:
        return float(divergences(*(np.diff([0.0, *side, 1.0]) for side in sides)))

    found = nearest(*bounds)
    for side, (low, high) in zip(found, bounds, strict=True):
        assert (side >= low - 1e-6).all()
        assert (side <= high + 1e-6).all()
    for pair in others:
        inside = [np.clip(side, low, high) for side, (low, high) in zip(pair, bounds, strict=True)]
        assert apart(*found) <= apart(*inside) + 1e-5


def text(values: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({"x": values})


def test_of_ten_thousand_texts_that_were_all_replaced_no_list_can_tell(tmp_path: Path) -> None:
    sides = [text([f"{side} {number}" for number in range(10_000)] * 3) for side in ("old", "new")]
    drift = report(sides[0], sides[1], tmp_path)
    assert drift.verdict == UNTOLD
    assert drift.untold == ("x",)
    assert drift_text(drift).splitlines() == [
        "Nothing is known to have drifted, but 1 of 1 features is undecided (30,000 examples before, 30,000 after).",
        "  x: cannot be told: the statistics say nothing of 100% of its values, which no list names",
    ]


def test_rare_texts_that_were_all_replaced_are_found_though_no_share_moved_far(tmp_path: Path) -> None:
    sides = [text([f"{side} {number}" for number in range(900)] * 20) for side in ("old", "new")]
    found = by_values(report(sides[0], sides[1], tmp_path))
    assert (found.measure, found.drifted) == (JENSEN_SHANNON, True)
    assert found.distance == pytest.approx(1)


def test_texts_that_a_list_leaves_out_are_no_more_than_it_leaves_room_for(tmp_path: Path) -> None:
    # 1,000 of 1,001 values are listed: the rest has no room for those of the other side.
    sides = [text([f"{side} {number}" for number in range(1001)] * 20) for side in ("old", "new")]
    found = by_values(report(sides[0], sides[1], tmp_path))
    assert found.drifted
    assert found.distance > 0.9
    drift = report(sides[0], sides[1], tmp_path, Rules(thresholds={"x": 0.0005}))
    assert by_values(drift).measure == L_INFINITY
    assert by_values(drift).distance == pytest.approx(0.001, abs=0.0001)


def test_texts_none_of_which_comes_twice_cannot_be_told(tmp_path: Path) -> None:
    before, after = (text([f"{side}-{number}" for number in range(500)]) for side in ("a", "b"))
    drift = report(before, after, tmp_path)
    assert (drift.verdict, by_values(drift).untold) == (
        UNTOLD,
        "500 and 500 values are too few, of so many that differ",
    )


def test_a_long_tail_beside_frequent_texts_is_quiet(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    before, after = (text(random.zipf(1.6, 20_000).astype(str).tolist()) for _ in range(2))
    assert report(before, after, tmp_path).verdict == QUIET


def test_numbers_of_which_the_statistics_keep_two_buckets_cannot_be_told(tmp_path: Path) -> None:
    options = StatsOptions(num_histogram_buckets=1, num_quantiles_histogram_buckets=1)
    random = np.random.default_rng(3)
    sides = []
    for name, places in (("before", [1, 2, 3]), ("after", [7, 8, 9])):
        values = [0.0, *random.choice(places, 1000), 10.0]
        batch = pa.RecordBatch.from_pydict({"x": [[value] for value in values]})
        sides.append(read(generate_statistics_in_memory(batch, options), tmp_path / name))
    drift = compare(sides[0], sides[1], Rules())
    assert drift.verdict == UNTOLD
    assert "lie between two known numbers" in by_values(drift).untold


def odd_columns() -> Pairs:
    normal = np.random.default_rng(4).normal(0, 1, 1000)

    def with_some(*some: float) -> Numbers:
        return np.concatenate([some, normal[len(some) :]])

    return {
        "none is a number": (normal, np.full(1000, np.nan)),
        "none ever was": (np.full(1000, np.nan), np.full(1000, np.nan)),
        "half are numbers": (normal, np.where(np.arange(1000) % 2, normal, np.nan)),
        "infinite": (normal, np.full(1000, np.inf)),
        "infinite, the other way": (np.full(1000, np.inf), np.full(1000, -np.inf)),
        "one is large": (normal, with_some(1e300)),
        "two are too far apart": (normal, with_some(1.7e308, -1.7e308)),
        "one is infinite": (with_some(np.inf), with_some(-np.inf)),
        "one is none": (normal, with_some(np.nan)),
        "ordinary": (normal, normal + 2),
    }


def test_an_odd_column_is_compared_like_any_other(tmp_path: Path) -> None:
    columns = odd_columns()
    sides = []
    for side, name in enumerate(("before", "after")):
        batch = pa.RecordBatch.from_pydict({name: [[x] for x in pair[side]] for name, pair in columns.items()})
        sides.append(read(generate_statistics_in_memory(batch), tmp_path / name))
    drift = compare(sides[0], sides[1], Rules())
    quiet = {"none ever was", "one is large", "two are too far apart", "one is infinite", "one is none"}
    assert set(drift.drifted) == set(columns) - quiet
    for name in ("none is a number", "infinite", "infinite, the other way"):
        assert by_values(drift, name).distance == pytest.approx(1)
    assert str(by_values(drift, "half are numbers").most_moved) == "NaN: 0.0% -> 50.0%"
    for name, pair in columns.items():
        alone = [read_one(pair[side], tmp_path / name / str(side)) for side in (0, 1)]
        assert by_values(compare(alone[0], alone[1], Rules())).distance == pytest.approx(
            by_values(drift, name).distance
        )


def read_one(values: Numbers, folder: Path) -> Any:
    return read(generate_statistics_in_memory(pa.RecordBatch.from_pydict({"x": [[one] for one in values]})), folder)


def test_a_report_tells_what_cannot_be_told_when_it_is_read_again(tmp_path: Path) -> None:
    ids = [text([f"{side}-{number}" for number in range(500)]) for side in ("a", "b")]
    drift = report(ids[0], ids[1], tmp_path)
    write_drift(drift, tmp_path)
    assert read_drift(tmp_path) == drift
    turned = [one.assign(flag=flag) for flag, one in enumerate(ids)]
    drift = report(turned[0], turned[1], tmp_path)
    assert (drift.verdict, drift.drifted, drift.untold) == (DRIFTED, ("flag",), ("x",))
    assert [line.split(":")[0] for line in drift_text(drift).splitlines()[1:]] == ["  flag", "  x"]
