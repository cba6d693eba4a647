"""Makes real artifacts of what a test gives: folders and files as TFX's own components write them."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from google.protobuf import text_format
from google.protobuf.message import Message
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2
from tfx.types import Artifact
from tfx.types.artifact_utils import encode_split_names
from tfx.types.value_artifact import ValueArtifact

from headrace.contents import anomalies, schema, statistics
from headrace.contents.splits import PREFIX, split_folders
from headrace.errors import InputDataError, ParameterError
from headrace.testing.artifacts import DEFAULT_SPLIT, GivenArtifact
from headrace.testing.frames import statistics_of, write_frame

Properties = Mapping[str, int | float | str]
SPLIT_NAMES = "split_names"


@dataclass(frozen=True)
class Made:
    """An artifact on disk."""

    uri: Path
    properties: Properties = field(default_factory=dict)  # those that its type declares
    custom_properties: Properties = field(default_factory=dict)


def make(given: GivenArtifact, place: Path) -> Made:
    """Makes an artifact at `place`, or takes the folder that is given.

    Raises:
        ParameterError: it cannot be made of such content, or have such properties.
        InputDataError: there is no such file or folder.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    if issubclass(given.type, ValueArtifact):
        made = _value(given, place)
    else:
        uri = _folder(given, place)
        splits = _splits(uri, given.content)
        made = Made(uri, {SPLIT_NAMES: encode_split_names(splits)} if splits else {})
    declared = given.type.PROPERTIES or {}
    own = {name: value for name, value in {**made.properties, **given.properties}.items() if name in declared}
    custom = {name: value for name, value in given.properties.items() if name not in declared}
    _check(given.type, own, custom)
    return Made(made.uri, own, {**made.custom_properties, **custom})


def _value(given: GivenArtifact, place: Path) -> Made:
    if isinstance(given.content, Path):
        if not given.content.is_file():
            raise InputDataError("there is no such file", where=str(given.content))
        return Made(given.content.resolve())
    made = given.type()
    made.uri = str(place)
    try:
        made.value = given.content
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"an artifact of type {given.type.TYPE_NAME} cannot hold {given.content!r}", why=str(error)
        ) from error
    return Made(place, {}, {"__is_null__": 1} if given.content is None else {})


def _folder(given: GivenArtifact, place: Path) -> Path:
    match given.content:
        case Path() as path if path.is_dir():
            return path.resolve()
        case Path() as path if path.is_file():
            place.mkdir()
            shutil.copy(path, place)
        case Path() as path:
            raise InputDataError("there is no such file or folder", where=str(path))
        case None:
            place.mkdir()
        case content if writer := _WRITERS.get(given.type.TYPE_NAME):
            place.mkdir()
            writer(content, place)
        case Mapping() as files:
            place.mkdir()
            _write_files(given.type, files, place)
        case content:
            raise _cannot(given.type.TYPE_NAME, content, "a Path, or files as a dict of names and contents")
    return place


def _splits(folder: Path, content: object) -> list[str]:
    """The splits of a folder, in the order in which they were given, if they were."""
    try:
        found = list(split_folders(folder))
    except FileNotFoundError:
        return []
    return [one for one in content if one in found] or found if isinstance(content, Mapping) else found


def _check(artifact_type: type[Artifact], own: Properties, custom: Properties) -> None:
    made = artifact_type()
    for name, value in own.items():
        try:
            setattr(made, name, value)
        except (TypeError, ValueError) as error:
            raise ParameterError(
                f"the property {name!r} of {artifact_type.TYPE_NAME} cannot be {value!r}", why=str(error)
            ) from error
    for name, value in custom.items():
        if not isinstance(value, int | str):
            raise ParameterError(
                f"the custom property {name!r} of {artifact_type.TYPE_NAME} cannot be {value!r}",
                why=f"it is none of {', '.join(artifact_type.PROPERTIES or ()) or 'no properties'} that the type "
                "declares, and others can be whole numbers and text",
            )


def _write_files(artifact_type: type[Artifact], files: Mapping[Any, Any], folder: Path) -> None:
    for name, content in files.items():
        if not isinstance(name, str) or not isinstance(content, str | bytes):
            raise _cannot(artifact_type.TYPE_NAME, {name: content}, "files: a dict of names and their text or bytes")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _write_schema(content: object, folder: Path) -> None:
    if not isinstance(content, schema_pb2.Schema):
        raise _cannot("Schema", content, "a schema_pb2.Schema, or a Path")
    (folder / schema.FILE_NAME).write_text(text_format.MessageToString(content), encoding="utf-8")


def _write_examples(content: object, folder: Path) -> None:
    for split, frame in _by_split(content).items():
        if not isinstance(frame, pd.DataFrame):
            raise _cannot("Examples", frame, "a DataFrame, a dict of one for each split, or a Path")
        write_frame(frame, folder / f"{PREFIX}{split}")


def _write_statistics(content: object, folder: Path) -> None:
    for split, one in _by_split(content).items():
        computed = statistics_of(one) if isinstance(one, pd.DataFrame) else one
        if not isinstance(computed, statistics_pb2.DatasetFeatureStatisticsList):
            wanted = "a DataFrame, a DatasetFeatureStatisticsList, a dict of one for each split, or a Path"
            raise _cannot("ExampleStatistics", one, wanted)
        _write_proto(computed, folder / f"{PREFIX}{split}" / statistics.FILE_NAME)


def _write_anomalies(content: object, folder: Path) -> None:
    for split, one in _by_split(content).items():
        if not isinstance(one, anomalies_pb2.Anomalies):
            raise _cannot(
                "ExampleAnomalies", one, "an anomalies_pb2.Anomalies, a dict of one for each split, or a Path"
            )
        _write_proto(one, folder / f"{PREFIX}{split}" / anomalies.FILE_NAME)


def _write_proto(proto: Message, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(proto.SerializeToString())


def _by_split(content: object) -> Mapping[str, object]:
    return content if isinstance(content, Mapping) else {DEFAULT_SPLIT: content}


def _cannot(type_name: str, content: object, wanted: str) -> ParameterError:
    return ParameterError(
        f"an artifact of type {type_name} cannot be made of {type(content).__name__} {content!r}"[:500],
        why=f"it is made of {wanted}",
    )


_WRITERS: Mapping[str, Callable[[object, Path], None]] = {
    "ExampleAnomalies": _write_anomalies,
    "ExampleStatistics": _write_statistics,
    "Examples": _write_examples,
    "Schema": _write_schema,
}
