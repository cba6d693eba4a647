"""What would go into a node, from what the nodes before it would hand on.

TFX finds a node's inputs by the run they were made in. A run that is only planned has
made none: each channel of it is replaced by the artifacts that its producer would hand
on, and TFX resolves the rest, conditions, loops and resolvers included.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy

from tfx.dsl.components.common import importer
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable import inputs_utils
from tfx.orchestration.portable.input_resolution.exceptions import InputResolutionError
from tfx.proto.orchestration.pipeline_pb2 import InputSpec, PipelineNode
from tfx.types import Artifact

from headrace.metadata import MetadataStore
from headrace.metadata.records import IMPORTER, PIPELINE_BEGIN, PIPELINE_END
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.producers import producer_of

Outputs = Mapping[str, Sequence[Artifact]]


class UnresolvedError(Exception):
    """Inputs or parameters cannot be found; a run would fail there."""


class PredictedInputs:
    """The inputs of one node of a run that is only planned."""

    def __init__(self, node: PipelineNode, store: MetadataStore, outputs: Mapping[str, Outputs]) -> None:
        """Takes the node, the store, which is read, and what other nodes would hand on, by their contexts."""
        self._node = node
        self._connection = SharedMetadata(store)
        self._outputs = outputs

    @property
    def may_be_none(self) -> bool:
        """What the inputs hold decides whether, and how often, the node runs."""
        return bool(self._node.inputs.conditionals or self._node.inputs.input_graphs)

    @property
    def passes_on(self) -> bool:
        """It hands on just what goes in: the beginning or the end of a sub-pipeline."""
        return bool(self._node.node_info.type.name in (PIPELINE_BEGIN, PIPELINE_END))

    def unsettled(self, planned: Collection[str]) -> set[str]:
        """The contexts of those nodes of this run that this one reads, and whose outputs are not known yet."""
        channels = [channel for spec in self._node.inputs.inputs.values() for channel in spec.channels]
        producers = {producer for channel in channels if (producer := producer_of(channel))}
        return {one for one in producers if one in planned and one not in self._outputs}

    def resolve(self) -> list[Mapping[str, list[Artifact]]]:
        """The sets of inputs, one for each execution; none if the node would be skipped.

        Raises:
            UnresolvedError: an input that has to be there is not.
        """
        node = deepcopy(self._node)
        for spec in node.inputs.inputs.values():
            self._replace_channels(spec)
        try:
            with self._connection as connection:
                return list(inputs_utils.resolve_input_artifacts(pipeline_node=node, metadata_handle=connection))
        except InputResolutionError as error:
            raise UnresolvedError(str(error.__cause__ or error)) from error

    def imported(self) -> Outputs | None:
        """What an importer would hand on: an artifact without an id if it would be a new one; None for other nodes."""
        if self._node.node_info.type.name != IMPORTER:
            return None
        parameters = data_types_utils.build_parsed_value_dict(
            inputs_utils.resolve_parameters_with_schema(self._node.parameters)
        )
        key = parameters[importer.OUTPUT_KEY_KEY]
        spec = self._node.outputs.outputs[key].artifact_spec
        with self._connection as connection:
            return importer.generate_output_dict(
                metadata_handle=connection,
                uri=parameters[importer.SOURCE_URI_KEY],
                properties=_values(spec.additional_properties),
                custom_properties=_values(spec.additional_custom_properties),
                reimport=bool(parameters[importer.REIMPORT_OPTION_KEY]),
                output_artifact_class=Artifact(spec.type).type,
                mlmd_artifact_type=spec.type,
                output_key=key,
            )

    def _replace_channels(self, spec: InputSpec) -> None:
        producers = [producer_of(channel) for channel in spec.channels]
        if not producers or not all(producer in self._outputs for producer in producers if producer):
            return
        if not all(producers):  # some are of other runs
            return
        found = [
            artifact.id
            for channel, producer in zip(spec.channels, producers, strict=True)
            if producer
            for artifact in self._outputs[producer].get(channel.output_key, ())
        ]
        if found:  # without any, a run finds none either: its context is not there yet
            spec.ClearField("channels")
            spec.static_inputs.artifact_ids.extend(dict.fromkeys(found))


def _values(values: Mapping[str, object]) -> dict[str, object]:
    return {name: data_types_utils.get_value(value) for name, value in values.items()}
