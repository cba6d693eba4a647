"""Functions for the tests of Transform, named to executors by their import paths."""

from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
import tensorflow_data_validation as tfdv
import tensorflow_transform as tft
from tensorflow_transform import experimental
from tfx.components.transform.stats_options_util import StatsType

Features = dict[str, Any]


class Largest(beam.PTransform):
    """The largest value of all batches."""

    def expand(self, batches: beam.PCollection) -> tuple[beam.PCollection]:
        return (
            batches
            | "Values" >> beam.FlatMap(lambda batch: batch[0].tolist())
            | "Largest" >> beam.CombineGlobally(max)
            | "Array" >> beam.Map(np.float32),
        )


def many_analyzers(inputs: Features, custom_config: Features) -> Features:
    """Analyzers of every kind, in two phases, on dense, sparse and missing values."""
    fare, words = inputs["fare"], inputs["words"]
    first = tf.squeeze(fare, axis=1)
    known = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(["Cash", "Credit Card"]), tf.constant([1.5, 2.5])), -1.0
    )
    payment = inputs["payment_type"]
    payment = tf.SparseTensor(payment.indices, payment.values, [payment.dense_shape[0], 1])
    payment = tf.squeeze(tf.sparse.to_dense(payment, "none"), axis=1)
    ngrams = tft.ngrams(words, (1, 2), " ")
    ids = tft.compute_and_apply_vocabulary(ngrams, top_k=40, num_oov_buckets=1, vocab_filename="ngrams")
    indices, weights = tft.tfidf(ids, vocab_size=41)
    tft.vocabulary(words, labels=tf.cast(first > 8, tf.int64), top_k=20, vocab_filename="informative")
    tft.vocabulary(payment, weights=first, store_frequency=True, vocab_filename="weighted")
    pair = tf.stack([first, tf.squeeze(inputs["trip_miles"], axis=1)], axis=1)
    (largest,) = experimental.ptransform_analyzer([first], Largest(), [tf.float32], [[]])
    z_score = tft.scale_to_z_score(fare)
    return {
        "row": inputs["row"],
        "z_score": z_score,
        "second_phase": tft.scale_to_0_1(z_score),
        "by_key": tft.scale_to_z_score_per_key(first, payment),
        "bucket_by_key": tft.bucketize_per_key(first, payment, 3),
        "bucket": tft.bucketize(fare, custom_config["buckets"]),
        "sparse_bucket": tft.bucketize(inputs["amounts"], 4),
        "filled": tft.scale_by_min_max(tf.reduce_sum(tf.sparse.to_dense(inputs["amounts"]), axis=1, keepdims=True)),
        "component": tf.abs(tf.matmul(pair, tft.pca(pair, 1, tf.float32))),
        "of_covariance": first / tft.covariance(pair, tf.float32)[0, 1],
        "looked_up": tft.scale_to_z_score(known.lookup(payment)),
        "of_largest": first / largest,
        "ngram_ids": ids,
        "tfidf_index": indices,
        "tfidf_weight": weights,
        "words": words,
        "bag": tft.bag_of_words(words, (1, 1), " "),
        "hashed": tft.hash_strings(payment, 7),
    }


def no_analyzers(inputs: Features) -> Features:
    """Nothing to analyze."""
    return {"fare": inputs["fare"] * 2}


def asserting(inputs: Features) -> Features:
    """An analyzer, and an operation that acts without putting out anything."""
    tf.debugging.assert_less(inputs["fare"], 10.0)
    return {"z_score": tft.scale_to_z_score(inputs["fare"])}


def simple(inputs: Features) -> Features:
    """Two analyzers, one of which can be cached."""
    tft.vocabulary(inputs["words"], vocab_filename="words")
    return {"z_score": tft.scale_to_z_score(inputs["fare"]), "row": inputs["row"]}


def raising(inputs: Features) -> Features:
    """Fails."""
    raise ArithmeticError("the user's own")


def missing(inputs: Features) -> Features:
    """Asks for a column that is not there."""
    return {"x": inputs["no_such_column"]}


def empty(inputs: Features) -> Features:
    """Makes no features."""
    return {}


def no_dict(inputs: Features) -> Any:
    """Makes something else."""
    return inputs["fare"]


def trainable(inputs: Features) -> Features:
    """Has what TensorFlow 1 would train."""
    return {"fare": inputs["fare"] * tf.compat.v1.get_variable("weight", shape=())}


def fewer_histogram_buckets(kind: StatsType, options: tfdv.StatsOptions) -> tfdv.StatsOptions:
    """Changes options of statistics after the transformation."""
    if kind == StatsType.POST_TRANSFORM:
        options.num_histogram_buckets = 3
    return options


def sample(kind: StatsType, options: tfdv.StatsOptions) -> tfdv.StatsOptions:
    """Asks for statistics of a sample."""
    options.sample_rate = 0.5
    return options
