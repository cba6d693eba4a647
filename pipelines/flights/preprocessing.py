"""Feature engineering with TensorFlow Transform: the same graph trains and serves."""

import math

import tensorflow as tf
import tensorflow_transform as tft

from pipelines.flights.features import (
    AMOUNTS,
    ARRIVAL_DELAY,
    DATE,
    FARTHEST,
    HOURS,
    LABEL,
    LATE_MINUTES,
    LEVELS,
    ORDER,
    TEXTS,
    TIMES,
    WEEKDAY,
    WIND_DIRECTION,
    WIND_SPEED,
    transformed_name,
)

Columns = dict[str, tf.SparseTensor]
_DAYS_BEFORE_MONTH = (0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4)  # modulo 7, in a year that begins in March


def preprocessing_fn(inputs: Columns) -> dict[str, tf.Tensor]:
    """Turns raw columns, sparse for a value may be missing, into dense (batch,) features."""
    outputs = {}
    for name in TEXTS:
        outputs[name] = tft.compute_and_apply_vocabulary(
            _dense(inputs[name], ""), frequency_threshold=20, num_oov_buckets=1, vocab_filename=name
        )
    for name in TIMES:
        clock = _dense(inputs[name], 0)
        outputs[HOURS[name]] = tf.clip_by_value(clock // 100, 0, 23)
        outputs[name] = tf.cast(clock // 100 * 60 + clock % 100, tf.float32) / (24 * 60)
    year, month, day = (_dense(inputs[name], 1) for name in DATE)
    outputs[WEEKDAY] = _weekday(year, month, day)
    outputs[ORDER] = (year * 12 + month) * 31 + day
    for name in LEVELS:
        score = _score(_number(inputs[name], math.nan))
        outputs[name] = tf.where(tf.math.is_nan(score), tf.zeros_like(score), score)
    outputs["pressure_missing"] = tf.cast(tf.math.is_nan(_number(inputs["pressure"], math.nan)), tf.float32)
    for name in AMOUNTS:
        outputs[name] = _score(tf.math.log1p(tf.maximum(_number(inputs[name], 0.0), 0.0)))
    angle = _number(inputs[WIND_DIRECTION], 0.0) * (math.pi / 180)
    speed = _number(inputs[WIND_SPEED], 0.0) / 10
    outputs["wind_north"], outputs["wind_east"] = speed * tf.cos(angle), speed * tf.sin(angle)
    outputs[LABEL] = tf.cast(_number(inputs[ARRIVAL_DELAY], 0.0) > LATE_MINUTES, tf.int64)
    return {transformed_name(name): values for name, values in outputs.items()}


def _score(numbers: tf.Tensor) -> tf.Tensor:
    """How many standard deviations from the mean, but no more than a network can have learned from.

    The first months are cold ones: of the warmth of the next it knows nothing, and would extrapolate.
    """
    return tf.clip_by_value(tft.scale_to_z_score(numbers), -FARTHEST, FARTHEST)


def _weekday(year: tf.Tensor, month: tf.Tensor, day: tf.Tensor) -> tf.Tensor:
    """0 for a Sunday to 6 for a Saturday, in the Gregorian calendar."""
    month = tf.clip_by_value(month, 1, 12)
    year -= tf.cast(month < 3, tf.int64)  # a leap day is then the last of its year
    leap_days = year // 4 - year // 100 + year // 400
    return (year + leap_days + tf.gather(tf.constant(_DAYS_BEFORE_MONTH, tf.int64), month - 1) + day) % 7


def _number(column: tf.SparseTensor, missing: float) -> tf.Tensor:
    """One number a row, shape (batch,): the column's, or `missing`."""
    return _dense(tf.sparse.map_values(tf.cast, column, tf.float32), missing)


def _dense(column: tf.SparseTensor, missing: float | str) -> tf.Tensor:
    """One value a row, shape (batch,): the column's, or `missing`."""
    one_wide = tf.SparseTensor(column.indices, column.values, [column.dense_shape[0], 1])
    return tf.squeeze(tf.sparse.to_dense(one_wide, tf.cast(missing, column.dtype)), axis=1)
