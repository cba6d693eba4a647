"""The key under which a run would look for a node's outputs, made without recording it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from tfx.components.example_gen.driver import Driver as ExampleGenDriver
from tfx.dsl.compiler.placeholder_utils import ResolutionContext
from tfx.orchestration import data_types_utils
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import cache_utils, inputs_utils, outputs_utils
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.input_resolution.exceptions import InputResolutionError
from tfx.orchestration.portable.python_driver_operator import PythonDriverOperator
from tfx.types import Artifact
from tfx.utils import import_utils

from headrace.metadata import MetadataStore
from headrace.metadata.changes import KeyParts
from headrace.metadata.store import ConnectionConfig
from headrace.orchestration.cache_key import key_parts, with_code
from headrace.orchestration.cached_outputs import CacheLookup, find_cached_outputs, imported_files
from headrace.orchestration.code_fingerprint import code_of, digest_of
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.predicted_inputs import UnresolvedError

Inputs = Mapping[str, list[Artifact]]


@dataclass(frozen=True)
class NodeKey:
    """A node's cache key."""

    name: str  # of TFX's cache context
    parts: KeyParts


class KeyMaker:
    """Makes keys as a run does. TFX records a key when it makes it: here, in a store in memory."""

    def __init__(self, store: MetadataStore) -> None:
        """Takes what was recorded so far; it is only read."""
        self._connection = SharedMetadata(store)
        config = ConnectionConfig()
        config.fake_database.SetInParent()
        self._scratch = SharedMetadata(MetadataStore.connect(config))

    def has_executor(self, node: GraphNode) -> bool:
        """It does work of its own: it is no resolver and no importer."""
        return _executor_spec(node) is not None

    def static_parts(self, node: GraphNode) -> KeyParts:
        """What is known of a key while its inputs are not."""
        spec = _executor_spec(node)
        outputs = _output_skeletons(node)
        return key_parts(node.node, spec, code_of(node.node, spec), {}, outputs, _static_parameters(node))

    def data_parameters(self, node: GraphNode) -> dict[str, Any]:
        """What the driver of a node without inputs says of its data: span, version, fingerprint; empty without one.

        Raises:
            UnresolvedError: the driver fails, as for a span that is not there, or is none of an ExampleGen.
        """
        given, outputs = _static_parameters(node), _output_skeletons(node)
        said = dict(given)
        self._ask_driver(node, {}, outputs, said)
        return {name: value for name, value in said.items() if given.get(name) != value}

    def key(self, node: GraphNode, inputs: Inputs) -> NodeKey:
        """The key of a node for a set of inputs; asks its driver, which reads the data's names, sizes and times.

        Raises:
            UnresolvedError: a parameter that comes from an input cannot be read, or the driver fails.
        """
        spec, outputs = _executor_spec(node), _output_skeletons(node)
        parameters = _static_parameters(node)
        parameters |= self._dynamic_parameters(node, inputs, spec)
        self._ask_driver(node, inputs, outputs, parameters)
        code = code_of(node.node, spec) | imported_files(inputs)
        with self._scratch as scratch:
            context = cache_utils.get_cache_context(
                metadata_handle=scratch,
                pipeline_node=node.node,
                pipeline_info=node.pipeline.pipeline_info,
                executor_spec=with_code(spec, digest_of(code)) if spec else None,
                input_artifacts=inputs,
                output_artifacts=outputs,
                parameters=parameters,
            )
        return NodeKey(context.name, key_parts(node.node, spec, code, inputs, outputs, parameters))

    def look_up(self, key: NodeKey) -> CacheLookup:
        """What is recorded under a key."""
        with self._connection as connection:
            return find_cached_outputs(connection, key.name)

    def _dynamic_parameters(self, node: GraphNode, inputs: Inputs, spec: Message | None) -> dict[str, Any]:
        context = ResolutionContext(exec_info=_info(node, inputs, {}, {}), executor_spec=spec)
        try:
            values: dict[str, Any] = inputs_utils.resolve_dynamic_parameters(node.node.parameters, context)
        except InputResolutionError as error:
            raise UnresolvedError(str(error)) from error
        return values

    def _ask_driver(
        self, node: GraphNode, inputs: Inputs, outputs: dict[str, list[Artifact]], parameters: dict[str, Any]
    ) -> None:
        """Takes over what a driver says, as TFX's Launcher does."""
        spec = runner_utils.extract_custom_driver_spec(node.deployment, node.node.node_info.id)
        if spec is None:
            return
        if not issubclass(import_utils.import_class_by_path(spec.class_path), ExampleGenDriver):
            raise UnresolvedError(f"its driver {spec.class_path} decides when it runs")  # and may write
        try:
            answer = PythonDriverOperator(spec, self._connection).run_driver(_info(node, inputs, outputs, parameters))
        except Exception as error:  # of a driver that reads the user's data
            raise UnresolvedError(f"its driver fails: {type(error).__name__}: {error}") from error
        for key, artifacts in answer.output_artifacts.items():
            kind = outputs[key][0].type
            outputs[key] = [kind() for _ in artifacts.artifacts]
            for artifact, recorded in zip(outputs[key], artifacts.artifacts, strict=True):
                artifact.set_mlmd_artifact(recorded)
        for name, value in answer.exec_properties.items():
            parameters[name] = getattr(value, value.WhichOneof("value"))


def _executor_spec(node: GraphNode) -> Message | None:
    return runner_utils.extract_executor_spec(node.deployment, node.node.node_info.id)


def _static_parameters(node: GraphNode) -> dict[str, Any]:
    values = inputs_utils.resolve_parameters_with_schema(node.node.parameters)
    parameters: dict[str, Any] = data_types_utils.build_parsed_value_dict(values)
    return parameters


def _output_skeletons(node: GraphNode) -> dict[str, list[Artifact]]:
    folder = outputs_utils.get_node_dir(node.pipeline.runtime_spec, node.node.node_info.id)
    return dict(outputs_utils.generate_output_artifacts(0, node.node.outputs.outputs, folder))


def _info(node: GraphNode, inputs: Inputs, outputs: Inputs, parameters: dict[str, Any]) -> ExecutionInfo:
    run = node.pipeline.runtime_spec
    return ExecutionInfo(
        input_dict={key: list(value) for key, value in inputs.items()},
        output_dict=dict(outputs),
        exec_properties=parameters,
        pipeline_node=node.node,
        pipeline_info=node.pipeline.pipeline_info,
        pipeline_run_id=run.pipeline_run_id.field_value.string_value,
        top_level_pipeline_run_id=run.top_level_pipeline_run_id,
    )
