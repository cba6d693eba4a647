"""Feature engineering with TensorFlow Transform: the same graph trains and serves."""

import tensorflow as tf
import tensorflow_transform as tft

from pipelines.taxi.features import (
    AMOUNTS,
    BIG_TIP_PERCENT,
    COORDINATE_BUCKETS,
    COORDINATES,
    FARE,
    LABEL,
    NUMBERS,
    TEXTS,
    TIPS,
    transformed_name,
)

Columns = dict[str, tf.SparseTensor]


def preprocessing_fn(inputs: Columns) -> dict[str, tf.Tensor]:
    """Turns raw columns, sparse for a value may be missing, into dense (batch,) features."""
    outputs = {}
    for name in AMOUNTS:
        amount = tf.cast(_dense(inputs[name]), tf.float32)
        outputs[name] = tft.scale_to_z_score(tf.math.log1p(tf.maximum(amount, 0.0)))
    for name in COORDINATES:
        outputs[name] = tft.bucketize(_dense(inputs[name]), COORDINATE_BUCKETS)
    for name in TEXTS:
        outputs[name] = tft.compute_and_apply_vocabulary(
            _dense(inputs[name]), frequency_threshold=5, num_oov_buckets=1, vocab_filename=name
        )
    for name, largest in NUMBERS.items():
        outputs[name] = tf.clip_by_value(_dense(inputs[name]), 0, largest)
    outputs[LABEL] = _is_big_tip(_dense(inputs[TIPS]), _dense(inputs[FARE]))
    return {transformed_name(name): values for name, values in outputs.items()}


def _is_big_tip(tips: tf.Tensor, fare: tf.Tensor) -> tf.Tensor:
    """1 where tips, in dollars, exceed 20 % of the fare: counted in cents, for float32 flips rows at the edge."""
    tip_cents, fare_cents = (tf.cast(tf.round(dollars * 100), tf.int64) for dollars in (tips, fare))
    return tf.cast(100 * tip_cents > BIG_TIP_PERCENT * fare_cents, tf.int64)


def _dense(column: tf.SparseTensor) -> tf.Tensor:
    """One value a row, shape (batch,): the column's, or 0 or "" where it is missing."""
    missing = "" if column.dtype == tf.string else tf.zeros((), column.dtype)
    one_wide = tf.SparseTensor(column.indices, column.values, [column.dense_shape[0], 1])
    return tf.squeeze(tf.sparse.to_dense(one_wide, missing), axis=1)
