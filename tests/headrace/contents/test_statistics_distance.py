"""How far apart TFDV's statistics of two data sets are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory

from headrace.contents.statistics import SplitStatistics, read_statistics
from headrace.contents.statistics_distance import FeatureDistance, distances

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
