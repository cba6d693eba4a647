"""What an executor says of its outputs, looked at before it is recorded."""

import math
from collections.abc import Mapping

from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput

from headrace.errors import UserError
from headrace.metadata.store import Value

_WHY = "ML Metadata keeps neither NaN nor infinity"


def check_recordable(output: ExecutorOutput) -> None:
    """Refuses numbers that ML Metadata cannot keep: it would fail on them in words of SQL.

    Raises:
        UserError: a property is NaN or infinite; names it, and the artifact.
    """
    for key, artifacts in output.output_artifacts.items():
        for one in artifacts.artifacts:
            for properties in (one.properties, one.custom_properties):
                if odd := _not_finite(properties):
                    what = f"the property {odd} of the output {key!r} cannot be recorded"
                    raise UserError(what, where=one.uri, why=_WHY, next_step="leave it out, or record it as text")
    if odd := _not_finite(output.execution_properties):
        raise UserError(f"the execution property {odd} cannot be recorded", why=_WHY)


def check_parameters(node: str, parameters: Mapping[str, object]) -> None:
    """The same of a node's parameters.

    Raises:
        UserError: one is NaN or infinite.
    """
    for name, value in parameters.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"the parameter {name!r} of {node} is {value}", where=node, why=_WHY)


def _not_finite(properties: Mapping[str, Value]) -> str:
    """The first that is not finite, with its value."""
    for name, value in properties.items():
        if not math.isfinite(value.double_value):  # 0 where it is of another kind
            return f"{name!r}, {value.double_value},"
    return ""
