"""The work of SpanBackfill: an artifact for each span that is missing, read as ArrowExampleGen reads it."""

import json
import os
from collections import Counter
from typing import Any

from tfx.components.example_gen import utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto.example_gen_pb2 import Input
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.standard_artifacts import Examples
from tfx.types.standard_component_specs import INPUT_CONFIG_KEY
from tfx.utils import proto_utils

from components.arrow_example_gen.executor import Executor as ArrowExecutor
from components.span_backfill.driver import BEFORE, FOLLOWING, MISSING, SPLIT
from components.span_backfill.spans import Span, from_json
from headrace.acceleration.example_gen import ROWS
from headrace.orchestration.node_facts import input_files

ArtifactMap = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Writes the examples of the missing spans, and says which spans there are."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Reads and writes, a span after the other.

        Raises:
            InputDataError: files cannot be read, or hold what an example cannot.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        folder = get_single_instance(output_dict["examples"]).uri
        reader, rows = ArrowExecutor(self._context), Counter[str]()
        made = []
        for span in from_json(exec_properties[MISSING]):
            examples = _artifact(span, folder)
            files = Input(splits=[Input.Split(name=exec_properties[SPLIT], pattern=span.pattern)])
            given = {**exec_properties, INPUT_CONFIG_KEY: proto_utils.proto_to_json(files)}
            reader.Do({}, {"examples": [examples]}, given)
            for name, value in {**input_files(given), ROWS: given[ROWS]}.items():  # each artifact's own, for lineage
                examples.set_string_custom_property(name, str(value))
            rows.update(json.loads(given[ROWS]))
            made.append(examples)
        if not made:
            os.rmdir(folder)  # of no artifact: nobody would ever remove it
        output_dict["examples"] = made
        exec_properties[ROWS] = json.dumps(rows)
        get_single_instance(output_dict["spans"]).value = json.loads(exec_properties[BEFORE])
        get_single_instance(output_dict["following"]).value = exec_properties[FOLLOWING]


def _artifact(span: Span, folder: str) -> Examples:
    """An artifact as an ExampleGen's driver would describe it; several of one output lie below its folder."""
    examples = Examples()
    examples.uri = os.path.join(folder, f"span-{span.number}")
    examples.span = span.number
    examples.set_int_custom_property(utils.SPAN_PROPERTY_NAME, span.number)
    if span.version is not None:
        examples.set_int_custom_property(utils.VERSION_PROPERTY_NAME, span.version)
    examples.set_string_custom_property(utils.FINGERPRINT_PROPERTY_NAME, span.fingerprint)
    return examples
