"""Slices and metrics of an evaluation: their order in figures, and what they are called there."""

from collections.abc import Mapping

from headrace.contents.metrics import EXAMPLE_COUNT, Metrics, Slice, SliceValue

LABEL_LENGTH = 36  # characters of a slice's value


def metric_names(metrics: Mapping[Slice, Metrics]) -> list[str]:
    """The metrics that any slice has, by name."""
    return sorted({name for its in metrics.values() for name in its})


def examples_of(metrics: Metrics) -> int | None:
    """How many examples a slice has; None where that was not measured."""
    count = metrics.get(EXAMPLE_COUNT)
    return None if count is None else round(count)


def slice_order(key: Slice, examples: int | None) -> tuple[object, ...]:
    """By which slices are sorted: features by name; numbers in their order, then texts, the most frequent first."""
    return tuple((feature, *_value_order(value, examples)) for feature, value in key)


def slice_label(key: Slice, examples: int | None) -> str:
    """The value of a slice of one feature, and its number of examples."""
    value = shortened(str(key[0][1]))
    return value if examples is None else f"{value}  ({examples:,})"


def shortened(label: str) -> str:
    """A label that leaves room for the figure."""
    return label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1]}…"


def _value_order(value: SliceValue, examples: int | None) -> tuple[bool, float, str]:
    if isinstance(value, str):
        return True, -(examples or 0), value
    return False, value, ""
