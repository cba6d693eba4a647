"""Compiles a pipeline as TFX's runners do; refuses what cannot be compiled, and keeps what TFX's compiler drops."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfx.components.util.udf_utils import UserModuleFilePipDependency
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline, RunOptions
from tfx.orchestration.portable.tfx_runner import IrBasedRunner
from tfx.proto.orchestration.pipeline_pb2 import Pipeline as PipelineIr

from headrace.errors import DefinitionError, InputDataError
from headrace.orchestration.compilation import runtime_parameters

Default = int | float | str


class CheckedCompilation(IrBasedRunner):
    """A runner whose `run` checks the pipeline first, and hands `run_with_ir` the defaults that TFX leaves out."""

    def run(self, pipeline: Pipeline, run_options: RunOptions | None = None, **kwargs: Any) -> Any:
        """Compiles and runs a pipeline.

        Raises:
            UserError: the pipeline cannot be compiled, for a reason that is found beforehand.
        """
        check_definition(pipeline)
        return super().run(pipeline, run_options, defaults=falsy_defaults(pipeline), **kwargs)


def check_definition(pipeline: Pipeline) -> None:
    """Checks what TFX's compiler says nothing of, or pages.

    Raises:
        DefinitionError: a node is put behind one that is not in the pipeline.
        InputDataError: a module file is not there.
    """
    for around, node in _nodes(pipeline):
        known = {id(one) for one in around.components}
        for other in sorted(one.id for one in node.upstream_nodes if id(one) not in known):
            raise DefinitionError(
                f"{node.id} is put behind {other}, and {other} is not in the pipeline",
                where=f"the components of {around.pipeline_name}",
                next_step=f"add {other} to them, or leave out the add_upstream_node of {node.id}",
            )
        for file in _module_files(node):
            path = Path(file)
            if "://" not in file and not path.is_file():
                raise InputDataError(
                    f"the module_file of {node.id} is not there",
                    where=str(path.absolute()),
                    why="it is a folder" if path.is_dir() else "there is no such file",
                )


def falsy_defaults(pipeline: Pipeline) -> dict[str, Default]:
    """The defaults 0, 0.0, False and "" of RuntimeParameters, which TFX's compiler takes for none."""
    found: dict[str, Default] = {}
    for _, node in _nodes(pipeline):
        for value in node.exec_properties.values():
            if isinstance(value, RuntimeParameter) and value.default is not None and not value.default:
                found[value.name] = value.ptype(value.default) if value.ptype else value.default
    return found


def keep_defaults(pipeline: PipelineIr, defaults: Mapping[str, Default]) -> None:
    """Puts defaults into a compiled pipeline, for those of its parameters that have none."""
    for parameter in runtime_parameters(pipeline):
        if parameter.name in defaults and not parameter.HasField("default_value"):
            default = defaults[parameter.name]
            kind = {int: "int_value", float: "double_value", str: "string_value"}[type(default)]
            setattr(parameter.default_value, kind, default)


def _nodes(pipeline: Pipeline) -> Iterator[tuple[Pipeline, BaseNode]]:
    """All nodes, those of sub-pipelines too, each with the pipeline around it."""
    for node in pipeline.components:
        yield pipeline, node
        if isinstance(node, Pipeline):
            yield from _nodes(node)


def _module_files(node: BaseNode) -> Iterator[str]:
    """The files that TFX makes a wheel of for the node."""
    for dependency in getattr(node, "_pip_dependencies", ()):
        if isinstance(dependency, UserModuleFilePipDependency):
            file = node.exec_properties[dependency.module_file_key]
            if file and isinstance(file, str):
                yield file
