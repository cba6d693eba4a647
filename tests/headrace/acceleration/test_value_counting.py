"""Values counted over many parts, beside Python's own counting."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.acceleration import value_counting
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
