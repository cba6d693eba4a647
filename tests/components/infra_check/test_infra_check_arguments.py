"""What InfraCheck refuses when the pipeline is built, and record_predictions in training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import Channel
from tfx.types.standard_artifacts import Examples, Model, ModelRun

from components.infra_check.component import InfraCheck
from components.infra_check.training_predictions import TrainingPredictions, record_predictions
from headrace.errors import ParameterError


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"split": ""}, "split=''"),
        ({"signature": None}, "signature=None"),
        ({"requests": 0}, "requests=0"),
        ({"requests": 2.5}, "requests=2.5"),
        ({"memory_mb": -1}, "memory_mb=-1"),
        ({"memory_mb": True}, "memory_mb=True"),
        ({"seconds": 0}, "seconds=0"),
        ({"seconds": "60"}, "seconds='60'"),
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"tolerance": -0.1}, "tolerance=-0.1"),
        ({"tolerance": 1}, "tolerance=1"),
        ({"model_run": Channel(type=ModelRun)}, "transform_graph is missing"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_when_the_pipeline_is_built(arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(ParameterError) as raised:
        InfraCheck(Channel(type=Model), Channel(type=Examples), **arguments)
    assert raised.value.why == why


def test_predictions_are_recorded_with_the_features_they_were_made_of(tmp_path: Path) -> None:
    features = {"fare_xf": tf.constant([0.5, 1.5]), "company": tf.constant(["a", "bcd"])}
    record_predictions(str(tmp_path / "run"), features, {"probability": tf.constant([[0.25], [0.75]])})
    recorded = TrainingPredictions.read(tmp_path / "run")
    assert {name: values.tolist() for name, values in recorded.features.items()} == {
        "fare_xf": [0.5, 1.5],
        "company": [b"a", b"bcd"],
    }
    assert recorded.predictions["probability"].tolist() == [[0.25], [0.75]]


@pytest.mark.parametrize(
    ("features", "predictions", "why"),
    [
        ({"fare": np.zeros(3)}, {"probability": np.zeros(2)}, "not feature/fare (3,), prediction/probability (2,)"),
        ({}, {"probability": np.zeros(2)}, "not prediction/probability (2,)"),
        ({"fare": np.zeros(0)}, {"probability": np.zeros(0)}, "not feature/fare (0,), prediction/probability (0,)"),
        ({"fare": tf.sparse.from_dense([[1]])}, {"probability": np.zeros(1)}, "it is a SparseTensor; make it dense"),
    ],
    ids=["other rows", "no features", "no rows", "sparse"],
)
def test_what_cannot_be_compared_is_not_recorded(
    tmp_path: Path, features: dict[str, Any], predictions: dict[str, Any], why: str
) -> None:
    with pytest.raises(ParameterError) as raised:
        record_predictions(str(tmp_path), features, predictions)
    assert raised.value.why.endswith(why)
    assert not list(tmp_path.iterdir())
