"""What a metric is called and worth, whether more of it is better, and which one comes first."""

import math
from typing import Any

import pytest

from headrace.contents.light_protos import message_class
from headrace.contents.metrics import (
    Slice,
    headline_metric,
    is_auc,
    is_number,
    lower_is_better,
    meaningful,
    metric_name,
    metric_text,
    number,
    slice_of,
    slice_text,
)

METRICS = {"example_count": 9.0, "mean_label": 0.5, "binary_accuracy": 0.9, "auc": 0.8, "mean_squared_error": 0.1}
_FILE = "tensorflow_model_analysis/proto/metrics_for_slice.proto"


def message(kind: str, **fields: Any) -> Any:
    return message_class(_FILE, f"tensorflow_model_analysis.{kind}")(**fields)


@pytest.mark.parametrize(
    ("asked_for", "expected"),
    [
        ((), "auc"),
        (("BinaryAccuracy",), "binary_accuracy"),
        (("MeanSquaredError",), "mean_squared_error"),
        (("Unheard", "binary_accuracy"), "binary_accuracy"),
        (("BinaryAccuracy", "AUC"), "binary_accuracy"),
        (("ExampleCount",), "auc"),
    ],
)
def test_a_metric_with_a_threshold_comes_first(asked_for: tuple[str, ...], expected: str) -> None:
    assert headline_metric(METRICS, asked_for) == expected


@pytest.mark.parametrize("name", ["example_count", "weighted_example_count", "mean_label", "mean_prediction"])
def test_what_says_nothing_of_quality_never_comes_first(name: str) -> None:
    assert headline_metric({name: 9.0}) is None
    assert headline_metric({name: 9.0}, (name,)) is None
    assert headline_metric({name: 9.0, "auc": None, "recall": 0.5}) == "recall"


def test_of_common_metrics_an_auc_comes_first_then_accuracies_then_what_is_there() -> None:
    common = ["auc", "binary_accuracy", "sparse_categorical_accuracy", "categorical_accuracy", "accuracy"]
    for first, name in enumerate(common):
        assert headline_metric({"recall": 0.5, **dict.fromkeys(reversed(common[first:]), 0.5)}) == name
    assert headline_metric({"recall": 0.5, "precision": 0.5}) == "recall"
    assert headline_metric({}) is None


@pytest.mark.parametrize(
    "name",
    [
        "binary_crossentropy",
        "mean_squared_error",
        "loss",
        "false_positives",
        "false_negatives",
        "fpr",
        "fnr",
        "kullback_leibler_divergence",
        "standard_deviation",
        "likes: loss",
    ],
)
def test_losses_and_errors_are_better_where_they_are_lower(name: str) -> None:
    assert lower_is_better(name)


@pytest.mark.parametrize("name", ["auc", "binary_accuracy", "recall", "precision", "true_positives", "ndcg"])
def test_of_other_metrics_more_is_better(name: str) -> None:
    assert not lower_is_better(name)


def test_a_metric_is_told_in_words() -> None:
    told = {"auc": "AUC", "binary_accuracy": "binary accuracy", "rmse": "RMSE", "roc_auc": "roc AUC", "aucs": "aucs"}
    assert {name: metric_text(name) for name in told} == told


@pytest.mark.parametrize(
    ("name", "expected"),
    [("auc", True), ("AUC", True), ("roc_auc", True), ("likes: auc", True), ("likes:auc", True), ("sauce", False)],
)
def test_an_auc_is_known_by_its_name(name: str, expected: bool) -> None:
    assert is_auc(name) is expected


@pytest.mark.parametrize(
    ("name", "value", "mean_label", "expected"),
    [
        ("auc", 0.0, 0.0, None),
        ("auc", 0.0, 1.0, None),
        ("auc", 0.75, 1.0, None),
        ("auc", 0.0, 0.5, 0.0),
        ("auc", 0.0, None, None),
        ("auc", 0.25, None, 0.25),
        ("auc", None, None, None),
        ("recall", 0.0, 0.0, 0.0),
        ("recall", 0.0, None, 0.0),
    ],
)
def test_an_auc_means_something_only_where_there_are_labels_of_two_classes(
    name: str, value: float | None, mean_label: float | None, expected: float | None
) -> None:
    assert meaningful(name, value, mean_label) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"double_value": {"value": 0.5}}, 0.5),
        ({"double_value": {"value": 0.0}}, 0.0),
        ({"double_value": {"value": math.nan}}, None),
        ({"bounded_value": {"value": {"value": 0.5}, "lower_bound": {"value": 0.25}}}, 0.5),
        ({"t_distribution_value": {"unsampled_value": {"value": 0.5}, "sample_mean": {"value": 0.25}}}, 0.5),
        ({"t_distribution_value": {"unsampled_value": {"value": math.nan}}}, None),
    ],
)
def test_a_number_is_read_however_tfma_has_it(value: dict[str, Any], expected: float | None) -> None:
    recorded = message("MetricValue", **value)
    assert (is_number(recorded), number(recorded)) == (True, expected)


@pytest.mark.parametrize("value", [{"bytes_value": b"x"}, {"confusion_matrix_at_thresholds": {}}, {}])
def test_what_is_no_single_number_has_no_value(value: dict[str, Any]) -> None:
    recorded = message("MetricValue", **value)
    assert (is_number(recorded), number(recorded)) == (False, None)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ({"name": "auc"}, "auc"),
        ({"name": "auc", "output_name": "likes"}, "likes: auc"),
        ({"name": "precision", "sub_key": {"class_id": {"value": 2}}}, "precision (class_id 2)"),
        (
            {"name": "precision", "output_name": "likes", "sub_key": {"class_id": {"value": 0}, "k": {"value": 3}}},
            "likes: precision (class_id 0, k 3)",
        ),
    ],
)
def test_a_metric_is_named_with_its_output_and_class(key: dict[str, Any], expected: str) -> None:
    assert metric_name(message("MetricKey", **key)) == expected


@pytest.mark.parametrize(
    ("singles", "expected"),
    [
        ([], ()),
        ([{"column": "payment", "bytes_value": b"Cash"}], (("payment", "Cash"),)),
        ([{"column": "hour", "int64_value": 3}, {"column": "fare", "float_value": 0.5}], (("hour", 3), ("fare", 0.5))),
        ([{"column": "name", "bytes_value": b"Caf\xe9"}], (("name", "Caf\ufffd"),)),
    ],
)
def test_a_slice_has_values_of_the_kind_that_they_were(singles: list[dict[str, Any]], expected: Slice) -> None:
    found = slice_of(message("SliceKey", single_slice_keys=singles))
    assert found == expected
    assert [type(value) for _, value in found] == [type(value) for _, value in expected]


@pytest.mark.parametrize(
    ("key", "expected"),
    [((), "overall"), ((("hour", 0),), "hour = 0"), ((("hour", 3), ("payment", "Cash")), "hour = 3, payment = Cash")],
)
def test_a_slice_is_told_with_all_its_values(key: Slice, expected: str) -> None:
    assert slice_text(key) == expected
