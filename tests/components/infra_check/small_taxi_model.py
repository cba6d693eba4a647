"""A small model of taxi trips, named to Transform and Trainer by the import paths of its functions."""

from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx_bsl.tfxio.dataset_options import TensorFlowDatasetOptions

from components.infra_check.training_predictions import record_predictions

FEATURES = ("fare_xf", "payment_type_xf", "trip_miles_xf")
TIPS = "tips"
RECORDED = 200  # predictions
SKEWED = "skewed"  # folder of a model whose serving makes cents of dollars before it transforms them


def preprocessing_fn(inputs: Mapping[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
    """Amounts scaled, payment types numbered."""
    dense = {name: _dense(column) for name, column in inputs.items()}
    return {
        "fare_xf": tft.scale_to_z_score(tf.math.log1p(dense["fare"])),
        "trip_miles_xf": tft.scale_to_z_score(tf.math.log1p(dense["trip_miles"])),
        "payment_type_xf": tf.cast(
            tft.compute_and_apply_vocabulary(dense["payment_type"], num_oov_buckets=1), tf.float32
        ),
        "big_tip_xf": tf.cast(dense[TIPS] > 0.2 * dense["fare"], tf.int64),
    }


def run_fn(fn_args: FnArgs) -> None:
    """Trains, exports, and records predictions."""
    keras.utils.set_random_seed(1)
    transform = tft.TFTransformOutput(fn_args.transform_output)
    inputs = {name: keras.Input((), name=name) for name in FEATURES}
    columns = keras.layers.Concatenate()([keras.layers.Reshape((1,))(one) for one in inputs.values()])
    hidden = keras.layers.Dense(8, activation="relu")(columns)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
    model.compile("adam", "binary_crossentropy")

    def rows(files: list[str], batch: int) -> tf.data.Dataset:
        options = TensorFlowDatasetOptions(batch, num_epochs=1, label_key="big_tip_xf", shuffle_seed=1)
        schema = transform.transformed_metadata.schema
        data = fn_args.data_accessor.tf_dataset_factory(files, options, schema)
        return data.map(lambda features, label: ({name: features[name] for name in FEATURES}, label))

    model.fit(rows(fn_args.train_files, 64), verbose=0)
    features, _ = next(iter(rows(fn_args.eval_files, RECORDED)))
    record_predictions(fn_args.model_run_dir, features, {"probability": model(features)})
    _export(model, transform, fn_args.serving_model_dir, 1.0)
    _export(model, transform, str(Path(fn_args.model_run_dir, SKEWED, "Format-Serving")), 100.0)


def _export(model: keras.Model, transform: tft.TFTransformOutput, folder: str, dollar: float) -> None:
    to_features = transform.transform_features_layer()
    columns = {name: spec for name, spec in transform.raw_feature_spec().items() if name != TIPS}

    def predict(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        raw = tf.io.parse_example(examples, columns)
        raw["fare"] = tf.sparse.map_values(tf.multiply, raw["fare"], dollar)
        features = to_features(raw)
        return {"probability": model({name: features[name] for name in FEATURES})}

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(to_features)
    archive.add_endpoint("serving_default", predict, [tf.TensorSpec([None], tf.string, name="examples")])
    archive.write_out(folder, verbose=False)


def _dense(column: tf.SparseTensor) -> tf.Tensor:
    missing = "" if column.dtype == tf.string else tf.zeros((), column.dtype)
    one_wide = tf.SparseTensor(column.indices, column.values, [column.dense_shape[0], 1])
    return tf.squeeze(tf.sparse.to_dense(one_wide, missing), axis=1)
