"""The files of an evaluation, as TFMA writes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as tfma_evaluator
from tensorflow_model_analysis.evaluators import metrics_validator
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.writers import eval_config_writer
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as tfma_writer

from headrace.acceleration.evaluator_metrics import Metrics
from headrace.acceleration.evaluator_slices import SliceKey

SlicedMetricsList = Sequence[tuple[SliceKey, Metrics]]


def write(
    folder: Path,
    results: SlicedMetricsList,
    config: config_pb2.EvalConfig,
    locations: Mapping[str, str],
    *,
    rubber_stamp: bool,
) -> None:
    """Writes metrics, plots, attributions, the validation of the metrics and the configuration.

    Args:
        folder: where to.
        results: the metrics of each slice.
        config: with its defaults.
        locations: where the models are, by their names.
        rubber_stamp: thresholds of a change hold where there is no baseline.
    """
    metrics = _of_kind(results, metric_types.MetricKey)
    validation = _validation(metrics, config, rubber_stamp)
    contents = {
        constants.METRICS_KEY: [tfma_writer.convert_slice_metrics_to_proto(one, []) for one in metrics],
        constants.PLOTS_KEY: [
            tfma_writer.convert_slice_plots_to_proto(one, []) for one in _of_kind(results, metric_types.PlotKey)
        ],
        constants.ATTRIBUTIONS_KEY: [
            tfma_writer.convert_slice_attributions_to_proto(one)
            for one in _of_kind(results, metric_types.AttributionsKey)
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, messages in contents.items():
        _write_records(folder / f"{name}-00000-of-00001.tfrecord", messages)
    _write_records(folder / f"{constants.VALIDATIONS_KEY}.tfrecord", [validation])
    # What stands there for the data is what TFMA says of any that is given to it by Beam.
    run = eval_config_writer._serialize_eval_run(config, "<user provided PCollection>", "<unknown>", locations)
    (folder / f"{eval_config_writer.EVAL_CONFIG_FILE}.{eval_config_writer.EVAL_CONFIG_FILE_FORMAT}").write_text(
        run + "\n", encoding="utf-8"
    )


def _of_kind(results: SlicedMetricsList, kind: type[Any]) -> SlicedMetricsList:
    return [tfma_evaluator._filter_by_key_type(one, kind) for one in results]


def _validation(metrics: SlicedMetricsList, config: config_pb2.EvalConfig, rubber_stamp: bool) -> Any:
    combiner = tfma_writer.CombineValidations(config, rubber_stamp=rubber_stamp)
    accumulator = combiner.create_accumulator()
    for one in metrics:
        accumulator = combiner.add_input(accumulator, metrics_validator.validate_metrics(one, config))
    return combiner.extract_output(accumulator)


def _write_records(file: Path, messages: Sequence[Any]) -> None:
    with tf.io.TFRecordWriter(str(file)) as writer:
        for message in messages:
            writer.write(message.SerializeToString())
