"""Looks at input files before anything runs: what is missing or empty is said at once."""

from collections.abc import Sequence
from pathlib import Path

from tfx.dsl.components.common.importer import SOURCE_URI_KEY
from tfx.dsl.io import fileio
from tfx.orchestration.local import runner_utils
from tfx.proto.orchestration.executable_spec_pb2 import ContainerExecutableSpec
from tfx.proto.orchestration.pipeline_pb2 import Pipeline, PipelineNode

from headrace.errors import InputDataError, UserError, typed
from headrace.orchestration.csv_check import check_csv, link_to_nothing
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.input_patterns import (
    PLACEHOLDER,
    entries_of,
    patterns_of,
    span_in,
    text_parameter,
)
from headrace.orchestration.span_range import SPAN

_CSV = "CsvExampleGen"


def check_inputs(pipeline: Pipeline) -> None:
    """Checks what every node that is run reads of this machine.

    Raises:
        InputDataError: the folder, the files of a split, those of the span that is asked for, or what an Importer
            brings in are not there, or what CsvExampleGen would read is no CSV, or has no rows.
    """
    for node in pipeline.nodes:
        if node.WhichOneof("node") == "sub_pipeline":
            check_inputs(node.sub_pipeline)
            continue
        if node.pipeline_node.execution_options.HasField("skip"):  # a partial run does not run it
            continue
        _check_importer(node.pipeline_node)
        folder = text_parameter(node.pipeline_node, "input_base")
        if not folder and _is_empty_text(node.pipeline_node, "input_base"):
            raise InputDataError(
                f"{node.pipeline_node.node_info.id} has no data to read",
                where="its input_base",
                why="it is empty",
                next_step="give it the folder that holds the files",
            )
        if folder and "://" not in folder:
            _check_folder(node.pipeline_node, Path(folder))


def check_containers(nodes: Sequence[GraphNode]) -> None:
    """Refuses container components where no Docker engine answers.

    Raises:
        UserError: names the nodes, and what to do.
    """
    containers = [
        node.id
        for node in nodes
        if isinstance(
            runner_utils.extract_executor_spec(node.deployment, node.node.node_info.id), ContainerExecutableSpec
        )
    ]
    if not containers:
        return
    import docker

    try:
        docker.from_env().ping()
    except docker.errors.DockerException as error:
        raise UserError(
            f"{', '.join(containers)} would run in a container, and no Docker engine answers",
            why=str(error),
            next_step="start Docker, then: docker info",
        ) from error


def _check_folder(node: PipelineNode, folder: Path) -> None:
    name = node.node_info.id
    if not folder.is_dir():
        why = (
            "it is a file: the folder that holds the files is wanted" if folder.exists() else "there is no such folder"
        )
        nearest = next(place for place in folder.absolute().parents if place.is_dir())
        raise InputDataError(
            f"{name} has no data to read",
            where=str(folder),
            why=why,
            next_step=f"{typed('ls', nearest)}  # the nearest folder there is: correct the path, or put files there",
        )
    for split, pattern in patterns_of(node):
        entries = entries_of(folder, pattern)
        files = [path for path in entries if path.is_file()]
        if not files:
            links = [path for path in entries if path.is_symlink()]
            raise InputDataError(
                f"{name} has no files for the split {split!r}",
                where=str(folder / pattern),
                why=link_to_nothing(links[0]) if links else "no file has such a name",
                next_step=typed("ls", folder),
            )
        _check_span(node, folder, pattern, files)
        # Of spans, TFX reads the newest: an older one may be as it likes.
        if _CSV in node.node_info.type.name and not PLACEHOLDER.search(pattern):
            check_csv(name, entries)


def _check_importer(node: PipelineNode) -> None:
    """What an Importer brings in is there, unless nodes before it may make it."""
    place = text_parameter(node, SOURCE_URI_KEY)
    if place and "://" not in place and not node.upstream_nodes and not fileio.exists(place):
        raise InputDataError(
            f"{node.node_info.id} has nothing to bring in",
            where=str(Path(place).absolute()),
            why="there is no such file or folder",
            next_step=f"put it there, or correct the {SOURCE_URI_KEY} of the Importer",
        )


def _is_empty_text(node: PipelineNode, name: str) -> bool:
    return name in node.parameters.parameters and node.parameters.parameters[name].HasField("field_value")


def _check_span(node: PipelineNode, folder: Path, pattern: str, files: Sequence[Path]) -> None:
    """A node that is told its span, and has no inputs that might change it, finds files of that span."""
    parameters = node.parameters.parameters
    if SPAN not in parameters or not parameters[SPAN].HasField("field_value") or node.inputs.inputs:
        return
    asked = parameters[SPAN].field_value.int_value
    names = [span_in(path.relative_to(folder).as_posix(), pattern) for path in files]
    spans = sorted({name.span for name in names if name.span is not None})
    if spans and asked not in spans:
        nearest = min(spans, key=lambda span: abs(span - asked))
        raise InputDataError(
            f"{node.node_info.id} has no files of span {asked}",
            where=str(folder / pattern),
            why=f"the files there are of the spans {', '.join(map(str, spans))}",
            next_step=f"put them there, or ask for another span, such as {nearest}",
        )
