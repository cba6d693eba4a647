"""Values that a node was to write and did not: the node that reads one fails for it, and the first has succeeded."""

import os
import re

from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.types.value_artifact import ValueArtifact

from headrace.contents.values import IS_NULL

_PLACE = re.compile(r".*/(?P<node>[^/]+)/(?P<key>[^/]+)/\d+/value")  # where TFX puts a value


def unwritten(info: ExecutionInfo) -> list[str]:
    """A sentence for each value among a node's inputs that nobody ever wrote."""
    return [
        _sentence(artifact.uri, key)
        for key, artifacts in info.input_dict.items()
        for artifact in artifacts
        if isinstance(artifact, ValueArtifact) and not artifact.has_custom_property(IS_NULL) and _is_empty(artifact.uri)
    ]


def _sentence(uri: str, key: str) -> str:
    found = _PLACE.fullmatch(uri)
    return (
        f"{found['node']} wrote nothing into {found['key']}" if found else f"nothing was written into the input {key}"
    )


def _is_empty(uri: str) -> bool:
    try:
        return os.path.getsize(uri) == 0
    except OSError:  # it is gone, or on another machine
        return False
