"""ML Metadata's messages as records, and values as it has them."""

import json
import re

from google.protobuf.json_format import MessageToDict
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata.recorded_kinds import is_damaged
from headrace.metadata.records import Artifact, Property, time_of

_UNDECODABLE = re.compile("[\udc80-\udcff]")  # what os.fsdecode makes of a byte that it cannot decode
_JSON_VALUE = "__value__"  # the field under which TFX keeps a JSON value that is no object


def artifact_of(artifact: mlmd.Artifact) -> Artifact:
    """An artifact's record."""
    return Artifact(
        artifact.id,
        artifact.type,
        artifact.uri,
        mlmd.Artifact.State.Name(artifact.state),
        time_of(artifact.create_time_since_epoch),
        properties_of(artifact),
    )


def properties_of(node: mlmd.Execution | mlmd.Artifact | mlmd.Context) -> dict[str, Property]:
    """Properties and custom properties; a JSON value of TFX's as text, protos and what is damaged left out."""
    values: dict[str, Property] = {}
    for name, value in [*node.properties.items(), *node.custom_properties.items()]:
        kind = value.WhichOneof("value")
        if kind in ("int_value", "double_value", "string_value", "bool_value"):
            values[name] = getattr(value, kind)
        elif kind == "struct_value":
            found = MessageToDict(value.struct_value)
            inner = found.get(_JSON_VALUE, found)
            # A map of protobuf's has no order of its own.
            values[name] = inner if isinstance(inner, str) else json.dumps(inner, sort_keys=True)
    return {name: value for name, value in values.items() if not is_damaged(name, value)}


def set_value(target: mlmd.Value, value: Property) -> None:
    """Puts a value where a property is to be, with its type."""
    match value:
        case bool():
            target.bool_value = value
        case int():
            target.int_value = value
        case float():
            target.double_value = value
        case _:
            target.string_value = recordable(value)


def recordable(text: str) -> str:
    """A text without what no store takes: bytes of a file's name that are not UTF-8 are escaped, a NUL as well."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _UNDECODABLE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text)
        text = text.encode(errors="backslashreplace").decode()
    return text.replace("\0", "\\x00")
