"""Makes a compiled pipeline ready for this machine: parameters, Beam's runner, the metadata store."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from tfx.dsl.compiler.constants import PIPELINE_ROOT_PARAMETER_NAME, PIPELINE_RUN_ID_PARAMETER_NAME
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable.runtime_parameter_utils import substitute_runtime_parameter
from tfx.proto.orchestration.local_deployment_config_pb2 import LocalDeploymentConfig
from tfx.proto.orchestration.pipeline_pb2 import Pipeline, RuntimeParameter
from tfx.proto.orchestration.placeholder_pb2 import PlaceholderExpression

from headrace.errors import ParameterError, UnknownNameError, typed
from headrace.metadata.store import ConnectionConfig, Value, project_config
from headrace.orchestration.refusals import NoSuchNodeError
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings

if TYPE_CHECKING:
    from headrace.orchestration.graph import GraphNode

# Named, for Beam's default runner first looks for a binary that it would have to download.
BEAM_RUNNER = "FnApiRunner"
_OF_TFX = (PIPELINE_ROOT_PARAMETER_NAME, PIPELINE_RUN_ID_PARAMETER_NAME)  # parameters that each pipeline has
_TYPES: Mapping[int, type[int] | type[float] | type[str]] = {
    RuntimeParameter.INT: int,
    RuntimeParameter.DOUBLE: float,
    RuntimeParameter.STRING: str,
}


def bind_parameters(
    pipeline: Pipeline, run_id: str, values: Mapping[str, str], command: str = ""
) -> dict[str, int | float | str]:
    """Puts the run's id and the values of its RuntimeParameters into `pipeline`.

    Args:
        pipeline: is changed in place.
        run_id: the run's.
        values: as text, by name.
        command: that gives them, for what to type next.

    Returns:
        The values its own parameters have, those that are left at their defaults too.

    Raises:
        UnknownNameError: the pipeline has no parameter of that name.
        ParameterError: the value is not of the parameter's type, or a parameter has none.
    """
    declared = {one.name: one for one in runtime_parameters(pipeline)}
    users = {name for name in declared if name not in _OF_TFX}
    bound: dict[str, int | float | str] = {PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    for name, text in values.items():
        if name not in users:
            where = f"pipeline {pipeline.pipeline_info.id}"
            raise UnknownNameError.among("parameter", name, users, where=where, next_step=_without(command, name))
        wanted = _TYPES[declared[name].type]
        try:
            bound[name] = wanted(text)
        except ValueError as error:
            raise ParameterError(
                f"the parameter {name!r} cannot be {text!r}", why=f"it is {wanted.__name__}"
            ) from error
    for name in sorted(users - bound.keys()):
        if not declared[name].HasField("default_value"):
            raise ParameterError(
                f"the parameter {name!r} has no value and no default",
                next_step=f"add {typed('--set', f'{name}=VALUE')}",
            )
    chosen = {name: bound[name] if name in bound else _default(declared[name]) for name in sorted(users)}
    substitute_runtime_parameter(pipeline, bound)
    return chosen


def parameter_defaults(pipeline: Pipeline) -> dict[str, int | float | str]:
    """The defaults of the pipeline's own RuntimeParameters, of those that have one; before they are bound."""
    declared = {one.name: one for one in runtime_parameters(pipeline) if one.HasField("default_value")}
    return {name: _default(declared[name]) for name in sorted(declared) if name not in _OF_TFX}


def local_deployment(pipeline: Pipeline, settings: Settings) -> LocalDeploymentConfig:
    """How to execute each node here: Beam's runner is named where the pipeline names none."""
    deployment = runner_utils.extract_local_deployment_config(pipeline)
    for spec in deployment.executor_specs.values():
        if spec.WhichOneof("spec") == "beam_executable_spec":
            arguments = spec.beam_executable_spec.beam_pipeline_args_placeholders
            own = [argument.value.string_value for argument in arguments]
            extra = list(settings.beam_pipeline_args)
            if not any(one.startswith("--runner") for one in (*own, *extra)):
                extra.insert(0, f"--runner={BEAM_RUNNER}")
            for index, argument in enumerate(extra):
                arguments.insert(index, PlaceholderExpression(value=Value(string_value=argument)))
    return deployment


def set_cache(nodes: "Sequence[GraphNode]", request: RunRequest) -> None:
    """Turns the cache off for the whole run or for some nodes.

    Raises:
        UnknownNameError: there is no such node.
    """
    by_id = {node.id: node.node for node in nodes}
    where = f"pipeline {nodes[0].pipeline.pipeline_info.id}" if nodes else ""
    for node in request.no_cache_for:
        if node not in by_id:
            # Of a part, another pipeline of the same file may have the node.
            kind = NoSuchNodeError if node in (*request.from_nodes, *request.to_nodes) else UnknownNameError
            raise kind.among("node", node, by_id, where=where, next_step=request.naming_nodes)
    for node in request.no_cache_for if request.cache else by_id:
        by_id[node].execution_options.caching_options.enable_cache = False


def connection_config(deployment: LocalDeploymentConfig, settings: Settings) -> ConnectionConfig:
    """The metadata store that the pipeline names, or else the project's."""
    kind = deployment.metadata_connection_config.WhichOneof("connection_config")
    if kind is None:
        return project_config(settings)
    return getattr(deployment.metadata_connection_config, kind)


def _without(command: str, name: str) -> str:
    """The command without its option that sets a parameter, for one that takes none of that name."""
    given = f"--set={name}="
    return shlex.join(word for word in shlex.split(command) if not word.startswith(given))


def _default(parameter: RuntimeParameter) -> int | float | str:
    value: int | float | str = getattr(parameter.default_value, parameter.default_value.WhichOneof("value"))
    return value


def runtime_parameters(message: Message) -> Iterator[RuntimeParameter]:
    """The RuntimeParameters in a pipeline or a part of it, each as often as it is used; TFX's own too."""
    if isinstance(message, RuntimeParameter):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            children = [one for one in value.values() if isinstance(one, Message)]
        else:
            children = list(value) if field.is_repeated else [value]
        for child in children:
            yield from runtime_parameters(child)
