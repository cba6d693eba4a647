"""Confusion matrices from a histogram of predictions: what TFMA does in loops over thresholds, in whole arrays."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorflow_model_analysis.metrics import binary_confusion_matrices as tfma_matrices
from tensorflow_model_analysis.metrics import calibration_histogram
from tensorflow_model_analysis.metrics.metric_types import DerivedMetricComputation

_EPSILON = tfma_matrices._EPSILON


def faster(computation: DerivedMetricComputation) -> DerivedMetricComputation:
    """The computation with the same results, or itself if it is not one of matrices from a histogram."""
    result = computation.result
    if getattr(result, "__code__", None) not in _RESULT_CODE:
        return computation
    given = inspect.getclosurevars(result).nonlocals
    thresholds = given["thresholds"]
    if not given["use_histogram"] or thresholds[0] >= 0 or len(thresholds) < 2 or np.any(np.diff(thresholds) <= 0):
        return computation

    def matrices(metrics: Mapping[Any, Any]) -> dict[Any, tfma_matrices.Matrices]:
        return {given["matrices_key"]: _matrices(thresholds, metrics[given["input_metric_key"]])}

    return computation._replace(result=matrices)


def _code_of_result() -> frozenset[Any]:
    """The code of the function inside `binary_confusion_matrices` that makes matrices."""
    constants = tfma_matrices.binary_confusion_matrices.__code__.co_consts
    return frozenset(one for one in constants if inspect.iscode(one) and one.co_name == "result")


_RESULT_CODE = _code_of_result()


def _matrices(thresholds: Sequence[float], histogram: calibration_histogram.Histogram) -> tfma_matrices.Matrices:
    """The matrices of predictions above each threshold.

    Args:
        thresholds: in ascending order, the first one below 0.
        histogram: of predictions from 0 to 1, its buckets in their order.
    """
    buckets = calibration_histogram.DEFAULT_NUM_BUCKETS
    ids = np.array([bucket.bucket_id for bucket in histogram], np.int64)
    labels = np.array([bucket.weighted_labels for bucket in histogram], np.float64)
    examples = np.array([bucket.weighted_examples for bucket in histogram], np.float64)
    predictions = (ids - 1) / buckets
    predictions[ids == 0], predictions[ids > buckets] = -np.inf, np.inf
    # The buckets are closed below, the matrices open; as TFMA has it, a little is added.
    bounds = np.array(thresholds, np.float64)
    starts = np.where(bounds != 0, bounds + _EPSILON, bounds)
    if thresholds[-1] < 1:
        starts = np.append(starts, 1 + _EPSILON)
    places = np.maximum(np.searchsorted(starts, predictions, side="right") - 1, 0)
    # A slice without weight has no buckets, and NumPy counts nothing at all in integers, whatever the weights are.
    positive, every = (np.bincount(places, some, len(starts)).astype(np.float64) for some in (labels, examples))
    negative = every - positive
    count = len(thresholds)
    above = [np.cumsum(some[::-1])[::-1][:count].copy() for some in (positive, negative)]
    below = [np.append(0.0, np.cumsum(some)[:-1])[:count] for some in (positive, negative)]
    past_all = bounds >= 1 + _EPSILON
    for some_above, some_below in zip(above, below, strict=True):
        some_above[past_all] = 0.0
        some_below[past_all] = some_above[0]
    (tp, fp), (fn, tn) = above, below
    return tfma_matrices.Matrices(thresholds=thresholds, tp=tp.tolist(), tn=tn.tolist(), fp=fp.tolist(), fn=fn.tolist())
