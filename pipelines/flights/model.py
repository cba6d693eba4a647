"""The model: embeddings and scaled numbers into dense layers, trained and exported for every reader."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import keras_tuner
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx_bsl.tfxio.dataset_options import RecordBatchesOptions

from components.infra_check.training_predictions import record_predictions
from pipelines.flights.features import (
    ARRIVAL_DELAY,
    LABEL,
    ORDER,
    REAL,
    SERVED,
    TEXTS,
    WHOLE,
    transformed_name,
)

SEED = 1
BATCH_SIZE = 1024
EPOCHS = 3
PREDICTED = "probability"
COMPARED = 256  # flights, whose predictions in training are compared with those in serving


@dataclass(frozen=True)
class Flights:
    """Transformed flights in memory, from day to day.

    Attributes:
        features: what the model takes, by name, each of shape (flights,).
        late: 1 where a flight was late, shape (flights,).
    """

    features: Mapping[str, np.ndarray]
    late: np.ndarray

    def part(self, start: int, stop: int | None = None, step: int = 1) -> "Flights":
        """Some of the flights, as a slice takes them."""
        chosen = slice(start, stop, step)
        return Flights({name: values[chosen] for name, values in self.features.items()}, self.late[chosen])


def run_fn(fn_args: FnArgs) -> None:
    """Trains on all flights and exports to `fn_args.serving_model_dir`; TFX's Trainer calls it."""
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    flights = read_flights(fn_args, transform)
    repeat_exactly()
    model = build_model(transform, keras_tuner.HyperParameters.from_config(fn_args.hyperparameters))
    model.fit(
        flights.features,
        flights.late,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        verbose=2,
        callbacks=[keras.callbacks.TensorBoard(fn_args.model_run_dir)],
    )
    some = flights.part(0, COMPARED)
    predictions = {PREDICTED: model.predict(some.features, verbose=0)}
    record_predictions(fn_args.model_run_dir, some.features, predictions)
    export(model, transform, fn_args.serving_model_dir)


def repeat_exactly() -> None:
    """Makes a training with the same data the same training, however many threads share it."""
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()


def read_flights(fn_args: FnArgs, transform: tft.TFTransformOutput) -> Flights:
    """The transformed flights of all files, some 100 bytes of memory each, whichever the order of the files."""
    options = RecordBatchesOptions(batch_size=8192, num_epochs=1)
    batches = fn_args.data_accessor.record_batch_factory(
        fn_args.train_files, options, transform.transformed_metadata.schema
    )
    columns: dict[str, list[np.ndarray]] = {name: [] for name in (*TEXTS, *WHOLE, *REAL, ORDER, LABEL)}
    for batch in batches:
        for name, parts in columns.items():
            values = batch.column(batch.schema.get_field_index(transformed_name(name))).flatten()
            parts.append(values.to_numpy())
    whole = {name: np.concatenate(parts) for name, parts in columns.items()}
    # Transform does not keep the order of flights: without one of their own, no training would be like the other.
    day = whole.pop(ORDER)
    order = np.lexsort([*whole.values(), day])  # by the day first: the last key is the first
    late = whole.pop(LABEL)[order].astype(np.float32)
    return Flights({transformed_name(name): values[order] for name, values in whole.items()}, late)


def build_model(transform: tft.TFTransformOutput, hyperparameters: keras_tuner.HyperParameters) -> keras.Model:
    """A compiled model from transformed features, each of shape (batch,), to a probability, shape (batch, 1)."""
    sizes = {name: transform.vocabulary_size_by_name(name) + 1 for name in TEXTS}  # + 1: out of vocabulary
    sizes |= WHOLE
    inputs, columns = {}, []
    for name in (*REAL, *sizes):
        key = transformed_name(name)
        if name in sizes:
            inputs[key] = keras.Input((), name=key, dtype="int64")
            columns.append(keras.layers.Embedding(sizes[name], hyperparameters.get("embedding_size"))(inputs[key]))
        else:
            inputs[key] = keras.Input((), name=key, dtype="float32")
            columns.append(keras.layers.Reshape((1,))(inputs[key]))
    hidden = keras.layers.Concatenate()(columns)
    for units in (hyperparameters.get("units"), hyperparameters.get("units") // 2):
        hidden = keras.layers.Dense(units, activation="relu")(hidden)
        hidden = keras.layers.Dropout(hyperparameters.get("dropout"))(hidden)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name=PREDICTED)(hidden))
    optimizer = keras.optimizers.Adam(hyperparameters.get("learning_rate"))
    model.compile(optimizer, "binary_crossentropy", metrics=[keras.metrics.AUC(name="auc")])
    return model


def export(model: keras.Model, transform: tft.TFTransformOutput, folder: str) -> None:
    """Writes a SavedModel that takes serialized tf.Examples, shape (batch,), in both of its signatures.

    `serving_default` answers with probabilities, from what is known before a flight leaves; `transform_features`
    with the transformed features, and the label where the delay is there: Evaluator asks for both.
    """
    to_features = transform.transform_features_layer()
    columns = {name: spec for name, spec in transform.raw_feature_spec().items() if name in (*SERVED, ARRIVAL_DELAY)}
    served = {name: spec for name, spec in columns.items() if name in SERVED}

    def predict(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        features = to_features(tf.io.parse_example(examples, served))
        return {PREDICTED: model({key: features[key] for key in model.input})}

    def transform_features(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return dict(to_features(tf.io.parse_example(examples, columns)))

    serialized = [tf.TensorSpec([None], tf.string, name="examples")]
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(to_features)
    archive.add_endpoint("serving_default", predict, serialized)
    archive.add_endpoint("transform_features", transform_features, serialized)
    archive.write_out(folder, verbose=False)
