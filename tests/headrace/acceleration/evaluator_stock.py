"""The stock Evaluator and Headrace's on the same small models and trips."""

import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2, validation_result_pb2
from tfx.components.evaluator import executor as stock
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, artifact_utils, standard_artifacts
from tfx.utils import proto_utils

from headrace.acceleration.evaluator import Executor
from headrace.acceleration.local_executor import LocalExecutor

_MESSAGES = {
    "metrics": metrics_for_slice_pb2.MetricsForSlice,
    "plots": metrics_for_slice_pb2.PlotsForSlice,
    "attributions": metrics_for_slice_pb2.AttributionsForSlice,
    "validations": validation_result_pb2.ValidationResult,
}
_COLUMNS = {
    "miles": tf.io.FixedLenFeature([], tf.float32),
    "hour": tf.io.FixedLenFeature([], tf.int64),
}


class StockExecutor(LocalExecutor, stock.Executor):
    """The stock one, which does not pack TFX up for remote workers first."""

    _make_beam_pipeline_fn = None
    work = stock.Executor.Do


class Model(tf.Module):
    """A model of three signatures; each takes serialized examples."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self._slope = tf.Variable(slope)

    def _tipped(self, examples: tf.Tensor) -> tf.Tensor:
        trips = tf.io.parse_example(examples, _COLUMNS)
        return tf.sigmoid(self._slope * trips["miles"] - tf.cast(trips["hour"], tf.float32) / 6)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def serving_default(self, examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return {"probability": self._tipped(examples)[:, tf.newaxis]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def classes(self, examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        tipped = self._tipped(examples)
        return {"probabilities": tf.stack([tipped / 2, tipped / 2, 1 - tipped], axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def both(self, examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        tipped = self._tipped(examples)
        return {"tip": tipped, "fare": 10 * tipped}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def transform_features(self, examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        trips = tf.io.parse_example(examples, _COLUMNS)
        return {"is_late": tf.cast(trips["hour"] > 11, tf.int64)}


def save_model(folder: Path, slope: float) -> None:
    """Saves a model where TFX looks for one."""
    model = Model(slope)
    signatures = {name: getattr(model, name) for name in ("serving_default", "classes", "both", "transform_features")}
    tf.saved_model.save(model, str(folder / "Format-Serving"), signatures)


def save_trips(folder: Path, count: int, seed: int = 0, weightless: Collection[str] = ()) -> None:
    """Writes trips: texts that are missing or many, numbers, labels of all kinds.

    Args:
        folder: where to.
        count: how many.
        seed: of what is random in them.
        weightless: companies whose trips have no weight.
    """
    trip = random.Random(seed)
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "data_tfrecord-00000-of-00001.gz"), "GZIP") as writer:
        for index in range(count):
            miles = trip.uniform(0, 4)
            texts = {
                "company": [] if index % 7 == 0 else [trip.choice(["Blue", "Grün", "Taxi"])],
                "tags": trip.sample(["day", "night", "card"], trip.randrange(4)),
            }
            integers = {
                "hour": [trip.randrange(24)],
                "tipped": [int(miles > trip.uniform(0, 4))],
                "class": [trip.randrange(3)],
            }
            floats = {
                "miles": [miles],
                "weight": [trip.choice([0.0, 0.5, 1.5])],
                "share": [trip.choice([0.0, 0.25, 1.0])],
                "fare": [3 * miles + trip.random()],
                "guess": [trip.random()],
            }
            if weightless and (not texts["company"] or texts["company"][0] in weightless):
                floats["weight"] = [0.0]
            features = {
                **{name: tf.train.Feature(bytes_list={"value": map(str.encode, text)}) for name, text in texts.items()},
                **{name: tf.train.Feature(int64_list={"value": numbers}) for name, numbers in integers.items()},
                **{name: tf.train.Feature(float_list={"value": numbers}) for name, numbers in floats.items()},
            }
            present = {name: feature for name, feature in features.items() if name != "company" or texts["company"]}
            writer.write(tf.train.Example(features={"feature": present}).SerializeToString())


def save_examples(folder: Path, rows: Sequence[Mapping[str, float | None]]) -> None:
    """Writes examples of numbers; None is a feature that is not there."""
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "data_tfrecord-00000-of-00001.gz"), "GZIP") as writer:
        for row in rows:
            features = {name: _feature(value) for name, value in row.items() if value is not None}
            writer.write(tf.train.Example(features={"feature": features}).SerializeToString())


def _feature(value: float) -> tf.train.Feature:
    if isinstance(value, int):
        return tf.train.Feature(int64_list={"value": [value]})
    return tf.train.Feature(float_list={"value": [value]})


@dataclass(frozen=True)
class Given:
    """What either executor is given."""

    examples: Sequence[Path]
    model: Path | str | None
    config: str  # an EvalConfig as text
    baseline: Path | None = None
    schema: Path | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    beam_pipeline_args: Sequence[str] = ("--runner=FnApiRunner",)

    def but(self, **changes: Any) -> "Given":
        return replace(self, **changes)


def run(executor: type[BaseBeamExecutor], given: Given, folder: Path) -> dict[str, Artifact]:
    """Runs an executor; returns its outputs, which are in `folder`."""
    inputs = {"examples": [_artifact(standard_artifacts.Examples, path) for path in given.examples]}
    for examples in inputs["examples"]:
        examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
    if given.model:
        inputs["model"] = [_artifact(standard_artifacts.Model, given.model, 7)]
    if given.baseline:
        inputs["baseline_model"] = [_artifact(standard_artifacts.Model, given.baseline, 8)]
    if given.schema:
        inputs["schema"] = [_artifact(standard_artifacts.Schema, given.schema)]
    outputs = {
        "evaluation": _artifact(standard_artifacts.ModelEvaluation, folder / "evaluation"),
        "blessing": _artifact(standard_artifacts.ModelBlessing, folder / "blessing"),
    }
    for output in outputs.values():
        Path(output.uri).mkdir(parents=True)
    config = text_format.Parse(given.config, config_pb2.EvalConfig())
    properties = {
        "eval_config": proto_utils.proto_to_json(config),
        "example_splits": "null",
        "current_component_id": "Evaluator",
        **given.properties,
    }
    context = BaseBeamExecutor.Context(beam_pipeline_args=list(given.beam_pipeline_args))
    executor(context).Do(inputs, {key: [output] for key, output in outputs.items()}, properties)
    return outputs


def assert_equal(given: Given, folder: Path) -> Path:
    """Runs both, and compares all files and properties; returns the folder of Headrace's."""
    theirs, ours = run(StockExecutor, given, folder / "stock"), run(Executor, given, folder / "headrace")
    assert _files(folder / "headrace") == _files(folder / "stock")
    (numbers, facts), (expected, expected_facts) = (_facts(folder / name) for name in ("headrace", "stock"))
    assert facts == expected_facts
    # TensorFlow's threads add up floats in any order, and what is compared with a baseline may be near zero.
    assert numbers == pytest.approx(expected, rel=1e-5, abs=1e-6)
    for key, output in ours.items():
        output.uri = theirs[key].uri
        assert output.to_json_dict() == theirs[key].to_json_dict()
    config = Path("evaluation", "eval_config.json")
    assert (folder / "headrace" / config).read_text() == (folder / "stock" / config).read_text()
    return folder / "headrace"


def messages(folder: Path, name: str) -> list[Any]:
    """What the files of that name hold."""
    files = sorted(map(str, (folder / "evaluation").glob(f"{name}*.tfrecord")))
    return [_MESSAGES[name].FromString(record) for record in tf.data.TFRecordDataset(files).as_numpy_iterator()]


def _facts(folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """The numbers in the records and all else, by where it is; what has no order there is sorted."""
    facts = {where: fact for name in _MESSAGES for where, fact in _flat(_plain(messages(folder, name)), name)}
    numbers = {where: fact for where, fact in facts.items() if isinstance(fact, float)}
    return numbers, {where: fact for where, fact in facts.items() if where not in numbers}


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return _plain(MessageToDict(value))
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    # By all but the numbers, whose last digits differ.
    return sorted(map(_plain, value), key=_without_numbers) if isinstance(value, list) else value


def _without_numbers(value: Any) -> str:
    return json.dumps(json.loads(json.dumps(value), parse_float=lambda number: f"{float(number):.3g}"), sort_keys=True)


def _flat(value: Any, where: str) -> Any:
    if isinstance(value, dict | list):
        yield f"{where} has", len(value)
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(one, f"{where}/{key}")
    else:
        yield where, value


def _files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def _artifact(kind: type[Artifact], path: Path | str, number: int = 1) -> Artifact:
    artifact = kind()
    artifact.uri, artifact.id = str(path), number
    return artifact
