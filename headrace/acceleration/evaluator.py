"""Evaluator on whole batches, without Beam: the stock executor's metrics, plots, validation and blessing."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.api import model_eval_lib
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import model_util
from tfx.components.evaluator import constants
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import (
    BASELINE_MODEL_KEY,
    BLESSING_KEY,
    EVAL_CONFIG_KEY,
    EVALUATION_KEY,
    EXAMPLE_SPLITS_KEY,
    EXAMPLES_KEY,
    MODEL_KEY,
    MODULE_FILE_KEY,
    MODULE_PATH_KEY,
    SCHEMA_KEY,
)
from tfx.utils import io_utils, json_utils, path_utils, proto_utils

from headrace.acceleration.evaluator_extraction import extracted
from headrace.acceleration.evaluator_metrics import SlicedMetrics
from headrace.acceleration.evaluator_oddities import oddity_of
from headrace.acceleration.evaluator_writing import write
from headrace.acceleration.local_executor import Artifacts, LocalExecutor
from headrace.acceleration.not_equal import NotEqualError
from headrace.errors import HeadraceError, InputDataError

_CUSTOM = (MODULE_FILE_KEY, MODULE_PATH_KEY, "custom_eval_shared_model", "custom_extractors")


class Executor(LocalExecutor):
    """Stands in for the stock executor; what it writes differs in the order of slices and of additions alone."""

    def why_not(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Mapping[str, Any]) -> str:
        """Why the stock executor has to do this; empty if it need not, as far as can be seen without the models."""
        if reason := super().why_not(input_dict, output_dict, exec_properties):
            return reason
        for key in _CUSTOM:
            if exec_properties.get(key):
                return f"{key} is given"
        if not exec_properties.get(EVAL_CONFIG_KEY):
            return "there is no eval_config"
        if max(len(input_dict.get(key, ())) for key in (MODEL_KEY, BASELINE_MODEL_KEY)) > 1:
            return "there is more than one model of a kind"
        if not input_dict.get(EXAMPLES_KEY) or not output_dict.get(EVALUATION_KEY):
            return "there are no examples, or there is nowhere to write to"
        for examples in input_dict[EXAMPLES_KEY]:
            payload, file_format = examples_utils.get_payload_format(examples), examples_utils.get_file_format(examples)
            if payload != example_gen_pb2.FORMAT_TF_EXAMPLE:
                return f"the payload format is {example_gen_pb2.PayloadFormat.Name(payload)}"
            if file_format not in (None, "tfrecords_gzip", "FORMAT_TFRECORDS_GZIP"):
                return f"the file format is {file_format}"
        return _why_not_config(_given_config(exec_properties))

    def work(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates a model, beside a baseline if there is one, and blesses it if its metrics are asked to.

        Args:
            input_dict: the stock executor's.
            output_dict: the stock executor's.
            exec_properties: the stock executor's.

        Raises:
            NotEqualError: the stock executor has to do this; nothing was written.
            InputDataError: the metrics cannot be computed: examples have no label, or no prediction that is a number.
        """
        config = _given_config(exec_properties)
        # As the stock executor has it: without a baseline no thresholds of a change hold.
        config = tfma.utils.update_eval_config_with_defaults(
            config, has_baseline=bool(input_dict.get(BASELINE_MODEL_KEY)), rubber_stamp=True
        )
        tfma.utils.verify_eval_config(config)
        models = _shared_models(config, input_dict)
        shared = models[0] if len(models) == 1 else models
        full_config = model_eval_lib._update_eval_config_with_defaults(config, shared)
        tfma.utils.verify_eval_config(full_config)
        splits = json_utils.loads(exec_properties.get(EXAMPLE_SPLITS_KEY) or "null") or ["eval"]
        batches = extracted(input_dict[EXAMPLES_KEY], splits, _schema(input_dict), full_config, shared)
        with _named_oddities(input_dict[EXAMPLES_KEY]) as oddities:
            metrics = SlicedMetrics(full_config)
            for batch in batches:
                oddities.append(oddity_of(batch))
                metrics.add(batch)
            results = list(metrics.results())
        folder = artifact_utils.get_single_uri(output_dict[EVALUATION_KEY])
        named = model_util.verify_and_update_eval_shared_models(shared)  # None where there are none
        locations = {model.model_name: model.model_path for model in named or ()} or {"": "<unknown>"}
        rubber_stamp = model_util.has_rubber_stamp(named)
        write(Path(folder), results, full_config, locations, rubber_stamp=rubber_stamp)
        logging.info("Evaluation of %d slices written to %s.", len(results), folder)
        if tfma.metrics.metric_thresholds_from_metrics_specs(config.metrics_specs, eval_config=config):
            _bless(input_dict, output_dict, exec_properties, tfma.load_validation_result(folder).validation_ok)
        else:
            logging.info("No threshold configured, the model is not validated.")


@contextmanager
def _named_oddities(examples: Sequence[Artifact]) -> Iterator[list[str]]:
    """Makes one message of an error that odd examples may have caused; what is odd is added to the list."""
    oddities: list[str] = []
    try:
        yield oddities
    except HeadraceError:
        raise
    except Exception as error:
        if told := next(filter(None, oddities), ""):
            where = ", ".join(one.uri for one in examples)
            first, *_ = str(error).splitlines() or [""]
            why = f"{told}: {type(error).__name__}: {first}"
            raise InputDataError("the metrics cannot be computed of these examples", where=where, why=why) from error
        raise


def _why_not_config(config: config_pb2.EvalConfig) -> str:
    unlike = {
        "metrics are by query": any(spec.query_key for spec in config.metrics_specs),
        "slices are by SQL": any(spec.slice_keys_sql for spec in config.slicing_specs),
        "slices are compared with slices": bool(config.cross_slicing_specs),
        "confidence intervals are asked for": config.options.compute_confidence_intervals.value,
        "small slices are left out": config.options.min_slice_size.value > 1,
        "outputs are left out": bool(config.options.disabled_outputs.values),
    }
    return next((reason for reason, is_so in unlike.items() if is_so), "")


def _given_config(exec_properties: Mapping[str, Any]) -> config_pb2.EvalConfig:
    config = config_pb2.EvalConfig()
    proto_utils.json_to_proto(exec_properties[EVAL_CONFIG_KEY], config)
    return config


def _shared_models(config: config_pb2.EvalConfig, input_dict: Artifacts) -> list[Any]:
    """The models that a configuration, with its defaults, asks for, as TFMA takes them."""
    if len(config.model_specs) > 2:
        raise NotEqualError("the stock Evaluator has to do this", why="eval_config has more than two models")
    models = []
    for spec in config.model_specs if input_dict.get(MODEL_KEY) else ():
        given = input_dict.get(BASELINE_MODEL_KEY if spec.is_baseline else MODEL_KEY)
        if not given or tfma.utils.get_model_type(spec) != tfma.constants.TF_GENERIC:
            raise NotEqualError("the stock Evaluator has to do this", why=f"{spec.name!r} is no model with signatures")
        path = path_utils.serving_model_path(given[0].uri, path_utils.is_old_model_artifact(given[0]))
        model = tfma.default_eval_shared_model(path, model_name=spec.name, eval_config=config)
        if model.model_type != tfma.constants.TF_GENERIC:
            raise NotEqualError("the stock Evaluator has to do this", why=f"{path} is a Keras model")
        models.append(model)
    if not models and not all(spec.prediction_key for spec in config.model_specs):
        raise NotEqualError("the stock Evaluator has to do this", why="there is neither a model nor a prediction_key")
    return models


def _schema(input_dict: Artifacts) -> Any:
    if SCHEMA_KEY not in input_dict:
        return None
    folder = artifact_utils.get_single_uri(list(input_dict[SCHEMA_KEY]))
    return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(folder))


def _bless(input_dict: Artifacts, output_dict: Artifacts, exec_properties: Mapping[str, Any], blessed: bool) -> None:
    """Says in the blessing artifact what the thresholds say of the model."""
    [blessing] = output_dict[BLESSING_KEY]
    [model] = input_dict[MODEL_KEY]
    blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    for baseline in input_dict.get(BASELINE_MODEL_KEY, ()):
        blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, baseline.uri)
        blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY, baseline.id)
    if "current_component_id" in exec_properties:
        blessing.set_string_custom_property("component_id", exec_properties["current_component_id"])
    file, value = (
        (constants.BLESSED_FILE_NAME, constants.BLESSED_VALUE)
        if blessed
        else (constants.NOT_BLESSED_FILE_NAME, constants.NOT_BLESSED_VALUE)
    )
    io_utils.write_string_file(os.path.join(blessing.uri, file), "")
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
