"""Which spans there are, and which of them are still to be read."""

from typing import Any

from google.protobuf import json_format
from tfx.components.example_gen.driver import FileBasedDriver
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.example_gen_pb2 import Input
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput
from tfx.types.standard_component_specs import INPUT_BASE_KEY, INPUT_CONFIG_KEY
from tfx.utils import proto_utils

from components.span_backfill.spans import find_spans, read_in, to_json
from headrace.errors import InputDataError

BEFORE, MISSING, FOLLOWING, SPLIT = "before", "missing", "following", "split"  # what it puts into the parameters
NONE = -1  # no span follows


class Driver(FileBasedDriver):
    """Looks at the folder, so that what it finds is in the cache key."""

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Puts into the parameters the spans before, those of them that are missing, and the one that follows.

        Raises:
            InputDataError: no span lies before the newest, or one between the first and the newest is not there.
        """
        given = execution_info.exec_properties
        base, newest = given[INPUT_BASE_KEY], given["span"]
        [split] = json_format.Parse(given[INPUT_CONFIG_KEY], Input()).splits
        spans = find_spans(base, split)
        before = [span for span in spans if span.number < newest]
        if not before:
            raise InputDataError(
                f"no span lies before {newest}",
                where=base,
                why=f"the files there are of the spans {', '.join(str(span.number) for span in spans) or '(none)'}",
                next_step="ask for a later one: --set span=NUMBER",
            )
        if not given["may_have_gaps"]:
            _check_gaps(base, [span.number for span in before], newest)
        ingested = execution_info.input_dict.get("ingested", [])
        missing = [span for span in before if read_in(span, ingested) is None]
        files = [Input.Split(name=f"{split.name}-{span.number}", pattern=span.pattern) for span in missing]
        found: dict[str, Any] = {
            BEFORE: to_json(before),
            MISSING: to_json(missing),
            FOLLOWING: newest + 1 if any(span.number == newest + 1 for span in spans) else NONE,
            SPLIT: split.name,
            INPUT_CONFIG_KEY: proto_utils.proto_to_json(Input(splits=files)),  # the files that will be read
        }
        result = DriverOutput()
        for name, value in {**given, **found}.items():
            data_types_utils.set_metadata_value(result.exec_properties[name], value)
        return result


def _check_gaps(base: str, before: list[int], newest: int) -> None:
    gaps = sorted(set(range(before[0], newest)) - set(before))
    if gaps:
        raise InputDataError(
            f"before span {newest} there are no files of span {', '.join(map(str, gaps))}",
            where=base,
            why=f"the files there are of the spans {', '.join(map(str, before))}",
            next_step="put them there, or, if there are none, say so: SpanBackfill(..., may_have_gaps=True)",
        )
