"""The thresholds of an evaluation: what of them failed, what held, and in which words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2, validation_result_pb2

from headrace.contents.evaluation import read_evaluation
from headrace.contents.metrics import Metrics, Slice
from headrace.contents.validation import BASELINE, Check, Measured, checks_of, failures_of
from tests.headrace.written_evaluations import Failed, write_evaluation

CASH: Slice = (("payment", "Cash"),)
CARD: Slice = (("payment", "Card"),)
NOTHING = Measured({}, {})
HIGHER, LOWER = "HIGHER_IS_BETTER", "LOWER_IS_BETTER"


def slice_key(key: Slice) -> metrics_for_slice_pb2.SliceKey:
    singles = [{"column": name, "bytes_value": str(value).encode()} for name, value in key]
    return metrics_for_slice_pb2.SliceKey(single_slice_keys=singles)


def result(
    key: Slice, metric: str, measured: float, threshold: Mapping[str, Any], **of_key: Any
) -> validation_result_pb2.ValidationResult:
    """A validation of which one threshold failed."""
    found = validation_result_pb2.ValidationResult()
    record = found.metric_validations_per_slice.add(slice_key=slice_key(key))
    failure = record.failures.add(metric_key={"name": metric, **of_key})
    failure.metric_value.double_value.value = measured
    json_format.ParseDict(dict(threshold), failure.metric_threshold)
    return found


def changed_by(direction: str = HIGHER, **bounds: float) -> dict[str, Any]:
    return {"changeThreshold": {"direction": direction, **bounds}}


@pytest.mark.parametrize(
    ("threshold", "bound"),
    [
        ({"valueThreshold": {"lowerBound": 0.5}}, "at least 0.5"),
        ({"valueThreshold": {"upperBound": 2}}, "at most 2"),
        ({"valueThreshold": {"upperBound": 2, "lowerBound": 0}}, "at least 0 and at most 2"),
        ({"valueThreshold": {"lowerBound": 1 / 3}}, "at least 0.333333"),
    ],
)
def test_a_value_that_failed_is_told_with_what_was_asked_for(threshold: Mapping[str, Any], bound: str) -> None:
    assert list(failures_of(result(CASH, "recall", 0.25, threshold), NOTHING)) == [
        Check(CASH, "recall", 0.25, bound, held=False)
    ]


@pytest.mark.parametrize(
    ("threshold", "bound"),
    [
        (changed_by(absolute=-0.25), "change of at least -0.25"),
        (changed_by(LOWER, absolute=0.25), "change of at most 0.25"),
        (changed_by(relative=-0.25), "change of at least -25% (-0.1875)"),
        (changed_by(LOWER, relative=0.5), "change of at most 50% (0.375)"),
        (changed_by(absolute=-0.125, relative=0.01), "change of at least -0.125 and at least 1% (0.0075)"),
    ],
)
def test_a_change_that_failed_is_told_with_what_was_asked_for(threshold: Mapping[str, Any], bound: str) -> None:
    measured = Measured({(): {"recall": 0.5}, CASH: {"recall": 0.1}}, {(): {"recall": 0.75}, CASH: {"recall": 0.2}})
    assert list(failures_of(result((), "recall", -0.25, threshold, is_diff=True), measured)) == [
        Check((), "recall", -0.25, f"{bound} {BASELINE}", held=False, is_change=True)
    ]


@pytest.mark.parametrize(
    ("before", "after", "measured", "share"),
    [(0.5, 0.25, -0.25, " (-0.125)"), (None, 0.25, None, ""), (0.5, None, None, " (-0.125)"), (None, None, None, "")],
)
def test_a_change_from_or_to_what_has_no_value_was_not_measured(
    before: float | None, after: float | None, measured: float | None, share: str
) -> None:
    metrics = Measured({CASH: {"auc": after}}, {CASH: {"auc": before}})
    failed = result(CASH, "auc", -0.25, changed_by(relative=-0.25), is_diff=True)
    bound = f"change of at least -25%{share} {BASELINE}"
    assert list(failures_of(failed, metrics)) == [Check(CASH, "auc", measured, bound, held=False, is_change=True)]


@pytest.mark.parametrize(
    ("metric", "mean_label", "measured"),
    [("auc", 0.5, 0.0), ("auc", 0.0, None), ("auc", 1.0, None), ("auc", None, None), ("recall", 0.0, 0.0)],
)
def test_an_auc_of_one_class_that_failed_has_no_value(
    metric: str, mean_label: float | None, measured: float | None
) -> None:
    known: Metrics = {} if mean_label is None else {"mean_label": mean_label}
    failed = result(CASH, metric, 0.0, {"valueThreshold": {"lowerBound": 0.5}})
    [check] = failures_of(failed, Measured({CASH: known}, {CASH: {"mean_label": 0.25}}))
    assert check == Check(CASH, metric, measured, "at least 0.5", held=False)


def test_each_of_several_failures_is_told() -> None:
    least = {"valueThreshold": {"lowerBound": 0.5}}
    found = result(CASH, "auc", 0.25, least)
    found.MergeFrom(result(CARD, "auc", 0.125, least))
    found.metric_validations_per_slice[0].failures.extend(
        result(CASH, "recall", 0.375, least).metric_validations_per_slice[0].failures
    )
    assert [(one.slice, one.metric, one.measured) for one in failures_of(found, NOTHING)] == [
        (CASH, "auc", 0.25),
        (CASH, "recall", 0.375),
        (CARD, "auc", 0.125),
    ]


def test_slices_and_pairs_that_are_missing_are_failures_before_all_others() -> None:
    found = result(CASH, "auc", 0.25, {"valueThreshold": {"lowerBound": 0.5}})
    found.missing_slices.add(feature_keys=["hour"], feature_values={"payment": "Coin", "day": "1"})
    found.missing_slices.add(feature_values={"payment": "Barter"})
    pair = found.missing_cross_slices.add(baseline_spec={"feature_values": {"payment": "Card"}})
    pair.slicing_specs.add(feature_values={"payment": "Cash"})
    pair.slicing_specs.add(feature_keys=["hour"])
    assert [(one.slice, one.metric, one.measured, one.bound, one.held) for one in failures_of(found, NOTHING)] == [
        ((("hour", "(any)"), ("day", "1"), ("payment", "Coin")), "example_count", 0.0, "at least 1", False),
        ((("payment", "Barter"),), "example_count", 0.0, "at least 1", False),
        (CARD, "comparisons with payment = Cash or hour = (any)", 0.0, "at least 1", False),
        (CASH, "auc", 0.25, "at least 0.5", False),
    ]


def test_a_failure_across_slices_names_both() -> None:
    found = validation_result_pb2.ValidationResult()
    record = found.metric_validations_per_slice.add()
    record.cross_slice_key.baseline_slice_key.CopyFrom(slice_key(CARD))
    record.cross_slice_key.comparison_slice_key.CopyFrom(slice_key(CASH))
    failure = record.failures.add(metric_key={"name": "auc"})
    failure.metric_value.double_value.value = 0.25
    failure.metric_threshold.value_threshold.upper_bound.value = 0.125
    assert list(failures_of(found, NOTHING)) == [
        Check(CARD, "auc less that of payment = Cash", 0.25, "at most 0.125", held=False)
    ]


METRICS: Mapping[Slice, Metrics] = {
    (): {"auc": 0.75, "recall": 0.5, "mean_label": 0.5},
    CASH: {"auc": 0.5, "recall": 0.25, "mean_label": 0.5},
    CARD: {"auc": 0.875, "recall": 0.75, "mean_label": 0.5},
}
LEAST = {"valueThreshold": {"lowerBound": 0.25}}
OF_PAYMENTS = {"featureKeys": ["payment"]}


def auc(**thresholds: Any) -> dict[str, Any]:
    return {"metrics": [{"className": "AUC", **thresholds}]}


def on(*slices: Mapping[str, Any]) -> dict[str, Any]:
    return {"slicingSpecs": list(slices), "threshold": LEAST}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (auc(threshold=LEAST), {(), CASH, CARD}),
        (auc(perSliceThresholds=[on({})]), {()}),
        (auc(perSliceThresholds=[on(OF_PAYMENTS)]), {CASH, CARD}),
        (auc(perSliceThresholds=[on({"featureValues": {"payment": "Cash"}})]), {CASH}),
        (auc(perSliceThresholds=[on({}, OF_PAYMENTS)]), {(), CASH, CARD}),
        (auc(), set()),
    ],
)
def test_what_held_is_told_for_each_slice_that_the_threshold_is_for(
    spec: Mapping[str, Any], expected: set[Slice], tmp_path: Path
) -> None:
    evaluation = read_evaluation(write_evaluation(tmp_path, METRICS, specs=[spec]))
    assert evaluation.failures == ()
    assert {(one.slice, one.metric, one.bound, one.held) for one in evaluation.passed} == {
        (key, "auc", "at least 0.25", True) for key in expected
    }
    assert {one.slice: one.measured for one in evaluation.passed} == {key: METRICS[key]["auc"] for key in expected}
    assert len(evaluation.checks) == len(expected)


def test_what_several_specs_ask_of_one_slice_is_told_once(tmp_path: Path) -> None:
    twice = auc(perSliceThresholds=[on(OF_PAYMENTS), on({"featureValues": {"payment": "Cash"}})])
    evaluation = read_evaluation(write_evaluation(tmp_path, METRICS, specs=[twice]))
    assert sorted(str(one.slice) for one in evaluation.checks) == sorted(map(str, (CASH, CARD)))


def test_nothing_both_failed_and_held(tmp_path: Path) -> None:
    least = {"valueThreshold": {"lowerBound": 0.7}}
    failed = Failed(CASH, "auc", 0.5, {"value_threshold": {"lower_bound": {"value": 0.7}}})
    evaluation = read_evaluation(write_evaluation(tmp_path, METRICS, failed=[failed], specs=[auc(threshold=least)]))
    assert not evaluation.blessed
    assert [(one.slice, one.measured) for one in evaluation.failures] == [(CASH, 0.5)]
    assert {one.slice: one.measured for one in evaluation.passed} == {(): 0.75, CARD: 0.875}


def test_one_metric_may_fail_one_threshold_and_hold_another(tmp_path: Path) -> None:
    thresholds = [
        on(OF_PAYMENTS),
        {"slicingSpecs": [OF_PAYMENTS], "threshold": {"valueThreshold": {"lowerBound": 0.7}}},
    ]
    failed = Failed(CASH, "auc", 0.5, {"value_threshold": {"lower_bound": {"value": 0.7}}})
    folder = write_evaluation(tmp_path, METRICS, failed=[failed], specs=[auc(perSliceThresholds=thresholds)])
    told = {(one.slice, one.bound, one.held) for one in read_evaluation(folder).checks}
    assert told == {
        (CASH, "at least 0.7", False),
        (CASH, "at least 0.25", True),
        (CARD, "at least 0.7", True),
        (CARD, "at least 0.25", True),
    }


def test_the_baselines_own_metrics_are_held_against_no_threshold(tmp_path: Path) -> None:
    both = {**auc(threshold=LEAST), "modelNames": ["candidate", "baseline"]}
    folder = write_evaluation(tmp_path, {(): {"auc": 0.75}}, {(): {"auc": 0.5}}, specs=[both])
    evaluation = read_evaluation(folder)
    assert [(one.slice, one.measured, one.held) for one in evaluation.checks] == [((), 0.75, True)]
    assert evaluation.baseline == {(): {"auc": 0.5}}


def record_of(key: Slice, value: float, *, less: Slice | None = None, model: str = "") -> Any:
    """A record of an AUC, of a slice or of what it is more than in another."""
    record = metrics_for_slice_pb2.MetricsForSlice()
    if less is None:
        record.slice_key.CopyFrom(slice_key(key))
    else:
        record.cross_slice_key.baseline_slice_key.CopyFrom(slice_key(key))
        record.cross_slice_key.comparison_slice_key.CopyFrom(slice_key(less))
    pair = record.metric_keys_and_values.add(key={"name": "auc", "model_name": model, "example_weighted": {}})
    pair.value.double_value.value = value
    return record


def held(config: Mapping[str, Any], *records: Any) -> list[tuple[Slice, str, float | None]]:
    parsed = json_format.ParseDict(dict(config), config_pb2.EvalConfig())
    found = checks_of(validation_result_pb2.ValidationResult(), parsed, records, NOTHING)
    return [(one.slice, one.metric, one.measured) for one in found]


def test_a_threshold_of_slices_is_not_for_pairs_of_them_nor_the_other_way_round() -> None:
    coin: Slice = (("payment", "Coin"),)
    records = [
        record_of(CARD, 0.875),
        *(record_of(CARD, value, less=less) for value, less in ((0.25, CASH), (0.5, coin))),
    ]
    of_card, of_cash = ({"featureValues": {"payment": value}} for value in ("Card", "Cash"))

    def told(**thresholds: Any) -> list[tuple[Slice, str, float | None]]:
        return held({"metricsSpecs": [auc(**thresholds)]}, *records)

    def across(base: Mapping[str, Any], *others: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{"crossSlicingSpecs": [{"baselineSpec": base, "slicingSpecs": list(others)}], "threshold": LEAST}]

    less_cash = (CARD, "auc less that of payment = Cash", 0.25)
    less_coin = (CARD, "auc less that of payment = Coin", 0.5)
    assert told(perSliceThresholds=[on(of_card)]) == [(CARD, "auc", 0.875)]
    assert told(crossSliceThresholds=across(of_card, of_cash)) == [less_cash]
    assert told(crossSliceThresholds=across(of_card, OF_PAYMENTS)) == [less_cash, less_coin]
    assert told(crossSliceThresholds=across(of_cash, of_card)) == []


def test_after_the_baselines_metric_the_candidates_is_held_against_its_threshold() -> None:
    models = [{"name": "candidate"}, {"name": "baseline", "isBaseline": True}]
    spec = {**auc(threshold=LEAST), "modelNames": ["candidate", "baseline"]}
    record = record_of(CARD, 0.5, model="baseline")
    record.metric_keys_and_values.extend(record_of(CARD, 0.75, model="candidate").metric_keys_and_values)
    assert held({"modelSpecs": models, "metricsSpecs": [spec]}, record) == [(CARD, "auc", 0.75)]
