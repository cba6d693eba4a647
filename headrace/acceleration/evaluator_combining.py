"""TFMA's combiners, fed with whole columns where they are known, else with one example after another."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.contrib.aggregates.binary_confusion_matrices import Matrix, _ThresholdEntry
from tensorflow_model_analysis.metrics import metric_util
from tensorflow_model_analysis.metrics.binary_confusion_matrices import _BinaryConfusionMatrixCombiner
from tensorflow_model_analysis.metrics.calibration import _WeightedLabelsPredictionsExamplesCombiner
from tensorflow_model_analysis.metrics.calibration_histogram import Bucket, _CalibrationHistogramCombiner
from tensorflow_model_analysis.metrics.example_count import _ExampleCountCombiner
from tensorflow_model_analysis.metrics.tf_metric_wrapper import _CompilableMetricsCombiner
from tensorflow_model_analysis.utils import model_util

from headrace.acceleration.evaluator_columns import Batch, Columns
from headrace.acceleration.evaluator_slices import Rows

Add = Callable[[Any, Rows], Any]  # an accumulator and the rows to add to it; returns the accumulator


def adding(combiner: Any, batch: Batch) -> Add | None:
    """How rows of a batch are added to an accumulator of a combiner; None if it wants one example after another.

    What is added is what the combiner's `add_input` would have added, up to the order of the additions.
    """
    prepare = _PREPARE.get(type(combiner))
    return prepare(combiner, batch) if prepare else None


def _example_count(combiner: Any, batch: Batch) -> Add | None:
    if not combiner._example_weighted or batch.extracts.get(constants.EXAMPLE_WEIGHTS_KEY) is None:
        return lambda total, rows: total + np.float64(len(rows))
    weights = batch.weights(combiner._model_name, combiner._output_name, weighted=True)
    if weights is None:
        return None

    def add(total: Any, rows: Rows) -> Any:
        # One after another and in their own precision, as the combiner does.
        precision = np.result_type(weights.dtype, 0.0)
        return np.add.accumulate(np.concatenate([[total], weights[rows, 0]], dtype=precision))[-1]

    return add


def _totals(combiner: Any, batch: Batch) -> Add | None:
    columns = _single(combiner, batch)
    if columns is None:
        return None
    weights = columns.weights[:, 0].astype(np.float64)
    labels, predictions = columns.labels[:, 0] * weights, columns.predictions[:, 0] * weights

    def add(totals: Any, rows: Rows) -> Any:
        totals.total_weighted_labels += float(labels[rows].sum())
        totals.total_weighted_predictions += float(predictions[rows].sum())
        totals.total_weighted_examples += float(weights[rows].sum())
        return totals

    return add


def _calibration_histogram(combiner: Any, batch: Batch) -> Add | None:
    columns = _single(combiner, batch)
    if columns is None or not combiner._prediction_based_bucketing:
        return None
    predictions = columns.predictions[:, 0].astype(np.float64)
    labels, weights = columns.labels[:, 0], columns.weights[:, 0].astype(np.float64)
    if np.isnan(predictions).any():
        return None
    positive = labels * weights
    if combiner._fractional_labels:
        if not _are_fractions(labels):
            return None
        weights = weights * (1 - labels) + positive
    last = combiner._num_buckets + 1
    buckets = (predictions - combiner._left) / combiner._range * combiner._num_buckets + 1
    buckets = np.clip(buckets, 0, last).astype(np.int64)
    weighted_predictions = predictions * weights

    def add(histogram: dict[int, Bucket], rows: Rows) -> dict[int, Bucket]:
        if combiner._fractional_labels:
            rows = rows[weights[rows] != 0]
        ids, places = np.unique(buckets[rows], return_inverse=True)
        sums = [np.bincount(places, column[rows]).tolist() for column in (positive, weighted_predictions, weights)]
        for bucket in map(Bucket, ids.tolist(), *sums):
            if bucket.bucket_id in histogram:
                histogram[bucket.bucket_id].merge(bucket)
            else:
                histogram[bucket.bucket_id] = bucket
        return histogram

    return add


def _confusion_matrices(combiner: Any, batch: Batch) -> Add | None:
    columns = _single(combiner, batch)
    custom = combiner._extract_label_prediction_and_weight is not metric_util.to_label_prediction_example_weight
    if columns is None or custom or combiner._example_id_key:
        return None
    labels, predictions = columns.labels[:, 0], columns.predictions[:, 0].astype(np.float64)
    weights = columns.weights[:, 0].astype(np.float64)
    fractional = combiner._enable_fractional_labels
    if fractional and not _are_fractions(labels):
        return None
    if not fractional:
        labels = labels.astype(np.float64)
    matrices = combiner._binary_confusion_matrices

    def add(accumulator: dict[float, Any], rows: Rows) -> dict[float, Any]:
        some_labels, some_weights, some_predictions = labels[rows], weights[rows], predictions[rows]
        for threshold in matrices._thresholds:
            share = some_labels if fractional else (some_labels > threshold).astype(np.float64)
            positive, negative = some_weights * share, some_weights * (1 - share)
            above = some_predictions > threshold
            matrix = Matrix(
                tp=float(positive[above].sum()),
                tn=float(negative[~above].sum()),
                fp=float(negative[above].sum()),
                fn=float(positive[~above].sum()),
            )
            entry = _ThresholdEntry(matrix, [], [], [], [])
            accumulator[threshold] = matrices._merge_entry(accumulator, threshold, entry)
        return accumulator

    return add


def _keras_metrics(combiner: Any, batch: Batch) -> Add | None:
    if combiner._sub_key or combiner._aggregation_type or combiner._class_weights or combiner._model_name is None:
        return None
    spec = model_util.get_model_spec(batch.config, combiner._model_name)
    if spec is not None and spec.HasField("padding_options"):
        return None
    outputs = []
    for name in combiner._output_names:
        columns = batch.columns(combiner._model_name, name, combiner._example_weighted)
        if columns is None:
            return None
        outputs.append((columns.labels, columns.predictions, columns.weights))

    def add(accumulator: Any, rows: Rows) -> Any:
        for index, columns in enumerate(outputs):
            # Past its add_input, which would be called for each example.
            for values, column in zip(accumulator._inputs[index], columns, strict=True):
                values.extend(column[rows])
        if accumulator.should_flush():
            combiner._process_batch(accumulator)
        return accumulator

    return add


def _single(combiner: Any, batch: Batch) -> Columns | None:
    """The columns a combiner is fed from, if each example has one label and one prediction."""
    key = combiner._key
    if key.sub_key or combiner._aggregation_type or combiner._class_weights:
        return None
    columns = batch.columns(key.model_name, key.output_name, combiner._example_weighted)
    return columns if columns is not None and columns.single else None


def _are_fractions(labels: Any) -> bool:
    return bool(((labels >= 0) & (labels <= 1)).all())


_PREPARE: Mapping[type[Any], Callable[[Any, Batch], Add | None]] = {
    _BinaryConfusionMatrixCombiner: _confusion_matrices,
    _CalibrationHistogramCombiner: _calibration_histogram,
    _CompilableMetricsCombiner: _keras_metrics,
    _ExampleCountCombiner: _example_count,
    _WeightedLabelsPredictionsExamplesCombiner: _totals,
}
