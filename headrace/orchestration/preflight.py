"""Looks at input files before anything runs: what is missing or empty is said at once."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from google.protobuf import json_format
from tfx.orchestration.local import runner_utils
from tfx.proto.example_gen_pb2 import Input
from tfx.proto.orchestration.executable_spec_pb2 import ContainerExecutableSpec
from tfx.proto.orchestration.pipeline_pb2 import Pipeline, PipelineNode

from headrace.errors import InputDataError, UserError
from headrace.orchestration.graph import GraphNode

PLACEHOLDER = re.compile(r"\{(SPAN|VERSION|YYYY|MM|DD)(:\w+)?\}")  # TFX's, in the patterns of input files
_CSV = "CsvExampleGen"


def check_inputs(pipeline: Pipeline) -> None:
    """Checks the input files of every node that reads a folder of this machine.

    Raises:
        InputDataError: the folder or the files of a split are not there, or a CSV file holds no rows.
    """
    for node in pipeline.nodes:
        if node.WhichOneof("node") == "sub_pipeline":
            check_inputs(node.sub_pipeline)
            continue
        folder = _parameter(node.pipeline_node, "input_base")
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
        raise InputDataError(
            f"{name} has no data to read", where=str(folder), why=why, next_step=f"put the files there: ls {folder}"
        )
    for split, pattern in patterns_of(node):
        files = files_of(folder, pattern)
        if not files:
            raise InputDataError(
                f"{name} has no files for the split {split!r}",
                where=str(folder / pattern),
                why="no file has such a name",
                next_step=f"ls {folder}",
            )
        # Of spans, TFX reads the newest: an older one may be as it likes.
        if _CSV in node.node_info.type.name and not PLACEHOLDER.search(pattern):
            for path in files:
                _check_csv(name, path)


def files_of(folder: Path, pattern: str) -> list[Path]:
    """The files of a pattern, of whichever span and version, in order.

    Raises:
        InputDataError: the pattern cannot be used.
    """
    try:
        return [path for path in sorted(folder.glob(PLACEHOLDER.sub("*", pattern))) if path.is_file()]
    except (NotImplementedError, ValueError) as error:
        raise InputDataError("a split's pattern cannot be used", where=pattern, why=str(error)) from error


def _check_csv(name: str, path: Path) -> None:
    with open(path, encoding="utf-8", errors="replace") as file:
        header = file.readline().strip()
        if header and any(line.strip() for line in file):  # ends at the first row
            return
    why = "it has a header and no rows" if header else "it is empty: it has no header"
    raise InputDataError(f"{name} cannot read a CSV file", where=str(path), why=why, next_step=f"head -n 2 {path}")


def patterns_of(node: PipelineNode) -> Iterator[tuple[str, str]]:
    """The name and the pattern of each split that a node reads; none for one that reads no files."""
    config = _parameter(node, "input_config")
    splits = json_format.Parse(config, Input()).splits if config else ()
    for split in splits:
        yield split.name, split.pattern


def _parameter(node: PipelineNode, name: str) -> str:
    return node.parameters.parameters[name].field_value.string_value if name in node.parameters.parameters else ""
