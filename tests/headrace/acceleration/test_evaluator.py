"""Headrace's Evaluator beside the stock one, both run on the same trips and models."""

import math
from pathlib import Path
from typing import Any

import pytest

from headrace.acceleration.evaluator import Executor
from headrace.acceleration.not_equal import NotEqualError
from headrace.errors import InputDataError
from tests.headrace.acceleration.evaluator_stock import (
    Given,
    StockExecutor,
    assert_equal,
    messages,
    run,
    save_examples,
    save_model,
    save_trips,
)

TIPPED = 'model_specs { label_key: "tipped" } '
COUNT = 'metrics_specs { metrics { class_name: "ExampleCount" } } '
SLICES = """
    slicing_specs {}
    slicing_specs { feature_keys: "company" }
    slicing_specs { feature_keys: "tags" feature_keys: "is_late" }
    slicing_specs { feature_keys: "company" feature_values { key: "hour" value: "5" } }
    slicing_specs { feature_values { key: "company" value: "Blue" } }
"""


def metrics(*names: str, of: str = "") -> str:
    """An EvalConfig's metrics; of which outputs, or with what weights, says `of`."""
    each = " ".join(f'metrics {{ class_name: "{name}" }}' for name in names)
    return f"metrics_specs {{ {of} {each} }} "


def auc(smallest: float) -> str:
    """AUC with thresholds, one of its value and one of its change."""
    return f"""metrics_specs {{ metrics {{ class_name: "AUC" threshold {{
        value_threshold {{ lower_bound {{ value: {smallest} }} }}
        change_threshold {{ absolute {{ value: 0.001 }} direction: HIGHER_IS_BETTER }}
    }} }} }} """


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    folder = tmp_path_factory.mktemp("given")
    for name, slope in {"model": 1.5, "baseline": 0.5}.items():
        save_model(folder / name, slope)
    # More than one batch.
    save_trips(folder / "examples" / "Split-eval", 1200)
    save_trips(folder / "examples" / "Split-train", 40, seed=1)
    return Given([folder / "examples"], folder / "model", TIPPED + COUNT)


def test_binary_classifier_in_slices_of_all_kinds(given: Given, tmp_path: Path) -> None:
    names = ("ExampleCount", "MeanLabel", "Calibration", "BinaryAccuracy", "BinaryCrossentropy", "Precision")
    matrices = """metrics_specs { metrics {
        class_name: "ConfusionMatrixAtThresholds" config: '"thresholds": [0.25, 0.5]'
    } } """
    features = 'model_specs { name: "only" label_key: "tipped" preprocessing_function_names: "transform_features" } '
    config = features + metrics(*names) + matrices + SLICES + auc(0.5)
    folder = assert_equal(given.but(config=config), tmp_path)
    assert len(messages(folder, "metrics")) == 13  # the company Blue is two of them
    assert (folder / "blessing" / "BLESSED").exists()


def test_weights_and_a_baseline(given: Given, tmp_path: Path) -> None:
    models, weighted = 'label_key: "tipped" example_weight_key: "weight"', "example_weights { weighted: true }"
    names = ("ExampleCount", "MeanPrediction", "BinaryCrossentropy", "Precision", "CalibrationPlot")
    config = f"""
        model_specs {{ name: "candidate" {models} }}
        model_specs {{ name: "baseline" is_baseline: true {models} }}
        {metrics(*names, of=weighted)} {auc(0.99)}
        slicing_specs {{}} slicing_specs {{ feature_keys: "company" }}
    """
    folder = assert_equal(given.but(config=config, baseline=given.examples[0].parent / "baseline"), tmp_path)
    [validation] = messages(folder, "validations")
    assert {failure.metric_key.is_diff for failure in validation.metric_validations_per_slice[0].failures} == {False}
    assert (folder / "blessing" / "NOT_BLESSED").exists()


def test_classes_some_of_whose_metrics_want_one_example_after_another(given: Given, tmp_path: Path) -> None:
    names = ("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "MultiClassConfusionMatrixPlot")
    config = (
        'model_specs { label_key: "class" signature_name: "classes" prediction_key: "probabilities" }'
        + metrics(*names)
        + metrics("Precision", of="binarize { class_ids { values: [0, 2] } }")
        + metrics("Recall", of="aggregate { micro_average: true }")
        + 'slicing_specs { feature_keys: "tags" }'
    )
    assert_equal(given.but(config=config), tmp_path)


def test_several_outputs_with_shares_and_numbers_as_labels(given: Given, tmp_path: Path) -> None:
    config = (
        'model_specs { signature_name: "both" '
        'label_keys { key: "tip" value: "share" } label_keys { key: "fare" value: "fare" } }'
        + metrics("BinaryAccuracy", "AUC", "Recall", "MeanLabel", of='output_names: "tip"')
        + metrics("MeanSquaredError", "MeanAbsoluteError", "SquaredPearsonCorrelation", of='output_names: "fare"')
    )
    assert_equal(given.but(config=config), tmp_path)


def test_predictions_among_the_features_examples_of_two_splits_and_a_schema(given: Given, tmp_path: Path) -> None:
    schema = tmp_path / "schema"
    schema.mkdir()
    kinds = {"company": "BYTES", "hour": "INT", "tipped": "INT", "guess": "FLOAT"}
    features = (f'feature {{ name: "{name}" type: {kind} value_count {{ max: 1 }} }}' for name, kind in kinds.items())
    (schema / "schema.pbtxt").write_text("\n".join(features))
    config = (
        'model_specs { label_key: "tipped" prediction_key: "guess" }'
        + metrics("ExampleCount", "AUC")
        + 'slicing_specs {} slicing_specs { feature_keys: "company" } slicing_specs { feature_keys: "tags" }'
    )
    both = {"example_splits": '["train", "eval"]'}
    folder = assert_equal(given.but(config=config, model=None, schema=schema, properties=both), tmp_path)
    # Of the overall slice and three companies; tags are not in the schema.
    counts = [dict_of(one)["example_count"] for one in messages(folder, "metrics")]
    assert (len(counts), max(counts)) == (4, 1240)


def dict_of(sliced: object) -> dict[str, float]:
    pairs = sliced.metric_keys_and_values  # type: ignore[attr-defined]
    return {pair.key.name: pair.value.double_value.value for pair in pairs}


def test_without_thresholds_nothing_is_said_of_the_model(given: Given, tmp_path: Path) -> None:
    folder = assert_equal(given, tmp_path)
    assert not list((folder / "blessing").iterdir())


WEIGHTED_METRICS = [
    "AUC",
    "AUCPrecisionRecall",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "Calibration",
    "CalibrationPlot",
    "ConfusionMatrixPlot",
    "ExampleCount",
    "MeanLabel",
    "MeanPrediction",
    "MeanSquaredError",
    "Precision",
    "PrecisionAtRecall",
    "Recall",
    "SensitivityAtSpecificity",
    "SquaredPearsonCorrelation",
    "WeightedExampleCount",
]


@pytest.mark.parametrize(
    ("weightless", "label"), [(("Blue",), "tipped"), (("Blue", "Grün", "Taxi"), "share")], ids=["slice", "all"]
)
def test_slices_without_weight_have_the_metrics_that_the_stock_executor_gives_them(
    given: Given, tmp_path: Path, weightless: tuple[str, ...], label: str
) -> None:
    save_trips(tmp_path / "examples" / "Split-eval", 60, seed=2, weightless=weightless)
    needs = {"PrecisionAtRecall": "recall", "SensitivityAtSpecificity": "specificity"}
    asked = "".join(
        f"""metrics {{ class_name: "{name}" config: '{f'"{needs[name]}": 0.5' if name in needs else ""}' }} """
        for name in WEIGHTED_METRICS
    )
    config = (
        f'model_specs {{ label_key: "{label}" example_weight_key: "weight" }}'
        f"metrics_specs {{ example_weights {{ weighted: true }} {asked} }} {auc(0.1)}"
        'slicing_specs {} slicing_specs { feature_keys: "company" }'
    )
    assert_equal(given.but(config=config, examples=[tmp_path / "examples"]), tmp_path)


def test_a_split_without_rows_is_judged_as_the_stock_executor_judges_it(given: Given, tmp_path: Path) -> None:
    save_trips(tmp_path / "examples" / "Split-eval", 0)
    config = TIPPED + metrics("ExampleCount", "Calibration") + auc(0.1)
    assert_equal(given.but(config=config, examples=[tmp_path / "examples"]), tmp_path)


QUERY = TIPPED + metrics("ExampleCount", of='query_key: "hour"')
INTERVALS = TIPPED + COUNT + "options { compute_confidence_intervals { value: true } }"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"config": QUERY}, "by query"),
        ({"config": INTERVALS}, "confidence intervals"),
        ({"config": TIPPED + COUNT + 'slicing_specs { slice_keys_sql: "SELECT 1" }'}, "SQL"),
        ({"config": TIPPED + COUNT + "cross_slicing_specs { baseline_spec {} }"}, "compared with slices"),
        ({"config": TIPPED + COUNT + "options { min_slice_size { value: 5 } }"}, "small slices"),
        ({"config": TIPPED + COUNT + 'options { disabled_outputs { values: "plots" } }'}, "left out"),
        ({"config": f'model_specs {{ model_type: "tf_lite" }} {COUNT}'}, "no model with signatures"),
        ({"properties": {"module_file": "evaluation.py"}}, "module_file"),
        ({"properties": {"custom_extractors": "evaluation.extractors"}}, "custom_extractors"),
        ({"properties": {"eval_config": None, "feature_slicing_spec": "{}"}}, "no eval_config"),
        ({"beam_pipeline_args": ["--runner=DataflowRunner"]}, "DataflowRunner"),
        ({"model": "gs://bucket/model"}, "not a path"),
        ({"model": None}, "neither a model nor"),
    ],
    ids=str,
)
def test_what_is_left_to_the_stock_executor(
    given: Given, tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(NotEqualError, match=reason):
        run(Executor, given.but(**changes), tmp_path)
    assert not list((tmp_path / "evaluation").iterdir())


@pytest.mark.parametrize(
    "config",
    ['model_specs { label_key: "tipped" signature_name: "no_such" } ' + COUNT, TIPPED + metrics("NoSuchMetric")],
)
def test_what_the_stock_executor_refuses_is_refused_before_anything_is_written(
    given: Given, tmp_path: Path, config: str
) -> None:
    for executor, name in ((StockExecutor, "stock"), (Executor, "headrace")):
        with pytest.raises((ValueError, RuntimeError), match=r"no_such|NoSuchMetric"):
            run(executor, given.but(config=config), tmp_path / name)
    assert not list((tmp_path / "headrace" / "evaluation").iterdir())


@pytest.mark.parametrize(
    ("change", "name", "told"),
    [
        ({"tipped": None}, "AUC", "1 of 20 examples of a batch has no label 'tipped': "),
        ({"tipped": None}, "BinaryCrossentropy", "1 of 20 examples of a batch has no label 'tipped': "),
        ({"miles": math.nan}, "AUC", "1 of 20 examples of a batch has NaN or infinity for a prediction: "),
    ],
)
def test_an_example_that_metrics_cannot_be_computed_of_is_named(
    given: Given, tmp_path: Path, change: dict[str, Any], name: str, told: str
) -> None:
    rows = [{"miles": index % 4 + 0.5, "hour": index, "tipped": index % 2} for index in range(20)]
    save_examples(tmp_path / "examples" / "Split-eval", [*rows[:-1], rows[-1] | change])
    odd = given.but(examples=[tmp_path / "examples"], config=TIPPED + metrics(name))
    with pytest.raises(InputDataError) as raised:
        run(Executor, odd, tmp_path / "ours")
    assert raised.value.why.startswith(told)
    assert raised.value.where == str(tmp_path / "examples")
    assert not list((tmp_path / "ours" / "evaluation").iterdir())


def test_an_example_without_a_label_or_a_prediction_is_no_fault_where_metrics_do_without(
    given: Given, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [{"miles": 0.5, "hour": index, "tipped": index % 2} for index in range(20)]
    rows[3]["tipped"], rows[4]["miles"] = None, math.nan
    save_examples(tmp_path / "examples" / "Split-eval", rows)
    assert_equal(given.but(examples=[tmp_path / "examples"], config=TIPPED + COUNT), tmp_path)
