"""What is recorded of a node's data beside TFX's records: the files an ExampleGen read, and rows by split."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from tfx.dsl.io import fileio
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput
from tfx.proto.orchestration.pipeline_pb2 import PipelineNode
from tfx.proto.orchestration.placeholder_pb2 import Placeholder
from tfx.types import Artifact, standard_component_specs

from headrace.contents.statistics import read_row_counts
from headrace.metadata import Property
from headrace.metadata import properties as names
from headrace.metadata.graph import IMPLICIT

MOST_FILES = 1000  # of a split, that are named
_STATISTICS = "ExampleStatistics"
_SAMPLE_RATES = "sample_rate_by_split"  # the property in which StatisticsGen says which share of the rows it took
_SAMPLE_COUNT = "sample_count"  # an option of TFDV's that takes a number of them


def input_files(parameters: Mapping[str, Any]) -> dict[str, Property]:
    """The files of a file-based ExampleGen, once its driver has put span and version into the patterns.

    That is a path, a size in bytes and a time of change in nanoseconds each: what TFX's fingerprint is made of.
    Empty for other nodes, and where the files are not on this machine.
    """
    base = parameters.get(standard_component_specs.INPUT_BASE_KEY)
    config = parameters.get(standard_component_specs.INPUT_CONFIG_KEY)
    if not base or not config or "://" in str(base):
        return {}
    found = {}
    for split in json.loads(config).get("splits", []):
        paths = sorted(fileio.glob(os.path.join(base, split["pattern"])))[:MOST_FILES]
        found[split["name"]] = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths]
    return {names.INPUT_FILES: json.dumps(found)}


def condition_inputs(node: PipelineNode) -> dict[str, Property]:
    """The keys of the inputs that only the node's conditions read, and no parameter; empty where it has no condition.

    TFX declares both among the node's inputs, under keys of its own.
    """
    if not node.inputs.conditionals:
        return {}
    conditions = (one.placeholder_expression for one in node.inputs.conditionals.values())
    asked = {key for condition in conditions for key in _placeholder_keys(condition)}
    only = sorted(key for key in asked - set(_placeholder_keys(node.parameters)) if key.startswith(IMPLICIT))
    return {names.CONDITION_INPUTS: json.dumps(only)}


def _placeholder_keys(message: Message) -> Iterator[str]:
    """The keys of the inputs that the placeholders in a message stand for."""
    if isinstance(message, Placeholder):
        if message.type == Placeholder.INPUT_ARTIFACT:
            yield message.key
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        is_map = field.message_type.GetOptions().map_entry
        for child in value.values() if is_map else value if field.is_repeated else [value]:
            if isinstance(child, Message):
                yield from _placeholder_keys(child)


def row_counts(
    outputs: Mapping[str, Sequence[Artifact]], output: ExecutorOutput, parameters: Mapping[str, Any]
) -> dict[str, Property]:
    """Rows by split of the examples that a StatisticsGen read; empty for other nodes, and where it took a sample.

    Args:
        outputs: the node's output artifacts, as they were before it ran.
        output: what its executor says of them.
        parameters: the node's.
    """
    statistics = [key for key, artifacts in outputs.items() for one in artifacts if one.type_name == _STATISTICS]
    if len(statistics) != 1 or _SAMPLE_COUNT in str(parameters.get("stats_options_json", "")):
        return {}
    for recorded in output.output_artifacts[statistics[0]].artifacts:
        rates = recorded.custom_properties[_SAMPLE_RATES].struct_value.fields["__value__"].string_value
        if rates and all(rate == 1 for rate in json.loads(rates).values()):
            with suppress(OSError, ValueError):  # a custom component's, in a form of its own
                return {names.ROWS: json.dumps(read_row_counts(Path(recorded.uri)))}
    return {}
