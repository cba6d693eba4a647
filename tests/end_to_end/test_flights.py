"""The flights pipeline month by month, on a sixth of the flights of January to April."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from sklearn.metrics import roc_auc_score
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
from tfx.components.trainer.fn_args_utils import DataAccessor, FnArgs
from tfx.components.util.tfxio_utils import get_record_batch_factory_from_artifact
from tfx.types.standard_artifacts import Examples

from headrace.contents.evaluation import read_evaluation
from headrace.metadata import Artifact, State
from pipelines.flights.features import LABEL, SERVED, transformed_name
from pipelines.flights.model import read_flights
from tests.conftest import MonthlyRun


def spans(artifacts: list[Artifact]) -> list[int]:
    return sorted(int(one.properties["span"]) for one in artifacts)


def test_a_month_is_learned_from_those_before_it_which_are_read_once(flights_runs: list[MonthlyRun]) -> None:
    march, april, again = flights_runs
    assert [spans(one.outputs("SpanBackfill", "examples")) for one in flights_runs] == [[1, 2], [], []]
    assert [spans(one.outputs("ArrowExampleGen", "examples")) for one in flights_runs] == [[3], [4], [3]]
    assert spans(march.inputs("Transform", "examples")) == [1, 2]
    assert spans(april.inputs("Transform", "examples")) == [1, 2, 3]
    assert again.inputs("Transform", "examples") == march.inputs("Transform", "examples")


def test_hyperparameters_are_searched_anew_for_a_new_window_alone(flights_runs: list[MonthlyRun]) -> None:
    states = [one.recorded.executions["Tuner"].state for one in flights_runs]
    assert states == [State.COMPLETE, State.COMPLETE, State.CACHED]
    for one in flights_runs:
        assert one.inputs("Trainer", "hyperparameters") == one.outputs("Tuner", "best_hyperparameters")


def test_flights_are_learned_from_in_one_order_whichever_they_were_written_in(flights_runs: list[MonthlyRun]) -> None:
    transformed = [Examples() for _ in flights_runs[0].outputs("Transform", "transformed_examples")]
    for examples, recorded in zip(
        transformed, flights_runs[0].outputs("Transform", "transformed_examples"), strict=True
    ):
        examples.uri = recorded.uri
        examples.split_names = str(recorded.properties["split_names"])
    [graph] = flights_runs[0].outputs("Transform", "transform_graph")
    files = [f"{one.uri}/Split-flights/*" for one in transformed]
    factory = get_record_batch_factory_from_artifact(transformed, ["test"])
    accessor = DataAccessor(tf_dataset_factory=None, record_batch_factory=factory, data_view_decode_fn=None)
    forth, back = (
        read_flights(FnArgs(train_files=some, data_accessor=accessor), tft.TFTransformOutput(graph.uri))
        for some in (files, files[::-1])
    )
    assert len(forth.late) > 5_000
    np.testing.assert_array_equal(forth.late, back.late)
    for name, values in forth.features.items():
        np.testing.assert_array_equal(values, back.features[name])


def test_the_model_is_evaluated_on_the_month_by_slices(
    flights_runs: list[MonthlyRun], flights_rows: tuple[Path, Mapping[int, int]]
) -> None:
    for run, month in zip(flights_runs, (3, 4, 3), strict=True):
        [artifact] = run.outputs("Evaluator", "evaluation")
        metrics = read_evaluation(Path(artifact.uri)).metrics
        assert metrics[()]["example_count"] == flights_rows[1][month]
        assert {key[0][0] for key in metrics if key} == {"carrier", "origin", "month"}
        assert [key for key in metrics if key and key[0][0] == "month"] == [(("month", month),)]


def test_it_is_compared_with_the_model_that_was_pushed_before(flights_runs: list[MonthlyRun]) -> None:
    march, april, _ = flights_runs
    assert "baseline_model" not in march.recorded.store.inputs(march.recorded.executions["Evaluator"].id)
    assert march.outputs("Pusher", "pushed_model")[0].properties["pushed"] == 1
    assert april.inputs("Evaluator", "baseline_model") == march.outputs("Trainer", "model")


def test_a_model_is_pushed_if_it_is_blessed_and_else_the_live_one_stays(flights_runs: list[MonthlyRun]) -> None:
    march, april, again = flights_runs
    for run in flights_runs:
        [served] = run.outputs("InfraCheck", "blessing")
        assert served.properties["blessed"] == 1
        [blessing], [pushed] = run.outputs("Evaluator", "blessing"), run.outputs("Pusher", "pushed_model")
        assert blessing.properties["blessed"] == pushed.properties["pushed"]
    april_is_live = april.outputs("Pusher", "pushed_model")[0].properties["pushed"]
    live = (april if april_is_live else march).outputs("Trainer", "model")
    judged = again.recorded.store.inputs(again.recorded.executions["Evaluator"].id)
    # If March's model is live it is compared with itself, and of what is read twice ML Metadata keeps one event.
    assert (judged.get("baseline_model") or judged["model"]) == live


def test_the_next_month_is_predicted_by_the_live_model_from_what_is_known_by_then(
    flights_runs: list[MonthlyRun], flights_rows: tuple[Path, Mapping[int, int]]
) -> None:
    march = flights_runs[0]
    [examples] = march.outputs("next_month", "examples")
    [flights] = [
        [record.numpy() for record in tf.data.TFRecordDataset([str(path)], "GZIP")]
        for path in Path(examples.uri).rglob("*.gz")
    ]
    assert examples.properties["span"] == 4
    assert len(flights) == flights_rows[1][4]
    assert set().union(*(tf.train.Example.FromString(one).features.feature for one in flights)) == set(SERVED)
    [result] = march.outputs("BulkInferrer", "inference_result")
    answers = np.array([score for path in Path(result.uri).iterdir() for score in _scores(path)])
    [pushed] = march.outputs("Pusher", "pushed_model")
    model = tf.saved_model.load(str(pushed.properties["pushed_destination"])).signatures["serving_default"]
    expected = model(tf.constant(flights))["probability"].numpy()[:, 0]
    np.testing.assert_allclose(np.sort(answers), np.sort(expected), atol=1e-5)


def _scores(path: Path) -> list[float]:
    logs = [PredictionLog.FromString(record.numpy()) for record in tf.data.TFRecordDataset([str(path)], "GZIP")]
    return [log.predict_log.response.outputs["probability"].float_val[0] for log in logs]


def test_where_there_is_no_next_month_the_skip_is_recorded(flights_runs: list[MonthlyRun]) -> None:
    april = flights_runs[1]
    for node in ("next_month", "BulkInferrer"):
        execution = april.recorded.executions[node]
        assert execution.state is State.CANCELED
        assert execution.properties["headrace_skipped"]


def test_the_recorded_auc_is_that_of_what_the_pushed_model_answers(flights_runs: list[MonthlyRun]) -> None:
    march = flights_runs[0]
    [examples] = march.outputs("ArrowExampleGen", "examples")
    files = [str(path) for path in Path(examples.uri).rglob("*.gz")]
    flights = tf.constant([record.numpy() for record in tf.data.TFRecordDataset(files, "GZIP")])
    [pushed] = march.outputs("Pusher", "pushed_model")
    signatures = tf.saved_model.load(str(pushed.properties["pushed_destination"])).signatures
    late = signatures["transform_features"](flights)[transformed_name(LABEL)].numpy()
    measured = roc_auc_score(late, signatures["serving_default"](flights)["probability"].numpy()[:, 0])
    [evaluation] = march.outputs("Evaluator", "evaluation")
    assert read_evaluation(Path(evaluation.uri)).metrics[()]["auc"] == pytest.approx(measured, abs=2e-3)
    assert measured > 0.64


def test_a_series_ends_with_a_table_that_agrees_with_the_records(
    flights_runs: list[MonthlyRun], flights_rows: tuple[Path, Mapping[int, int]]
) -> None:
    printed = flights_runs[0].printed.stdout.split("and which span's model was live after it\n")[1]
    _, march, april = printed.splitlines()[:3]
    for line, run, month in ((march, flights_runs[0], 3), (april, flights_runs[1], 4)):
        [evaluation], [report] = run.outputs("Evaluator", "evaluation"), run.outputs("DriftMonitor", "drift")
        auc = read_evaluation(Path(evaluation.uri)).metrics[()]["auc"]
        [blessing] = run.outputs("Evaluator", "blessing")
        assert line.split()[:4] == [
            str(month),
            f"{flights_rows[1][month]:,}",
            str(report.properties["drifted"]),
            f"{auc:.4f}",
        ]
        assert line.split()[5] == ("blessed" if blessing.properties["blessed"] else "rejected")
