import inspect

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.acceleration import integer_lengths

LIMITS = [-(2**63), -1, 0, 9, 10, 2**63 - 1]


def total(update: object, column: pa.Array) -> tuple[int, int]:
    stats = integer_lengths._StringStats()
    update(stats, column)  # type: ignore[operator]
    update(stats, column)  # type: ignore[operator]
    return stats.total_bytes_length, stats.invalid_utf8_count


@given(st.lists(st.none() | st.lists(st.sampled_from(LIMITS) | st.integers(-(2**63), 2**63 - 1)), min_size=1))
def test_integers_are_as_long_as_tfdv_says(values: list[list[int] | None]) -> None:
    column = pa.array(values, pa.list_(pa.int64()))
    assert total(integer_lengths._update, column) == total(integer_lengths._stock_update, column)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1, 2**64 - 1], None], pa.list_(pa.uint64())),
        pa.array([[[12], []], None], pa.list_(pa.list_(pa.int32()))),
        pa.array([[b"a", b"\xff"], [b"bcd"]], pa.large_list(pa.large_binary())),
        pa.array([[1.5, -2.25]], pa.list_(pa.float32())),
        pa.array([None, None], pa.null()),
        pa.array([None], pa.list_(pa.int64())),
        pa.array([], pa.list_(pa.int64())),
    ],
)
def test_other_columns_are_what_they_were(column: pa.Array) -> None:
    assert total(integer_lengths._update, column) == total(integer_lengths._stock_update, column)


def test_tfdv_still_takes_integers_one_by_one() -> None:
    # When this fails, upstream has mended it, and headrace/acceleration/integer_lengths.py can go.
    assert "np.vectorize" in inspect.getsource(integer_lengths._stock_update)
