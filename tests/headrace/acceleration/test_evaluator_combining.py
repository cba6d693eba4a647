"""TFMA's combiners fed with columns, beside the same combiners fed with one example after another."""

from typing import Any

import numpy as np
import pytest
import tfx.components  # noqa: F401 - before TFMA
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.metrics.metric_types import DerivedMetricComputation, MetricComputation
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import util

from headrace.acceleration import evaluator_combining
from headrace.acceleration.evaluator_columns import Batch
from headrace.acceleration.evaluator_combining import adding
from headrace.acceleration.evaluator_confusion import faster

KNOWN = ("ExampleCount", "MeanLabel", "BinaryCrossentropy", "AUC", "CalibrationPlot", "Recall")
SHARES = st.sampled_from([0.0, 1.0, 0.25])


def computations(*names: str, weighted: bool) -> tuple[config_pb2.EvalConfig, list[Any]]:
    config = config_pb2.EvalConfig(model_specs=[{}])
    spec = config.metrics_specs.add(metrics=[{"class_name": name} for name in names])
    if weighted:
        spec.example_weights.weighted = True
    made = metric_specs.to_computations(list(config.metrics_specs), eval_config=config)
    assert len(made) >= len(names)
    return config, made


def plain(value: Any) -> Any:
    """An accumulator's output, as numbers in lists."""
    if isinstance(value, dict):
        return [number for one in value.values() for number in plain(one)]
    if isinstance(value, list | tuple):
        return [number for one in value for number in plain(one)]
    if hasattr(value, "__slots__"):
        return [getattr(value, name) for name in value.__slots__]
    return plain(list(vars(value).values())) if hasattr(value, "__dict__") else [value]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(SHARES, st.floats(-0.5, 1.5, width=32), st.sampled_from([0.0, 0.5, 3.0])), min_size=1),
    st.booleans(),
    st.sampled_from([np.float32, np.float64]),
)
def test_known_combiners_give_what_they_give_one_by_one(
    rows: list[tuple[float, float, float]], weighted: bool, kind: type[Any]
) -> None:
    columns = np.array(rows, kind)
    extracts = {"labels": columns[:, 0], "predictions": columns[:, 1:2], "example_weights": columns[:, 2]}
    config, all_of_them = computations(*KNOWN, weighted=weighted)
    combiners = [one.combiner for one in all_of_them if isinstance(one, MetricComputation)]
    assert {type(combiner) for combiner in combiners} == set(evaluator_combining._PREPARE)
    for combiner in combiners:
        combiner.setup()
        add = adding(combiner, Batch(extracts, len(rows), config))
        assert add is not None, combiner
        some, others = np.arange(0, len(rows), 2), np.arange(1, len(rows), 2)
        ours = add(add(combiner.create_accumulator(), some), others)
        theirs = combiner.create_accumulator()
        for example in util.split_extracts(extracts):
            theirs = combiner.add_input(theirs, metric_types.StandardMetricInputs(example))
        found, expected = combiner.extract_output(ours), combiner.extract_output(theirs)
        assert found.keys() == expected.keys()
        assert plain(found) == pytest.approx(plain(expected), rel=1e-6, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([0.0, 1.5], np.float32),  # no share of a positive
        np.array([b"yes", b"no"], object),
        np.array([[1, 0], [0, 1]]),  # two labels for an example
        np.array([[], []]),
    ],
    ids=str,
)
def test_examples_that_tfma_has_to_look_at_are_left_to_it(labels: Any) -> None:
    config, [first, *_] = computations("AUC", weighted=False)
    batch = Batch({"labels": labels, "predictions": np.array([0.5, 0.25])}, 2, config)
    assert adding(first.combiner, batch) is None


@pytest.mark.parametrize("options", ["binarize { class_ids { values: 1 } }", "aggregate { micro_average: true }"])
def test_classes_made_binary_are_left_to_tfma(options: str) -> None:
    text = f'model_specs {{}} metrics_specs {{ {options} metrics {{ class_name: "AUC" }} }}'
    config = text_format.Parse(text, config_pb2.EvalConfig())
    first, *_ = metric_specs.to_computations(list(config.metrics_specs), eval_config=config)
    columns = {"labels": np.array([0, 1]), "predictions": np.array([0.5, 0.25])}
    assert adding(first.combiner, Batch(columns, 2, config)) is None


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(SHARES, st.floats(-0.5, 1.5) | st.sampled_from([0.0, 1e-4, 0.5, 1.0]), SHARES)),
    st.sampled_from([2, 3, 200, 10_000]),
)
def test_matrices_from_a_histogram_are_those_of_the_loops(rows: list[tuple[float, float, float]], count: int) -> None:
    config = config_pb2.EvalConfig(model_specs=[{}])
    metric = {"class_name": "AUC", "config": f'"num_thresholds": {count}'}
    config.metrics_specs.add(metrics=[metric]).example_weights.weighted = True
    counted, matrices, *_ = metric_specs.to_computations(list(config.metrics_specs), eval_config=config)
    columns = np.array(rows, np.float64).reshape(-1, 3).T
    extracts = dict(zip(("labels", "predictions", "example_weights"), columns, strict=True))
    histogram = counted.combiner.create_accumulator()
    for example in util.split_extracts(extracts):
        histogram = counted.combiner.add_input(histogram, metric_types.StandardMetricInputs(example))
    given_metrics = counted.combiner.extract_output(histogram)
    assert isinstance(matrices, DerivedMetricComputation)
    quick = faster(matrices)
    assert quick.result is not matrices.result
    found, expected = quick.result(given_metrics), matrices.result(given_metrics)
    assert found == expected
    assert {type(number) for number in plain(found)} == {type(number) for number in plain(expected)} == {float}


@pytest.mark.parametrize("metric", ["Precision", "BinaryAccuracy"])
def test_results_that_are_not_of_a_histogram_are_left_as_they_are(metric: str) -> None:
    _, all_of_them = computations(metric, weighted=False)
    derived = [one for one in all_of_them if isinstance(one, DerivedMetricComputation)]
    assert [faster(one) for one in derived] == derived
    assert [faster(one).result for one in derived] == [one.result for one in derived]
