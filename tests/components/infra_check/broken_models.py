"""SavedModels of taxi trips that go wrong once they are served, each in a way of its own."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

Serve = Callable[[tf.Tensor], Mapping[str, tf.Tensor]]  # from serialized examples, shape (batch,)


def save(folder: Path, serve: Serve, signature: str = "serving_default", takes: tf.DType = tf.string) -> Path:
    """Writes a Model artifact's folder, and returns it."""
    module = tf.Module()
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec([None], takes, name="examples")])
    tf.saved_model.save(module, str(folder / "Format-Serving"), signatures={signature: module.serve})
    return folder


def fares(examples: tf.Tensor) -> tf.Tensor:
    """The fare of each example, shape (batch,)."""
    return tf.io.parse_example(examples, {"fare": tf.io.FixedLenFeature([], tf.float32)})["fare"]


def constant(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    """A model without fault."""
    return {"score": fares(examples) / 100}


def never_ends(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    def is_going_on(rounds: tf.Tensor) -> tf.Tensor:
        return rounds >= 0

    def wait(rounds: tf.Tensor) -> list[tf.Tensor]:
        return [(rounds + 1) % 2]

    [rounds] = tf.while_loop(is_going_on, wait, [tf.constant(0)])
    return {"score": fares(examples) + tf.cast(rounds, tf.float32)}


def takes_memory(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    """Takes 256 MiB, once or twice."""
    large = tf.fill([tf.size(examples) * 0 + (1 << 26)], fares(examples)[0])
    return {"score": fares(examples) + tf.reduce_max(large) * 0}


def crashes(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    with tf.control_dependencies([tf.raw_ops.Abort(error_msg="no more", exit_without_error=False)]):
        return constant(examples)


def exits(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    with tf.control_dependencies([tf.raw_ops.Abort(error_msg="no more", exit_without_error=True)]):
        return constant(examples)


def raises(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    columns = {"surcharge": tf.io.FixedLenFeature([], tf.float32)}
    return {"score": tf.io.parse_example(examples, columns)["surcharge"]}


def needs_python(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    [doubled] = tf.py_function(lambda fare: [fare * 2], [fares(examples)], [tf.float32])
    return {"score": tf.reshape(doubled, [-1])}


def answers_nan(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    return {"score": tf.math.log(fares(examples) - 1e6)}


def answers_one_row(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    return {"score": tf.reduce_mean(fares(examples), keepdims=True)}


def answers_a_scalar(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    return {"score": tf.reduce_mean(fares(examples))}


def depends_on_the_batch(examples: tf.Tensor) -> Mapping[str, tf.Tensor]:
    return {"score": fares(examples) - tf.reduce_mean(fares(examples))}


def takes_numbers(numbers: tf.Tensor) -> Mapping[str, tf.Tensor]:
    return {"score": numbers * np.float32(2)}
