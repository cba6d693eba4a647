"""The model: embeddings and scaled amounts into two dense layers, trained and exported for every reader."""

from collections.abc import Mapping

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx_bsl.tfxio.dataset_options import TensorFlowDatasetOptions

from pipelines.taxi.features import (
    AMOUNTS,
    COORDINATE_BUCKETS,
    COORDINATES,
    LABEL,
    NUMBERS,
    TEXTS,
    TIPS,
    transformed_name,
)
from pipelines.taxi.hyperparameters import Hyperparameters


def run_fn(fn_args: FnArgs) -> None:
    """Trains on the `train` split and exports to `fn_args.serving_model_dir`; TFX's Trainer calls it."""
    hyperparameters = Hyperparameters.of(fn_args.custom_config)
    keras.utils.set_random_seed(hyperparameters.seed)
    transform = tft.TFTransformOutput(fn_args.transform_output)
    model = build_model(transform, hyperparameters)
    options = TensorFlowDatasetOptions(
        hyperparameters.batch_size, num_epochs=1, label_key=transformed_name(LABEL), shuffle_seed=hyperparameters.seed
    )
    trips = fn_args.data_accessor.tf_dataset_factory(
        fn_args.train_files, options, transform.transformed_metadata.schema
    )
    model.fit(
        # Keras takes a dict's values in the order of its keys, so a key too many would shift them.
        trips.map(lambda features, label: ({key: features[key] for key in model.input}, label)),
        epochs=hyperparameters.epochs,
        verbose=2,
        callbacks=[keras.callbacks.TensorBoard(fn_args.model_run_dir)],
    )
    export(model, transform, fn_args.serving_model_dir)


def build_model(transform: tft.TFTransformOutput, hyperparameters: Hyperparameters) -> keras.Model:
    """A compiled model from transformed features, each of shape (batch,), to a probability, shape (batch, 1)."""
    sizes = dict.fromkeys(COORDINATES, COORDINATE_BUCKETS)
    sizes |= {name: transform.vocabulary_size_by_name(name) + 1 for name in TEXTS}  # + 1: out of vocabulary
    sizes |= {name: largest + 1 for name, largest in NUMBERS.items()}
    inputs, columns = {}, []
    for name in (name for name in (*AMOUNTS, *sizes) if name not in hyperparameters.exclude):
        key = transformed_name(name)
        if name in sizes:
            inputs[key] = keras.Input((), name=key, dtype="int64")
            columns.append(keras.layers.Embedding(sizes[name], hyperparameters.embedding_size)(inputs[key]))
        else:
            inputs[key] = keras.Input((), name=key, dtype="float32")
            columns.append(keras.layers.Reshape((1,))(inputs[key]))
    hidden = keras.layers.Concatenate()(columns)
    for units in hyperparameters.hidden_units:
        hidden = keras.layers.Dense(units, activation="relu")(hidden)
        hidden = keras.layers.Dropout(hyperparameters.dropout)(hidden)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="probability")(hidden))
    model.compile(keras.optimizers.Adam(hyperparameters.learning_rate), "binary_crossentropy", metrics=["auc"])
    return model


def export(model: keras.Model, transform: tft.TFTransformOutput, folder: str) -> None:
    """Writes a SavedModel that takes serialized tf.Examples, shape (batch,), in both of its signatures.

    `serving_default` answers with probabilities, from examples without the tip; `transform_features`
    with the transformed features, and the label where the tip is there: Evaluator asks for both.
    """
    to_features = transform.transform_features_layer()
    columns = transform.raw_feature_spec()
    served_columns = {name: spec for name, spec in columns.items() if name != TIPS}

    def predict(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        features = to_features(tf.io.parse_example(examples, served_columns))
        return {"probability": model({key: features[key] for key in model.input})}

    def transform_features(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return dict(to_features(tf.io.parse_example(examples, columns)))

    serialized = [tf.TensorSpec([None], tf.string, name="examples")]
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(to_features)
    archive.add_endpoint("serving_default", predict, serialized)
    archive.add_endpoint("transform_features", transform_features, serialized)
    archive.write_out(folder, verbose=False)
