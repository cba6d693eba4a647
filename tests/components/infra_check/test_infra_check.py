"""The check against a real small model of real taxi trips, and against models that go wrong."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components import Pusher, Trainer, Transform
from tfx.proto import pusher_pb2, trainer_pb2
from tfx.types.standard_artifacts import InfraBlessing

from components.infra_check.component import InfraCheck
from components.infra_check.served_model import ServedModel
from components.infra_check.training_predictions import TrainingPredictions, known_examples
from headrace.acceleration.example_reading import read_records, split_files
from headrace.contents.serving_check import ServingCheck, read_serving_check
from headrace.metadata import State
from headrace.testing import ComponentResult, artifact, run_component
from headrace.testing.frames import write_frame
from tests.components.infra_check import broken_models
from tests.components.infra_check.broken_models import save
from tests.components.infra_check.small_taxi_model import RECORDED, SKEWED
from tests.conftest import ROOT

COLUMNS = {
    "fare": schema_pb2.FLOAT,
    "trip_miles": schema_pb2.FLOAT,
    "tips": schema_pb2.FLOAT,
    "payment_type": schema_pb2.BYTES,
}
FUNCTIONS = "tests.components.infra_check.small_taxi_model"


@dataclass(frozen=True)
class Trained:
    trips: dict[str, pd.DataFrame]
    graph: Path
    model: Path
    model_run: Path


def trips(year: int, rows: int) -> pd.DataFrame:
    return pd.read_csv(ROOT / f"data/taxi/trips-{year}.csv", usecols=list(COLUMNS), nrows=rows)


@pytest.fixture(scope="module")
def trained() -> Trained:
    """Transform and Trainer on some thousand trips."""
    data = {"train": trips(2014, 2000), "eval": trips(2015, 1000)}
    schema = schema_pb2.Schema(feature=[schema_pb2.Feature(name=name, type=kind) for name, kind in COLUMNS.items()])
    transformed = run_component(
        Transform, examples=data, schema=schema, preprocessing_fn=f"{FUNCTIONS}.preprocessing_fn"
    )
    graph = transformed.outputs["transform_graph"].path
    result = run_component(
        Trainer,
        examples=transformed.outputs["transformed_examples"].path,
        transform_graph=graph,
        run_fn=f"{FUNCTIONS}.run_fn",
        train_args=trainer_pb2.TrainArgs(splits=["train"]),
        eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
    )
    return Trained(data, graph, result.outputs["model"].path, result.outputs["model_run"].path)


@pytest.fixture(scope="module")
def blessed(trained: Trained) -> ComponentResult:
    """The check of the trained model."""
    return checked(trained, model_run=trained.model_run, transform_graph=trained.graph)


def checked(trained: Trained, **arguments: Any) -> ComponentResult:
    result = run_component(InfraCheck, **{"model": trained.model, "examples": trained.trips} | arguments)
    return result.raise_for_state()


def read_check(result: ComponentResult) -> ServingCheck:
    return read_serving_check(result.outputs["blessing"].path)


def refusal(result: ComponentResult) -> str:
    """Why a model was refused: written down where each reader looks, and the run goes on."""
    assert result.state is State.COMPLETE
    blessing = result.outputs["blessing"]
    assert blessing.properties["blessed"] == 0
    assert sorted(path.name for path in blessing.path.iterdir()) == ["INFRA_NOT_BLESSED", "serving_check.json"]
    check = read_serving_check(blessing.path)
    assert blessing.properties["reason"] == check.reason
    assert f"Not blessed as served: {check.reason}" in result.log
    return check.reason


def test_a_trained_model_is_blessed_as_infra_validator_does(blessed: ComponentResult) -> None:
    blessing = blessed.outputs["blessing"]
    assert blessing.type_name == "InfraBlessing"
    assert blessing.properties["blessed"] == 1
    assert sorted(path.name for path in blessing.path.iterdir()) == ["INFRA_BLESSED", "serving_check.json"]


def test_each_example_is_sent_alone_and_in_a_batch_and_time_and_memory_are_noted(blessed: ComponentResult) -> None:
    check = read_check(blessed)
    assert (check.examples, check.requests) == (100, 100 + 4)
    assert 0 < check.milliseconds_alone < check.milliseconds_batch * 100
    assert 0 < check.peak_mb < 2048


def test_what_is_served_is_compared_with_what_training_predicted(blessed: ComponentResult) -> None:
    check = read_check(blessed)
    assert check.compared is not None
    assert check.compared > 0.9 * RECORDED
    assert check.largest_difference is not None
    assert check.largest_difference < 1e-5
    assert f"{check.compared} as in training" in check.text


def test_skew_between_training_and_serving_is_found(trained: Trained) -> None:
    skewed = trained.model_run / SKEWED
    assert read_check(checked(trained, model=skewed)).blessed  # by itself it answers well
    compared = checked(trained, model=skewed, model_run=trained.model_run, transform_graph=trained.graph)
    reason = refusal(compared)
    assert re.match(
        r"it answers otherwise than in training: probability of \d+ of \d+ examples: 0\.\d+ and not", reason
    )


def test_without_a_model_run_it_is_said_that_nothing_was_compared(trained: Trained) -> None:
    check = read_check(checked(trained, requests=3, split="train"))
    assert (check.blessed, check.compared, check.examples) == (True, None, 3)
    assert "not compared with training, for no model_run was given" in check.text


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (broken_models.crashes, "it cannot answer 1 example: its process was ended by SIGABRT"),
        (broken_models.exits, "it cannot answer 1 example: its process exited with code 0"),
        (broken_models.raises, "it cannot answer 1 example: InvalidArgumentError: .*surcharge.*"),
        (broken_models.needs_python, "it cannot answer 1 example: .*callback.*"),
        (broken_models.answers_nan, "it answers nan as score, which is no number"),
        (broken_models.answers_one_row, "it answers 1 rows of score to 32 examples"),
        (broken_models.answers_a_scalar, "it answers a single value of score to 1 example"),
        (broken_models.depends_on_the_batch, "it answers otherwise to an example in a batch of 32 than .*score of .*"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_model_that_does_not_answer_as_it_should_is_refused(
    trained: Trained, tmp_path: Path, serve: broken_models.Serve, reason: str
) -> None:
    assert re.fullmatch(reason, refusal(checked(trained, model=save(tmp_path, serve))))


def test_a_model_that_hangs_is_ended(trained: Trained, tmp_path: Path) -> None:
    result = checked(trained, model=save(tmp_path, broken_models.never_ends), seconds=1)
    assert refusal(result) == "it cannot answer 1 example: it may take 1 s in all (seconds)"


def test_a_model_that_takes_too_much_memory_is_ended(trained: Trained, tmp_path: Path) -> None:
    model = save(tmp_path, broken_models.takes_memory)
    reason = refusal(checked(trained, model=model, memory_mb=100))
    assert re.fullmatch(
        r"it cannot answer 1 example: it took \d+ MiB of memory .*, and may take 100 \(memory_mb\)", reason
    )
    assert 200 < read_check(checked(trained, model=model, memory_mb=2000, requests=2)).peak_mb < 2000


def test_a_model_that_is_not_what_serving_loads_is_refused(trained: Trained, tmp_path: Path) -> None:
    other = save(tmp_path / "other", broken_models.constant, signature="predict")
    assert refusal(checked(trained, model=other)) == (
        "it cannot be loaded: it has no signature 'serving_default', but predict"
    )
    assert read_check(checked(trained, model=other, signature="predict")).blessed
    numbers = save(tmp_path / "numbers", broken_models.takes_numbers, takes=tf.float32)
    assert refusal(checked(trained, model=numbers)) == (
        "it cannot be loaded: its signature 'serving_default' takes examples (float32), "
        "not one string: serialized examples"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refusal(checked(trained, model=empty)).startswith(
        "it cannot be loaded: OSError: SavedModel file does not exist"
    )


def test_pusher_pushes_what_was_blessed_and_nothing_else(
    trained: Trained, blessed: ComponentResult, tmp_path: Path
) -> None:
    refused = checked(trained, model=save(tmp_path / "model", broken_models.answers_nan))

    def pushed(check: ComponentResult) -> bool:
        blessing = check.outputs["blessing"]
        result = run_component(
            Pusher,
            model=trained.model,
            infra_blessing=artifact(InfraBlessing, blessing.path, dict(blessing.properties)),
            push_destination=pusher_pb2.PushDestination(
                filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(tmp_path / "serving"))
            ),
        )
        return bool(result.outputs["pushed_model"].properties["pushed"])

    assert pushed(blessed)
    assert not pushed(refused)


def test_mistakes_in_the_pipeline_fail_the_run_and_say_what_to_do(trained: Trained) -> None:
    def failure(**arguments: Any) -> str:
        result = run_component(InfraCheck, **{"model": trained.model, "examples": trained.trips} | arguments)
        assert result.error is not None
        assert not result.outputs
        return f"{result.error.message}; {result.error.why}"

    assert failure(split="test") == "the examples have no split 'test'; they have eval, train"
    compared = {"model_run": trained.model, "transform_graph": trained.graph}
    assert failure(**compared).startswith("training recorded no predictions to compare with; there is no")
    compared["model_run"] = trained.model_run
    others = {"eval": trained.trips["eval"].assign(fare=1000.0)}
    assert failure(**compared, examples=others).startswith(
        "none of the examples is one of those that training recorded"
    )


def test_recorded_features_are_found_whichever_types_of_numbers_training_made_of_them(
    trained: Trained, tmp_path: Path
) -> None:
    write_frame(trained.trips["eval"], tmp_path)
    records = [some for file in split_files(tmp_path) for some in read_records(file, 300)]
    recorded = TrainingPredictions.read(trained.model_run)
    whole = recorded.features["payment_type_xf"].astype(np.int64)
    others = replace(recorded, features={**recorded.features, "payment_type_xf": whole})
    known, same = (known_examples(one, trained.graph, records) for one in (recorded, others))
    assert known.examples == same.examples
    assert len(known.examples) > 0.9 * RECORDED


def test_beside_other_threads_the_process_is_a_new_one_and_imports_tensorflow(tmp_path: Path) -> None:
    trip = tf.train.Example()
    trip.features.feature["fare"].float_list.value.append(50.0)  # TensorFlow's ops have run here: there are threads
    folder = save(tmp_path, broken_models.constant) / "Format-Serving"
    with ServedModel(str(folder), "serving_default", seconds=60, memory_mb=1000) as served:
        served.load()
        assert served.answer([trip.SerializeToString()])["score"].tolist() == [0.5]
