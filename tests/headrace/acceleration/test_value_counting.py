"""Values counted over many parts, beside Python's own counting."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_data_validation.statistics.stats_options import StatsOptions

from headrace.acceleration import value_counting
from headrace.acceleration.batch_statistics import generate_statistics
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.value_counting import ValueCounts

values = st.one_of(
    st.lists(st.lists(st.tuples(st.binary(max_size=2), st.integers(1, 9)), max_size=9), min_size=1),
    st.lists(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), max_size=9), min_size=1),
)


@pytest.fixture(autouse=True)
def soon_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_counting, "_SLACK_ROWS", 5)


@given(values, st.booleans(), st.integers(0, 3))
def test_counts_and_weights(parts: list[list[tuple[bytes | int, int]]], weighted: bool, in_another: int) -> None:
    kind = pa.large_binary() if any(isinstance(value, bytes) for part in parts for value, _ in part) else pa.int64()
    counts, other = ValueCounts(), ValueCounts()
    expected: dict[bytes | int, list[int]] = defaultdict(lambda: [0, 0])
    for index, part in enumerate(parts):
        array = pa.array([value for value, _ in part], kind)
        weights = np.array([weight for _, weight in part], np.float32) if weighted else None
        (other if 0 < index <= in_another else counts).add(array, weights)
        for value, weight in part:
            expected[value][0] += 1
            expected[value][1] += weight
    counts.merge(other)
    table = counts.table().to_pylist()
    assert len(table) == len(expected)
    assert {row["value"]: row["count"] for row in table} == {value: count for value, (count, _) in expected.items()}
    if weighted:
        assert {row["value"]: row["weight"] for row in table} == {
            value: weight for value, (_, weight) in expected.items()
        }


def test_more_than_memory_may_hold_is_left_to_the_stock_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_counting, "VALUES_BYTES", 1000)
    counts = ValueCounts()
    for _ in range(100):
        counts.add(pa.array([b"the same", b"again"], pa.large_binary()), None)
    with pytest.raises(NotEqualError, match="too many distinct values"):
        counts.add(pa.array([b"%d" % number for number in range(200)], pa.large_binary()), None)


def test_long_values_that_are_no_text_take_no_memory_and_are_told_apart() -> None:
    picture = b"\xff\xd8" + bytes(1 << 20)
    counts = ValueCounts()
    for part in range(20):
        counts.add(pa.array([picture + bytes([part % 10]), b"short", b"a text " * (1 << 12)], pa.large_binary()), None)
    table = counts.table()
    assert sorted(table["count"].to_pylist()) == [*[2] * 10, 20, 20]
    assert table.nbytes < 1 << 16
    for value in table["value"].to_pylist():
        assert value in (b"short", b"a text " * (1 << 12)) or value.startswith(b"\xff\xd8")


def test_statistics_of_large_examples_hold_few_of_them_at_once() -> None:
    largest = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal largest
        for number in range(120):
            picture = b"\xff\xd8" + number.to_bytes(2, "big") + bytes(2 << 20)
            yield pa.RecordBatch.from_pydict({"picture": pa.array([[picture]], pa.large_list(pa.large_binary()))})
            largest = max(largest, pa.total_allocated_bytes())

    before = pa.total_allocated_bytes()
    [made] = generate_statistics(batches(), StatsOptions()).datasets
    assert made.features[0].string_stats.unique == 120
    assert {bucket.label for bucket in made.features[0].string_stats.rank_histogram.buckets} == {"__BYTES_VALUE__"}
    assert largest - before < 100 << 20
