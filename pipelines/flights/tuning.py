"""The search for hyperparameters: a few trials on a sample, judged on the latest flights of the window."""

import keras_tuner
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner.component import TunerFnResult

from pipelines.flights.model import (
    BATCH_SIZE,
    SEED,
    build_model,
    read_flights,
    repeat_exactly,
)

TRIALS = 3
SAMPLE = 40_000  # flights; of them the latest fifth judges


def search_space() -> keras_tuner.HyperParameters:
    """What may be chosen, and the defaults."""
    space = keras_tuner.HyperParameters()
    space.Fixed("embedding_size", 4)
    space.Choice("units", [32, 64], default=32)
    space.Choice("learning_rate", [1e-3, 3e-3], default=1e-3)
    space.Choice("dropout", [0.1, 0.3], default=0.1)
    return space


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """TFX's Tuner calls it."""
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    flights = read_flights(fn_args, transform)
    sample = flights.part(0, step=max(1, len(flights.late) // SAMPLE))
    latest = len(sample.late) * 4 // 5
    known, later = sample.part(0, latest), sample.part(latest)
    repeat_exactly()
    tuner = keras_tuner.RandomSearch(
        lambda hyperparameters: build_model(transform, hyperparameters),
        objective=keras_tuner.Objective("val_auc", "max"),
        max_trials=TRIALS,
        seed=SEED,
        hyperparameters=search_space(),
        tune_new_entries=False,
        directory=fn_args.working_dir,
        project_name="flights",
    )
    fit_kwargs = {
        "x": known.features,
        "y": known.late,
        "validation_data": (later.features, later.late),
        "batch_size": BATCH_SIZE // 4,  # as many steps of learning as on four times as many flights
        "epochs": 1,
        "verbose": 0,
    }
    return TunerFnResult(tuner, fit_kwargs)
