"""Artifacts that a test gives to a component, before they are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfx.types import Artifact

DEFAULT_SPLIT = "train"  # of content that is not given by split


@dataclass(frozen=True)
class GivenArtifact:
    """What an artifact is to hold.

    Attributes:
        type: the artifact's class.
        content: see `artifact`.
        properties: the type's own by their names; others are custom properties.
    """

    type: "type[Artifact]"
    content: object = None
    properties: Mapping[str, int | float | str] = field(default_factory=dict)


def artifact(
    artifact_type: "type[Artifact]",
    content: object = None,
    properties: Mapping[str, int | float | str] | None = None,
) -> GivenArtifact:
    """An artifact for `run_component`, where the content alone does not say enough.

    That is: it has properties, an input takes several (give a list of these), or the argument
    of the component's constructor is not called as the input in its spec.

    Args:
        artifact_type: the artifact's class, such as `standard_artifacts.Examples`.
        content: what it holds.
            Any type: a `Path` to a folder, used where it lies; a `Path` to a file, put into a folder
            of its own; files, as a dict of names and their text or bytes; None for an empty folder.
            `Integer`, `Float`, `String`, `Boolean`, `Bytes`, `JsonValue`: the value.
            `Examples`: a pandas DataFrame, a row an example, a column a feature.
            `Schema`: a `schema_pb2.Schema`.
            `ExampleStatistics`: a `DatasetFeatureStatisticsList`, or a DataFrame it is computed of.
            `ExampleAnomalies`: an `anomalies_pb2.Anomalies`.
            Of the types that have splits, a dict gives each split its own; without one it is all `train`.
        properties: the type's own by their names, such as `span`; others become custom properties.
    """
    return GivenArtifact(artifact_type, content, dict(properties or {}))
