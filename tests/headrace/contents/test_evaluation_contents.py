"""Evaluations as TFMA computes and writes them, from predictions that are columns of the examples."""

import shutil
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx_bsl.arrow import table_util

from headrace.contents.evaluation import Evaluation, read_evaluation, read_findings
from headrace.contents.metrics import Slice

BASELINE = "against the baseline model"
OVERALL: Slice = ()
CARD: Slice = (("payment", "Card"),)
CASH: Slice = (("payment", "Cash"),)
FIRST_HOUR: Slice = (("hour", 0),)


def examples() -> pd.DataFrame:
    """Tips by card only, so that cash has labels of one class; the baseline ranks them better, and not perfectly."""
    draw = np.random.default_rng(7)
    card = np.arange(200) % 2 == 0
    label = np.where(card, draw.integers(0, 2, 200), 0)
    return pd.DataFrame(
        {
            "payment": np.where(card, "Card", "Cash"),
            "hour": np.arange(200) % 3,
            "label": label,
            "candidate": 0.3 * label + 0.7 * draw.random(200),
            "baseline": 0.4 * label + 0.6 * draw.random(200),
        }
    )


def evaluate(
    folder: Path,
    metrics: list[config_pb2.MetricConfig],
    models: list[config_pb2.ModelSpec],
    cross_slices: list[config_pb2.CrossSlicingSpec] | None = None,
) -> Evaluation:
    config = config_pb2.EvalConfig(
        model_specs=models,
        slicing_specs=[config_pb2.SlicingSpec(), by("payment"), by("hour")],
        cross_slicing_specs=cross_slices,
        metrics_specs=[config_pb2.MetricsSpec(metrics=metrics, model_names=[model.name for model in models])],
    )
    kind = tfma.constants.MATERIALIZED_PREDICTION
    shared = [
        tfma.EvalSharedModel(model_name=model.name, model_path="", model_type=kind, is_baseline=model.is_baseline)
        for model in models
    ]
    batch = table_util.CanonicalizeRecordBatch(pa.RecordBatch.from_pandas(examples()))
    writers = tfma.default_writers(str(folder), shared, config)
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        evaluation = tfma.ExtractEvaluateAndWriteResults(shared, config, writers=writers, output_path=str(folder))
        _ = pipeline | beam.Create([batch]) | evaluation
    return read_evaluation(folder)


def by(feature: str) -> config_pb2.SlicingSpec:
    return config_pb2.SlicingSpec(feature_keys=[feature])


def only(feature: str, value: str) -> config_pb2.SlicingSpec:
    return config_pb2.SlicingSpec(feature_values={feature: value})


def model(name: str) -> config_pb2.ModelSpec:
    baseline = name == "baseline"
    return config_pb2.ModelSpec(name=name, prediction_key=name, label_key="label", is_baseline=baseline)


def at_least(bound: float) -> config_pb2.MetricThreshold:
    return config_pb2.MetricThreshold(value_threshold={"lower_bound": {"value": bound}})


def on(threshold: config_pb2.MetricThreshold, *slices: config_pb2.SlicingSpec) -> config_pb2.PerSliceMetricThreshold:
    return config_pb2.PerSliceMetricThreshold(slicing_specs=slices, threshold=threshold)


@pytest.fixture(scope="module")
def rejected(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    loss = config_pb2.MetricThreshold(
        change_threshold={
            "direction": config_pb2.MetricDirection.HIGHER_IS_BETTER,
            "absolute": {"value": -0.003},
            "relative": {"value": -0.01},
        }
    )
    thresholds = [
        on(at_least(0.99), config_pb2.SlicingSpec(), by("payment")),
        on(at_least(0.5), only("payment", "Barter")),
    ]
    auc = config_pb2.MetricConfig(
        class_name="AUC", per_slice_thresholds=[*thresholds, on(loss, config_pb2.SlicingSpec())]
    )
    entropy_loss = config_pb2.MetricThreshold(
        value_threshold={"lower_bound": {"value": 0}, "upper_bound": {"value": 5}},
        change_threshold={"direction": config_pb2.MetricDirection.LOWER_IS_BETTER, "absolute": {"value": 1}},
    )
    entropy = config_pb2.MetricConfig(
        class_name="BinaryCrossentropy", per_slice_thresholds=[on(entropy_loss, config_pb2.SlicingSpec())]
    )
    pair = config_pb2.CrossSlicingSpec(baseline_spec=only("payment", "Card"), slicing_specs=[only("payment", "Cash")])
    count = config_pb2.MetricConfig(
        class_name="ExampleCount", cross_slice_thresholds=[{"cross_slicing_specs": [pair], "threshold": at_least(0)}]
    )
    metrics = [count, auc, entropy]
    metrics.append(config_pb2.MetricConfig(class_name="ConfusionMatrixAtThresholds", config='{"thresholds": [0.5]}'))
    return evaluate(tmp_path_factory.mktemp("rejected"), metrics, [model("candidate"), model("baseline")], [pair])


@pytest.fixture(scope="module")
def accepted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("accepted")


@pytest.fixture(scope="module")
def accepted(accepted_folder: Path) -> Evaluation:
    auc = config_pb2.MetricConfig(
        class_name="AUC",
        config='{"name": "roc_auc"}',
        per_slice_thresholds=[on(at_least(0.6), config_pb2.SlicingSpec())],
    )
    metrics = [auc, config_pb2.MetricConfig(class_name="MeanLabel")]
    metrics.append(config_pb2.MetricConfig(class_name="Precision", config='{"thresholds": 0.99}'))
    return evaluate(accepted_folder, metrics, [model("candidate")])


@pytest.mark.usefixtures("accepted")
@pytest.mark.parametrize("read", [read_findings, read_evaluation])
@pytest.mark.parametrize("kind", ["metrics", "validations"])
def test_a_damaged_file_is_named(
    accepted_folder: Path, tmp_path: Path, read: Callable[[Path], object], kind: str
) -> None:
    folder = shutil.copytree(accepted_folder, tmp_path / "damaged")
    [file] = folder.glob(f"{kind}*.tfrecord")
    for content in (file.read_bytes()[:-3], file.read_bytes().replace(b"\n", b"\xff")):
        file.write_bytes(content)
        with pytest.raises(ValueError, match="is damaged: ") as raised:
            read(folder)
        assert str(file) in str(raised.value)


def test_metrics_are_read_by_slice(rejected: Evaluation) -> None:
    assert rejected.examples(OVERALL) == 200
    assert rejected.examples(FIRST_HOUR) == 67
    assert {key for key in rejected.metrics if key and key[0][0] == "payment"} == {CARD, CASH}


def test_the_baselines_metrics_are_kept_apart(rejected: Evaluation, accepted: Evaluation) -> None:
    candidate, baseline = rejected.metrics[CARD]["auc"], rejected.baseline[CARD]["auc"]
    assert candidate is not None
    assert baseline is not None
    assert candidate < baseline
    assert accepted.baseline == {}


def test_a_metric_that_is_no_single_number_is_left_out(rejected: Evaluation) -> None:
    assert set(rejected.metrics[OVERALL]) == {"auc", "binary_crossentropy", "example_count"}


def test_the_auc_of_a_single_class_has_no_value(rejected: Evaluation, accepted: Evaluation) -> None:
    assert rejected.metrics[CASH]["auc"] is None
    assert accepted.metrics[CASH]["roc_auc"] is None
    assert accepted.metrics[CASH]["mean_label"] == 0


def test_a_metric_that_is_not_a_number_has_no_value(accepted: Evaluation) -> None:
    assert accepted.metrics[OVERALL]["precision"] is None


def test_a_rejection_lists_every_threshold_that_failed(rejected: Evaluation) -> None:
    assert not rejected.blessed
    failures = {(check.slice, check.metric, check.bound) for check in rejected.failures}
    assert {check[0] for check in failures} == {OVERALL, CARD, CASH, (("payment", "Barter"),)}
    assert (CARD, "auc", "at least 0.99") in failures


def test_a_failure_has_the_measured_value(rejected: Evaluation) -> None:
    (failure,) = (check for check in rejected.failures if (check.slice, check.metric) == (CARD, "auc"))
    assert failure.measured == rejected.metrics[CARD]["auc"]


def test_a_failure_on_a_single_class_has_no_measured_value(rejected: Evaluation) -> None:
    (failure,) = (check for check in rejected.failures if check.slice == CASH)
    assert failure.measured is None


def test_a_change_is_measured_against_the_baseline(rejected: Evaluation) -> None:
    (failure,) = (check for check in rejected.failures if check.is_change)
    candidate, baseline = rejected.metrics[OVERALL]["auc"], rejected.baseline[OVERALL]["auc"]
    assert candidate is not None
    assert baseline is not None
    assert candidate < baseline < 1
    assert failure.measured == pytest.approx(candidate - baseline)
    assert failure.bound == f"change of at least -0.003 and at least -1% ({-0.01 * baseline:.6g}) {BASELINE}"


def test_a_slice_that_was_asked_for_and_is_missing_is_a_failure(rejected: Evaluation) -> None:
    (failure,) = (check for check in rejected.failures if check.slice == (("payment", "Barter"),))
    assert (failure.metric, failure.measured, failure.bound) == ("example_count", 0.0, "at least 1")


def test_what_held_is_listed_beside_what_failed(rejected: Evaluation) -> None:
    bounds = {check.bound for check in rejected.passed if check.metric == "binary_crossentropy"}
    assert bounds == {"at least 0 and at most 5", f"change of at most 1 {BASELINE}"}
    failed, held = ({(one.slice, one.metric, one.bound) for one in its} for its in (rejected.failures, rejected.passed))
    assert not failed & held
    assert len(rejected.failures) + len(rejected.passed) == len(rejected.checks) == len(failed | held)


def test_an_accepted_model_has_the_thresholds_that_held(accepted: Evaluation) -> None:
    assert accepted.blessed
    assert accepted.failures == ()
    (auc,) = (check for check in accepted.passed if check.metric == "roc_auc")
    assert (auc.slice, auc.measured, auc.bound) == (OVERALL, accepted.metrics[OVERALL]["roc_auc"], "at least 0.6")


def test_a_threshold_across_slices_names_both(rejected: Evaluation) -> None:
    (check,) = (check for check in rejected.passed if "less" in check.metric)
    assert (check.slice, check.metric, check.measured) == (CARD, "example_count less that of payment = Cash", 0.0)


def test_tfmas_own_failure_to_count_pairs_of_slices_is_told(rejected: Evaluation) -> None:
    assert (CARD, "comparisons with payment = Cash") in {(check.slice, check.metric) for check in rejected.failures}


def test_a_folder_without_an_evaluation_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"eval_config\.json"):
        read_evaluation(tmp_path)


@pytest.mark.parametrize("evaluation", ["rejected", "accepted"])
def test_findings_are_the_evaluation_without_what_held(
    evaluation: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = request.getfixturevalue(evaluation)
    found = read_findings(tmp_path_factory.getbasetemp() / f"{evaluation}0")
    assert (found.metrics, found.baseline, found.failures) == (whole.metrics, whole.baseline, whole.failures)
    assert bool(found.failures) == (evaluation == "rejected")


def test_findings_of_a_damaged_file_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_findings(tmp_path)
    (tmp_path / "eval_config.json").write_text("{}")
    (tmp_path / "metrics-00000-of-00001.tfrecord").write_bytes(b"no records")
    with pytest.raises(ValueError, match="in the middle of a record"):
        read_findings(tmp_path)
