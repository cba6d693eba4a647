"""The taxi pipeline from CSV files to a pushed model: what it prints, records and makes."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score
from tensorflow_transform import TFTransformOutput

from headrace.contents.evaluation import read_evaluation
from headrace.contents.schema import read_schema
from headrace.metadata import State
from pipelines.taxi.features import LABEL, transformed_name
from tests.conftest import ROOT, RecordedRun, without_notes

NODES = [
    "CsvExampleGen",
    "ImportSchemaGen",
    "StatisticsGen",
    "ExampleValidator",
    "AnomalyGate",
    "Transform",
    "Trainer",
    "latest_blessed_model",
    "Evaluator",
    "Pusher",
]


def records(folder: Path) -> list[bytes]:
    """The serialized examples of a split."""
    files = sorted(str(path) for path in folder.glob("*.gz"))
    return [record.numpy() for record in tf.data.TFRecordDataset(files, "GZIP")]


@pytest.fixture(scope="module")
def trips(taxi_run: RecordedRun) -> list[bytes]:
    """The trips of 2015 and 2016, as Evaluator sees them."""
    return records(Path(taxi_run.output("CsvExampleGen", "examples").uri) / "Split-eval")


@pytest.fixture(scope="module")
def pushed(taxi_run: RecordedRun) -> Path:
    """The folder of the pushed model."""
    return Path(str(taxi_run.output("Pusher", "pushed_model").properties["pushed_destination"]))


def test_the_console_shows_nodes_metrics_the_verdict_the_pushed_model_and_the_logs(
    taxi: "subprocess.CompletedProcess[str]", pushed: Path, home: Path
) -> None:
    for node in NODES:
        assert f"✓ {node} succeeded" in taxi.stdout
    assert "auc 0.9" in taxi.stdout
    assert "\nBlessed: the threshold held.\n  overall (5,469 examples): auc 0.9" in taxi.stdout
    assert "asked: at least 0.92" in taxi.stdout
    assert f"pushed to {pushed}" in taxi.stdout
    assert f"logs in {home}/logs/taxi/" in taxi.stdout
    assert without_notes(taxi.stderr) == ""


def test_every_node_is_recorded_as_complete_with_what_it_used(taxi_run: RecordedRun) -> None:
    executions = taxi_run.executions
    assert sorted(executions) == sorted(NODES)
    for node, execution in executions.items():
        assert execution.state is State.COMPLETE
        if node != "latest_blessed_model":  # a resolver has no executor
            assert float(execution.properties["headrace_cpu_seconds"]) > 0
            assert int(execution.properties["headrace_peak_memory_bytes"]) > 2**20
            assert Path(str(execution.properties["headrace_log"])).is_file()


def test_artifacts_have_tfx_types_and_properties(taxi_run: RecordedRun) -> None:
    outputs = {
        ("CsvExampleGen", "examples"): "Examples",
        ("StatisticsGen", "statistics"): "ExampleStatistics",
        ("ImportSchemaGen", "schema"): "Schema",
        ("ExampleValidator", "anomalies"): "ExampleAnomalies",
        ("AnomalyGate", "blessing"): "DataBlessing",
        ("Transform", "transform_graph"): "TransformGraph",
        ("Transform", "transformed_examples"): "Examples",
        ("Trainer", "model"): "Model",
        ("Evaluator", "evaluation"): "ModelEvaluation",
        ("Evaluator", "blessing"): "ModelBlessing",
        ("Pusher", "pushed_model"): "PushedModel",
    }
    for (node, key), artifact_type in outputs.items():
        artifact = taxi_run.output(node, key)
        assert (artifact.type, artifact.state) == (artifact_type, "LIVE")
        assert Path(artifact.uri).is_dir()
    examples = taxi_run.output("CsvExampleGen", "examples").properties
    assert examples["split_names"] == '["train", "eval"]'
    assert "split:train,num_files:2" in str(examples["input_fingerprint"])
    assert taxi_run.output("AnomalyGate", "blessing").properties["tolerated"] == 0
    assert taxi_run.output("Evaluator", "blessing").properties["blessed"] == 1


def test_the_splits_are_the_years(taxi_run: RecordedRun, trips: list[bytes]) -> None:
    train = records(Path(taxi_run.output("CsvExampleGen", "examples").uri) / "Split-train")

    def year(trip: bytes) -> int:
        second = tf.train.Example.FromString(trip).features.feature["trip_start_timestamp"].int64_list.value[0]
        return int(np.datetime64(second, "s").astype("datetime64[Y]").astype(int) + 1970)

    assert len(train) == 4388 + 5145
    assert {year(trip) for trip in train} == {2013, 2014}
    assert len(trips) == 4636 + 833
    assert {year(trip) for trip in trips} == {2015, 2016}


def test_the_schema_used_is_the_curated_one(taxi_run: RecordedRun) -> None:
    used = Path(taxi_run.output("ImportSchemaGen", "schema").uri)
    assert read_schema(used) == read_schema(ROOT / "pipelines" / "taxi")


def test_training_and_serving_see_the_same_features(taxi_run: RecordedRun, pushed: Path, trips: list[bytes]) -> None:
    transform = TFTransformOutput(taxi_run.output("Transform", "transform_graph").uri)
    trained_on = records(Path(taxi_run.output("Transform", "transformed_examples").uri) / "Split-eval")
    parsed = tf.io.parse_example(trained_on, transform.transformed_feature_spec())
    served = tf.saved_model.load(str(pushed)).signatures["transform_features"](tf.constant(trips))
    assert set(parsed) == set(served)
    for name in parsed:
        # Beam does not keep the order of examples.
        np.testing.assert_allclose(np.sort(parsed[name].numpy()), np.sort(served[name].numpy()), rtol=1e-5)


def test_the_pushed_model_predicts_from_trips_whose_tip_is_not_known(
    taxi_run: RecordedRun, pushed: Path, trips: list[bytes]
) -> None:
    def without_tip(trip: bytes) -> bytes:
        example = tf.train.Example.FromString(trip)
        del example.features.feature["tips"]
        return bytes(example.SerializeToString())

    signatures = tf.saved_model.load(str(pushed)).signatures
    labels = signatures["transform_features"](tf.constant(trips))[transformed_name(LABEL)].numpy()
    answer = signatures["serving_default"](tf.constant([without_tip(trip) for trip in trips]))
    probabilities = answer["probability"].numpy()
    assert probabilities.shape == (len(trips), 1)
    measured = roc_auc_score(labels, probabilities[:, 0])
    recorded = read_evaluation(Path(taxi_run.output("Evaluator", "evaluation").uri)).metrics[()]["auc"]
    assert recorded == pytest.approx(measured, abs=2e-3)  # TFMA's AUC is interpolated between 10,000 thresholds
    assert measured > 0.93


def test_the_evaluation_has_the_slices_asked_for(taxi_run: RecordedRun) -> None:
    evaluation = read_evaluation(Path(taxi_run.output("Evaluator", "evaluation").uri))
    sliced_by = {key[0][0] for key in evaluation.metrics if key}
    assert sliced_by == {"payment_type", "company", "trip_start_hour"}
    assert evaluation.metrics[()]["example_count"] == 5469


def test_a_tf1_session_can_load_the_model(pushed: Path, trips: list[bytes]) -> None:
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(pushed))
        signature = loaded.signature_def["serving_default"]
        answer = session.run(
            signature.outputs["probability"].name, {signature.inputs["examples"].name: np.array(trips[:3], object)}
        )
    assert answer.shape == (3, 1)
