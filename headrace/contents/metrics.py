"""Metrics that TFMA recorded for slices of the examples, as plain names and numbers.

Nothing here imports TFMA (nine seconds): it takes the messages that the caller has read.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorflow_model_analysis.proto import metrics_for_slice_pb2

SliceValue = str | int | float
Slice = tuple[tuple[str, SliceValue], ...]
"""Feature and value pairs that all hold; empty for all examples."""

Metrics = Mapping[str, float | None]
"""Metric name to value; None where the metric has no meaning for the examples at hand."""

OVERALL: Slice = ()
EXAMPLE_COUNT = "example_count"
MEAN_LABEL = "mean_label"
# Metrics of which less is more.
_LOSSES = ("loss", "entropy", "error", "false_positive", "false_negative", "fpr", "fnr", "divergence", "deviation")
_PREFERRED = ("auc", "binary_accuracy", "sparse_categorical_accuracy", "categorical_accuracy", "accuracy")
_ABBREVIATED = ("auc", "mse", "mae", "rmse", "ndcg", "map")
_NO_QUALITY = (EXAMPLE_COUNT, "weighted_example_count", MEAN_LABEL, "mean_prediction")


def slice_text(key: Slice) -> str:
    """A slice in words: "payment_type = Cash", or "overall"."""
    return ", ".join(f"{feature} = {value}" for feature, value in key) or "overall"


def slice_of(key: "metrics_for_slice_pb2.SliceKey") -> Slice:
    """The slice of TFMA's message."""
    return tuple((single.column, _value(single)) for single in key.single_slice_keys)


def metric_name(key: "metrics_for_slice_pb2.MetricKey") -> str:
    """A metric's name, with its output and class where the model has several: "likes: precision (class_id 2)"."""
    parts = [f"{field.name} {part.value}" for field, part in key.sub_key.ListFields()]
    name = f"{key.name} ({', '.join(parts)})" if parts else key.name
    return f"{key.output_name}: {name}" if key.output_name else name


def number(value: "metrics_for_slice_pb2.MetricValue") -> float | None:
    """The metric's value; None for NaN and for what is no single number, such as a confusion matrix."""
    match value.WhichOneof("type"):
        case "double_value":
            found = value.double_value.value
        case "bounded_value":
            found = value.bounded_value.value.value
        case "t_distribution_value":
            found = value.t_distribution_value.unsampled_value.value
        case _:
            return None
    return None if math.isnan(found) else float(found)


def is_number(value: "metrics_for_slice_pb2.MetricValue") -> bool:
    """Whether the metric is a single number, NaN included."""
    return value.WhichOneof("type") in ("double_value", "bounded_value", "t_distribution_value")


def is_auc(name: str) -> bool:
    """Whether a metric's name says that it is an area under a curve."""
    return "auc" in name.lower().replace(":", " ").replace("_", " ").split()


def meaningful(name: str, value: float | None, mean_label: float | None) -> float | None:
    """The metric's `value`, or None for an AUC of examples whose labels are all of one class.

    There is no ranking to judge among examples of one class; TFMA says 0.0 then. The
    `mean_label` (TFMA's MeanLabel), where the evaluation has it, tells one class from two.
    Without it an AUC of exactly 0.0 is taken for one class: the other reading, every negative
    ranked above every positive, is possible in a handful of examples, where it says as little.
    """
    if not is_auc(name):
        return value
    one_class = value == 0 if mean_label is None else mean_label in (0, 1)
    return None if one_class else value


def metric_text(name: str) -> str:
    """A metric's name in words: "AUC", "binary accuracy"."""
    return " ".join(word.upper() if word in _ABBREVIATED else word for word in name.replace("_", " ").split(" "))


def lower_is_better(metric: str) -> bool:
    """Whether less of a metric is more, by its name: losses and errors."""
    return any(word in metric.lower() for word in _LOSSES)


def headline_metric(metrics: Metrics, asked_for: tuple[str, ...] = ()) -> str | None:
    """The metric by which a model is shown first: one with a threshold, else a common one; None where there is none.

    Args:
        metrics: those over all examples.
        asked_for: names, in TFMA's spelling of classes or metrics, that a threshold was set for.
    """
    known = [name for name, value in metrics.items() if value is not None and name not in _NO_QUALITY]
    spelled = {name.replace("_", "").lower(): name for name in known}
    wanted = [spelled.get(name.replace("_", "").lower(), "") for name in asked_for]
    return next((name for name in (*wanted, *_PREFERRED, *known) if name in known), None)


def _value(single: "metrics_for_slice_pb2.SingleSliceKey") -> SliceValue:
    match single.WhichOneof("kind"):
        case "bytes_value":
            return str(single.bytes_value, "utf-8", "replace")
        case "int64_value":
            return int(single.int64_value)
        case _:
            return float(single.float_value)
