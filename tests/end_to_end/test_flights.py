"""The flights pipeline month by month, on a fourth of the flights of January to April."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from sklearn.metrics import roc_auc_score
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
from tfx.components.trainer.fn_args_utils import DataAccessor, FnArgs
from tfx.components.util.tfxio_utils import get_record_batch_factory_from_artifact
from tfx.types.standard_artifacts import Examples

from headrace.contents.evaluation import read_evaluation
from headrace.metadata import Artifact, MetadataStore, Run, State
from pipelines.flights.features import LABEL, SERVED, transformed_name
from pipelines.flights.model import read_flights
from tests.conftest import ROOT, Command, RecordedRun, from_readme

MONTHS = (1, 2, 3, 4)


@dataclass(frozen=True)
class MonthlyRun:
    """A run for a month: what it printed, and what it recorded."""

    printed: "subprocess.CompletedProcess[str]"
    recorded: RecordedRun

    def inputs(self, node: str, key: str) -> list[Artifact]:
        return self.recorded.store.inputs(self.recorded.executions[node].id)[key]

    def outputs(self, node: str, key: str) -> list[Artifact]:
        return self.recorded.store.outputs(self.recorded.executions[node].id).get(key, [])


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[int, int]]:
    """A folder of months, and how many flights each has."""
    folder, counts = tmp_path_factory.mktemp("flights"), {}
    for month in MONTHS:
        name = f"span-{month:02}/v0/flights.parquet"
        flights = pq.read_table(ROOT / "data" / "flights" / name)
        some = flights.take(list(range(0, len(flights), 4)))
        (folder / name).parent.mkdir(parents=True)
        pq.write_table(some, folder / name)
        counts[month] = len(some)
    return folder, counts


@pytest.fixture(scope="module")
def runs(
    command: Command, rows: tuple[Path, Mapping[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> list[MonthlyRun]:
    """March, April, and March again."""
    home, done = tmp_path_factory.mktemp("home"), []
    for span in (3, 4, 3):
        line = from_readme("headrace run flights --set").replace("=4", f"={span}") + f" --set data_root={rows[0]}"
        printed = command(line, HEADRACE_HOME=str(home))
        assert printed.returncode == 0, printed.stdout + printed.stderr
        store = MetadataStore.open(home / "metadata.sqlite")
        done.append(MonthlyRun(printed, RecordedRun(store, _newest(store))))
    return done


def _newest(store: MetadataStore) -> Run:
    return store.runs("flights")[0]


def spans(artifacts: list[Artifact]) -> list[int]:
    return sorted(int(one.properties["span"]) for one in artifacts)


def test_a_month_is_learned_from_those_before_it_which_are_read_once(runs: list[MonthlyRun]) -> None:
    march, april, again = runs
    assert [spans(one.outputs("SpanBackfill", "examples")) for one in runs] == [[1, 2], [], []]
    assert [spans(one.outputs("ArrowExampleGen", "examples")) for one in runs] == [[3], [4], [3]]
    assert spans(march.inputs("Transform", "examples")) == [1, 2]
    assert spans(april.inputs("Transform", "examples")) == [1, 2, 3]
    assert again.inputs("Transform", "examples") == march.inputs("Transform", "examples")


def test_hyperparameters_are_searched_anew_for_a_new_window_alone(runs: list[MonthlyRun]) -> None:
    states = [one.recorded.executions["Tuner"].state for one in runs]
    assert states == [State.COMPLETE, State.COMPLETE, State.CACHED]
    for one in runs:
        assert one.inputs("Trainer", "hyperparameters") == one.outputs("Tuner", "best_hyperparameters")


def test_flights_are_learned_from_in_one_order_whichever_they_were_written_in(runs: list[MonthlyRun]) -> None:
    transformed = [Examples() for _ in runs[0].outputs("Transform", "transformed_examples")]
    for examples, recorded in zip(transformed, runs[0].outputs("Transform", "transformed_examples"), strict=True):
        examples.uri = recorded.uri
        examples.split_names = str(recorded.properties["split_names"])
    [graph] = runs[0].outputs("Transform", "transform_graph")
    files = [f"{one.uri}/Split-flights/*" for one in transformed]
    factory = get_record_batch_factory_from_artifact(transformed, ["test"])
    accessor = DataAccessor(tf_dataset_factory=None, record_batch_factory=factory, data_view_decode_fn=None)
    forth, back = (
        read_flights(FnArgs(train_files=some, data_accessor=accessor), tft.TFTransformOutput(graph.uri))
        for some in (files, files[::-1])
    )
    assert len(forth.late) > 10_000
    np.testing.assert_array_equal(forth.late, back.late)
    for name, values in forth.features.items():
        np.testing.assert_array_equal(values, back.features[name])


def test_the_model_is_evaluated_on_the_month_by_slices(
    runs: list[MonthlyRun], rows: tuple[Path, Mapping[int, int]]
) -> None:
    for run, month in zip(runs, (3, 4, 3), strict=True):
        [artifact] = run.outputs("Evaluator", "evaluation")
        metrics = read_evaluation(Path(artifact.uri)).metrics
        assert metrics[()]["example_count"] == rows[1][month]
        assert {key[0][0] for key in metrics if key} == {"carrier", "origin", "month"}
        assert [key for key in metrics if key and key[0][0] == "month"] == [(("month", month),)]


def test_it_is_compared_with_the_model_that_was_pushed_before(runs: list[MonthlyRun]) -> None:
    march, april, _ = runs
    assert "baseline_model" not in march.recorded.store.inputs(march.recorded.executions["Evaluator"].id)
    assert march.outputs("Pusher", "pushed_model")[0].properties["pushed"] == 1
    assert april.inputs("Evaluator", "baseline_model") == march.outputs("Trainer", "model")


def test_a_model_is_pushed_if_it_is_blessed_and_else_the_live_one_stays(runs: list[MonthlyRun]) -> None:
    march, april, again = runs
    for run in runs:
        [served] = run.outputs("InfraCheck", "blessing")
        assert served.properties["blessed"] == 1
        [blessing], [pushed] = run.outputs("Evaluator", "blessing"), run.outputs("Pusher", "pushed_model")
        assert blessing.properties["blessed"] == pushed.properties["pushed"]
    april_is_live = april.outputs("Pusher", "pushed_model")[0].properties["pushed"]
    live = (april if april_is_live else march).outputs("Trainer", "model")
    # ML Metadata has one event of an artifact that is the candidate and the live model at once.
    key = "model" if live == again.outputs("Trainer", "model") else "baseline_model"
    assert again.inputs("Evaluator", key) == live


def test_the_next_month_is_predicted_by_the_live_model_from_what_is_known_by_then(
    runs: list[MonthlyRun], rows: tuple[Path, Mapping[int, int]]
) -> None:
    march = runs[0]
    [examples] = march.outputs("next_month", "examples")
    [flights] = [
        [record.numpy() for record in tf.data.TFRecordDataset([str(path)], "GZIP")]
        for path in Path(examples.uri).rglob("*.gz")
    ]
    assert examples.properties["span"] == 4
    assert len(flights) == rows[1][4]
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


def test_where_there_is_no_next_month_the_skip_is_recorded(runs: list[MonthlyRun]) -> None:
    april = runs[1]
    for node in ("next_month", "BulkInferrer"):
        execution = april.recorded.executions[node]
        assert execution.state is State.CANCELED
        assert execution.properties["headrace_skipped"]


def test_the_recorded_auc_is_that_of_what_the_pushed_model_answers(runs: list[MonthlyRun]) -> None:
    march = runs[0]
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
