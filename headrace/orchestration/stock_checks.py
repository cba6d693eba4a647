"""Checks of what stock executors are asked for, and would pass over without a word, or fail on without a clear one."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.bulk_inferrer_pb2 import DataSpec, ModelSpec, OutputExampleSpec
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import (
    DATA_SPEC_KEY,
    EXAMPLES_KEY,
    MODEL_KEY,
    MODEL_SPEC_KEY,
    OUTPUT_EXAMPLE_SPEC_KEY,
)
from tfx.utils import path_utils, proto_utils

from headrace.contents.saved_model import SavedGraph
from headrace.errors import UnknownNameError

_BULK_INFERRER = "tfx.components.bulk_inferrer.executor.Executor"
_DEFAULT_SIGNATURE = "serving_default"


def check_stock(class_path: str, info: ExecutionInfo) -> None:
    """Checks what an executor is given, if it is one of stock TFX's that are known to need it.

    Raises:
        UnknownNameError: it is asked for a split or for an output that is not there.
    """
    if class_path == _BULK_INFERRER:
        _check_splits(info)
        _check_outputs(info)


def _check_splits(info: ExecutionInfo) -> None:
    examples = info.input_dict.get(EXAMPLES_KEY, [])
    there = {split for one in examples for split in artifact_utils.decode_split_names(one.split_names)}
    for split in _spec(info, DATA_SPEC_KEY, DataSpec()).example_splits:
        if split not in there:
            raise UnknownNameError.among(
                "split", split, there, where=_places(examples), next_step="name another in data_spec.example_splits"
            )


def _check_outputs(info: ExecutionInfo) -> None:
    columns = _spec(info, OUTPUT_EXAMPLE_SPEC_KEY, OutputExampleSpec()).output_columns_spec
    models = info.input_dict.get(MODEL_KEY, [])
    if not columns or len(models) != 1:
        return
    place = Path(path_utils.serving_model_path(models[0].uri, path_utils.is_old_model_artifact(models[0])))
    try:
        signatures = SavedGraph(place).meta.signature_def
    except (OSError, ValueError):  # the executor says what is wrong with the model
        return
    asked = [*_spec(info, MODEL_SPEC_KEY, ModelSpec()).model_signature_name, _DEFAULT_SIGNATURE]
    for column in columns:
        name = column.signature_name or asked[0]
        if name not in signatures:
            next_step = "name another in model_spec.model_signature_name"
            raise UnknownNameError.among("signature", name, signatures, where=str(place), next_step=next_step)
        for one in column.predict_output.output_columns:
            if one.output_key not in signatures[name].outputs:
                raise UnknownNameError.among(
                    f"output of the signature {name!r}",
                    one.output_key,
                    signatures[name].outputs,
                    where=str(place),
                    next_step="name another as output_key in output_example_spec",
                )


def _spec(info: ExecutionInfo, key: str, spec: Any) -> Any:
    if text := info.exec_properties.get(key):
        proto_utils.json_to_proto(text, spec)
    return spec


def _places(artifacts: Iterable[Artifact]) -> str:
    return ", ".join(one.uri for one in artifacts)
