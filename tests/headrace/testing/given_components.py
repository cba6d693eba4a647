"""Components that tell what they were given."""

import json
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import Artifact, BaseChannel, Channel
from tfx.types.artifact_utils import get_single_instance
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import Examples, JsonValue, Model, ModelBlessing, Schema


@component
def CopyExamples(examples: InputArtifact[Examples], copy: OutputArtifact[Examples]) -> None:  # noqa: N802
    """Copies files, and notes the properties."""
    copy.splits = examples.splits
    copy.span = examples.span
    for file in Path(examples.uri).rglob("*.gz"):
        target = Path(copy.uri) / file.relative_to(examples.uri)
        target.parent.mkdir(parents=True)
        target.write_bytes(file.read_bytes())


@component
def ListFiles(  # noqa: N802
    files: OutputArtifact[JsonValue],
    model: InputArtifact[Model] = None,
    blessing: InputArtifact[ModelBlessing] = None,
    schema: InputArtifact[Schema] = None,
) -> None:
    """Lists the files of whatever it is given."""
    given = [one for one in (model, blessing, schema) if one]
    found = {path for one in given for path in Path(one.uri).rglob("*") if path.is_file()}
    files.value = {path.name: path.read_text() for path in sorted(found)}


@component
def Echo(  # noqa: N802
    text: str, number: float, data: InputArtifact[JsonValue], word: Parameter[str], said: OutputArtifact[JsonValue]
) -> None:
    """Says what it is given."""
    print("echoing", word)
    said.value = [text, number, data.value, word]


class _SpansExecutor(BaseExecutor):
    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, object],
    ) -> None:
        found = {one.span: one.get_string_custom_property("origin") for one in input_dict["examples"]}
        get_single_instance(output_dict["spans"]).value = json.dumps(found, sort_keys=True)


class _SpansSpec(ComponentSpec):
    PARAMETERS = {"note": ExecutionParameter(type=str, optional=True)}
    INPUTS = {"examples": ChannelParameter(type=Examples)}
    OUTPUTS = {"spans": ChannelParameter(type=JsonValue)}


class Spans(BaseComponent):
    """Takes several artifacts, by a name that is not the spec's."""

    SPEC_CLASS = _SpansSpec
    EXECUTOR_SPEC = ExecutorClassSpec(_SpansExecutor)

    def __init__(self, trips: BaseChannel, note: str = "none") -> None:
        super().__init__(_SpansSpec(examples=trips, note=note, spans=Channel(type=JsonValue)))
