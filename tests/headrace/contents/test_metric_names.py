"""What a metric is called, whether more of it is better, and which one comes first."""

import pytest

from headrace.contents.metrics import headline_metric, lower_is_better, metric_text

METRICS = {"example_count": 9.0, "mean_label": 0.5, "binary_accuracy": 0.9, "auc": 0.8, "mean_squared_error": 0.1}


@pytest.mark.parametrize(
    ("asked_for", "expected"),
    [((), "auc"), (("BinaryAccuracy",), "binary_accuracy"), (("MeanSquaredError",), "mean_squared_error")],
)
def test_a_metric_with_a_threshold_comes_first(asked_for: tuple[str, ...], expected: str) -> None:
    assert headline_metric(METRICS, asked_for) == expected


def test_what_says_nothing_of_quality_never_comes_first() -> None:
    assert headline_metric({"example_count": 9.0, "mean_label": 0.5}) is None
    assert headline_metric({"example_count": 9.0, "auc": None, "recall": 0.5}) == "recall"


def test_losses_and_errors_are_better_where_they_are_lower() -> None:
    better = ("auc", "binary_accuracy", "recall", "precision")
    assert not any(map(lower_is_better, better))
    assert all(map(lower_is_better, ("binary_crossentropy", "mean_squared_error", "loss")))


def test_a_metric_is_told_in_words() -> None:
    assert [metric_text(name) for name in ("auc", "binary_accuracy")] == ["AUC", "binary accuracy"]
