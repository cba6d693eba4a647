"""The plots that an Evaluator recorded, as points; read without TFMA."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.contents.damage import reading
from headrace.contents.evaluation import read_baselines
from headrace.contents.light_protos import message_class
from headrace.contents.tfrecords import read_records

_FILE, _MESSAGE = "tensorflow_model_analysis/proto/metrics_for_slice.proto", "tensorflow_model_analysis.PlotsForSlice"


@dataclass(frozen=True)
class CalibrationPoint:
    """Examples whose predictions are alike."""

    predicted: float  # their mean prediction
    observed: float  # their mean label
    examples: float  # how many they are, by weight


@dataclass(frozen=True)
class Plots:
    """The plots over all examples of a model; empty where there is none."""

    roc: tuple[tuple[float, float], ...]  # false positive rate, true positive rate; rising
    calibration: tuple[CalibrationPoint, ...]  # by prediction


def read_plots(folder: Path) -> Plots:
    """The plots over all examples of the candidate, below a ModelEvaluation artifact's `folder`.

    Raises:
        FileNotFoundError: there is no evaluation in the folder.
        ValueError: a file is damaged.
        ModuleNotFoundError: TFMA is not installed.
    """
    roc: list[tuple[float, float]] = []
    points: list[CalibrationPoint] = []
    for data in _overall(folder):
        for one in data.confusion_matrix_at_thresholds.matrices if not roc else ():
            negatives, positives = one.false_positives + one.true_negatives, one.true_positives + one.false_negatives
            if negatives and positives:
                roc.append((one.false_positives / negatives, one.true_positives / positives))
        for bucket in data.calibration_histogram_buckets.buckets if not points else ():
            if (examples := bucket.num_weighted_examples.value) > 0:
                predicted = bucket.total_weighted_refined_prediction.value / examples
                points.append(CalibrationPoint(predicted, bucket.total_weighted_label.value / examples, examples))
    return Plots(tuple(sorted(set(roc))), tuple(sorted(points, key=lambda one: one.predicted)))


def _overall(folder: Path) -> Iterator[Any]:
    message, baselines = message_class(_FILE, _MESSAGE), read_baselines(folder)
    for path in sorted(folder.glob("plots*.tfrecord")):
        with reading(path):
            records: list[Any] = [message.FromString(record) for record in read_records(path)]
        for record in records:
            if record.HasField("slice_key") and not record.slice_key.single_slice_keys:
                pairs = record.plot_keys_and_values
                yield from (pair.value for pair in pairs if pair.key.model_name not in baselines)
