"""How far apart TFDV's statistics of two data sets are."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory

from headrace.contents.statistics import SplitStatistics, read_statistics
from headrace.contents.statistics_distance import FeatureDistance, distances
from tests.headrace.written_statistics import Feature, Numbers, Texts, write_statistics

Make = Callable[..., SplitStatistics]


@pytest.fixture
def statistics(tmp_path: Path) -> Make:
    def make(**columns: list[object]) -> SplitStatistics:
        folder = tmp_path / str(len(list(tmp_path.iterdir()))) / "Split-train"
        folder.mkdir(parents=True)
        cells = {name: [[] if value is None else [value] for value in values] for name, values in columns.items()}
        recorded = generate_statistics_in_memory(pa.RecordBatch.from_pydict(cells))
        (folder / "FeatureStats.pb").write_bytes(recorded.SerializeToString())
        return read_statistics(folder.parent)["train"]

    return make


def one(before: SplitStatistics, after: SplitStatistics) -> FeatureDistance:
    [found] = distances(before, after)
    return found


def test_equal_data_has_no_distance(statistics: Make) -> None:
    columns = {"fare": [1.0, 2.0, 3.0], "payment": ["Cash", "Card", None]}
    assert distances(statistics(**columns), statistics(**columns)) == []


def test_the_distance_of_numbers_is_that_of_kolmogorov_and_smirnov(statistics: Make) -> None:
    before, after = [float(value) for value in range(1000)], [float(value) + 300 for value in range(1000)]
    found = one(statistics(fare=before), statistics(fare=after))
    shares = [np.searchsorted(values, [*before, *after], side="right") / len(values) for values in (before, after)]
    assert found.distance == pytest.approx(np.abs(shares[0] - shares[1]).max(), abs=0.02)
    assert found.detail == "mean 499.5 -> 799.5"


def test_the_distance_of_texts_is_the_largest_difference_of_shares(statistics: Make) -> None:
    before = ["Cash"] * 6 + ["Card"] * 4
    after = ["Cash"] * 3 + ["Card"] * 4 + ["Barter"] * 3
    found = one(statistics(payment=before), statistics(payment=after))
    assert found.distance == pytest.approx(0.3)
    assert found.detail == "unique 2 -> 3; most for 'Cash'"


def test_values_that_are_missing_now_are_a_difference_too(statistics: Make) -> None:
    found = one(statistics(fare=[2.0, 2.0, 2.0, 2.0]), statistics(fare=[2.0, 2.0, 2.0, None]))
    assert (found.distance, found.missing_before, found.missing_after) == (0.0, 0.0, 0.25)


def test_a_feature_that_one_lacks_has_no_distance_and_comes_first(statistics: Make) -> None:
    before = statistics(fare=[1.0, 2.0], old=[1.0, 1.0])
    after = statistics(fare=[1.0, 3.0], new=["a", "b"])
    assert [(each.feature, each.detail) for each in distances(before, after)][:2] == [
        ("old", "is gone"),
        ("new", "is new"),
    ]


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Feature | None, Feature | None], list[FeatureDistance]]:
    """The distances of a feature whose statistics are written by hand."""

    def between(old: Feature | None, new: Feature | None) -> list[FeatureDistance]:
        sides = []
        for side, feature in (("before", old), ("after", new)):
            features = {} if feature is None else {"fare": feature}
            sides.append(read_statistics(write_statistics(tmp_path / side, {"train": features}))["train"])
        return distances(*sides)

    return between


NOTHING = Numbers([], missing=4)


@pytest.mark.parametrize(
    ("old", "new", "distance", "detail"),
    [
        (Numbers([(0, 4, 4)], 2), Numbers([(0, 2, 4)], 1), 0.5, "mean 2 -> 1"),
        (Numbers([(0, 2, 4)], 1), Numbers([(0, 4, 4)], 2), 0.5, "mean 1 -> 2"),
        (Numbers([(1, 1, 1), (1, 2, 3)], 1), Numbers([(1, 1, 3), (1, 2, 1)], 1), 0.5, "mean 1 -> 1"),
        (Numbers([(0, 1, 1), (1, 4, 3)], 2), Numbers([(0, 1, 3), (1, 4, 1)], 1), 0.5, "mean 2 -> 1"),
        (Numbers([(0, 1, 4)], 0.5), Numbers([(2, 3, 4)], 2.5), 1.0, "mean 0.5 -> 2.5"),
        (Numbers([(5, 5, 4)], 5), Numbers([(6, 6, 4)], 6), 1.0, "mean 5 -> 6"),
        (Texts({"a": 3, "b": 1}), Texts({"a": 1, "b": 3}), 0.5, "unique 2 -> 2; most for 'b'"),
        (Texts({"a": 4}), Texts({"b": 8}), 1.0, "unique 1 -> 1; most for 'b'"),
        (Texts({"a": 3, "b": 1}), Texts({"a": 6, "c": 2}), 0.25, "unique 2 -> 2; most for 'c'"),
        (Numbers([(-math.inf, 0, 2), (0, 2, 2)]), Numbers([(-1, 0, 1), (0, 2, 3)]), 0.25, "mean 0 -> 0"),
        (Numbers([(0, 2, 2), (2, math.inf, 2)]), Numbers([(0, 2, 3), (2, 3, 1)]), 0.5, "mean 0 -> 0"),
        (Texts({"a": 4}), Texts({"a": 3}, missing=1), 0.0, "unique 1 -> 1"),
        (Numbers([(0, 1, 4)]), NOTHING, None, "INT -> INT"),
        (NOTHING, Numbers([(0, 1, 4)]), None, "INT -> INT"),
        (Texts({"a": 4}), Texts({}, missing=4), None, "STRING -> STRING"),
        (Texts({"a": 4}), Numbers([(0, 1, 4)]), None, "STRING -> INT"),
        (Numbers([(0, 1, 4)]), Texts({"a": 4}), None, "INT -> STRING"),
        (Texts({}, missing=4), NOTHING, None, "STRING -> INT"),
        (NOTHING, Texts({}, missing=4), None, "INT -> STRING"),
        (Texts({"a": 4}), None, None, "is gone"),
        (None, Texts({"a": 4}), None, "is new"),
    ],
)
def test_a_distance_is_told_with_what_moved(
    written: Callable[[Feature | None, Feature | None], list[FeatureDistance]],
    old: Feature | None,
    new: Feature | None,
    distance: float | None,
    detail: str,
) -> None:
    [found] = written(old, new)
    assert (found.feature, found.distance, found.detail) == ("fare", distance, detail)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Texts({"a": 3, "b": 1}), Texts({"a": 6, "b": 2})),
        (Numbers([(0, 2, 2), (2, 4, 2)]), Numbers([(0, 2, 3), (2, 4, 3)])),
        (NOTHING, NOTHING),
    ],
)
def test_the_same_shares_have_no_distance_however_many_examples_there_are(
    written: Callable[[Feature | None, Feature | None], list[FeatureDistance]], old: Feature, new: Feature
) -> None:
    assert written(old, new) == []


@pytest.mark.parametrize(
    ("distance", "before", "after", "rank"),
    [
        (0.25, 0.0, 0.5, 0.5),
        (0.25, 0.5, 0.0, 0.5),
        (0.75, 0.5, 0.0, 0.75),
        (0.0, 0.5, 0.5, 0.0),
        (None, None, 0.5, 1.0),
        (None, 0.5, None, 1.0),
    ],
)
def test_a_feature_ranks_by_its_distance_or_by_what_is_missing_now(
    distance: float | None, before: float | None, after: float | None, rank: float
) -> None:
    assert FeatureDistance("fare", distance, before, after, "").rank == rank


def test_the_farthest_comes_first_and_what_has_no_distance_is_left_out(statistics: Make) -> None:
    before = statistics(near=["a"] * 10, same=["a"] * 10, far=["a"] * 10, half=["a"] * 10)
    after = statistics(near=["a"] * 9 + ["b"], same=["a"] * 10, far=["b"] * 10, half=["a"] * 5 + [None] * 5)
    assert [each.feature for each in distances(before, after)] == ["far", "half", "near"]
