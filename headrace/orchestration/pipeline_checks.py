"""Looks at a compiled pipeline before anything runs: what could only fail later is said at once."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from google.protobuf.descriptor import EnumDescriptor
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable.base_driver import BaseDriver
from tfx.proto.orchestration.pipeline_pb2 import Pipeline
from tfx.utils import import_utils

from headrace.errors import DefinitionError
from headrace.metadata import MetadataStore
from headrace.orchestration.graph import GraphNode, every_node
from headrace.orchestration.producers import node_context, producer_of, required

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 255  # bytes of a folder's name
_RENAMED = "give it another with .with_id()"


def check_pipeline(pipeline: Pipeline) -> None:
    """Checks the pipeline's name, and that it has nodes whose ids can be names of folders.

    Raises:
        DefinitionError: says which cannot be.
    """
    name = pipeline.pipeline_info.id
    if why := "it is empty" if not name.strip() else _control(name):
        raise DefinitionError(f"a pipeline cannot have the name {name!r}", why=why, next_step="give it another name")
    if not pipeline.nodes:
        raise DefinitionError(
            f"the pipeline {name} has no nodes", why="its list of components is empty", next_step="add one"
        )
    for node in every_node(pipeline.nodes):
        node_id = node.node_info.id
        if why := _not_a_folder(node_id):
            raise DefinitionError(f"a node of {name} cannot have the id {node_id!r}", why=why, next_step=_RENAMED)
        for key in node.outputs.outputs:
            if why := _not_a_folder(key):
                raise DefinitionError(f"an output of {node_id} cannot have the name {key!r}", why=why)


def check_nodes(nodes: Sequence[GraphNode]) -> None:
    """Checks that all that nodes read can be made, and that their drivers are of the kind that TFX calls.

    Raises:
        DefinitionError: names the first node that cannot run.
    """
    known = {node_context(node.node) for node in nodes}
    for node in nodes:
        if node.is_outside:
            continue
        for producers in required(node.node):
            if not producers & known:
                _refuse_missing(node, sorted(producers)[0])
        spec = runner_utils.extract_custom_driver_spec(node.deployment, node.node.node_info.id)
        if spec is not None:
            _check_driver(node.id, spec.class_path)


def check_types(nodes: Sequence[GraphNode], store: MetadataStore) -> None:
    """Checks that the properties of artifact types are of the kinds that they were first recorded with.

    Raises:
        DefinitionError: names the type and the property.
    """
    with store.lock:
        recorded = {kind.name: dict(kind.properties) for kind in store.handle.get_artifact_types()}
    for node in nodes:
        if node.is_outside:
            continue
        for output in node.node.outputs.outputs.values():
            kind = output.artifact_spec.type
            before = recorded.setdefault(kind.name, dict(kind.properties))
            for name, now in kind.properties.items():
                if before.get(name, now) != now:
                    kinds = kind.DESCRIPTOR.fields_by_name["properties"].message_type.fields_by_name["value"].enum_type
                    is_now, was = _name(kinds, now), _name(kinds, before[name])
                    raise DefinitionError(
                        f"the property {name!r} of the artifact type {kind.name} has another type than before",
                        where=f"an output of {node.id}",
                        why=f"it is {is_now} now, and ML Metadata has recorded it as {was}",
                        next_step="give the changed artifact type another TYPE_NAME, or the property another name",
                    )


def _name(kinds: EnumDescriptor, number: int) -> str:
    return str(kinds.values_by_number[number].name)


def _control(name: str) -> str:
    return "there is a control character in it" if _CONTROL.search(name) else ""


def _not_a_folder(name: str) -> str:
    """Why TFX cannot make a folder of that name below the pipeline's root; empty if it can."""
    if not name.strip():
        return "it is empty"
    if why := _control(name):
        return why
    # As the path is written: pathlib itself leaves out what is "."
    parts = name.split("/")
    if PurePosixPath(name).is_absolute() or not {"", ".", ".."}.isdisjoint(parts):
        return "TFX puts outputs into a folder of that name, which would not be one of its own"
    if any(len(part.encode(errors="surrogatepass")) > _LONGEST for part in parts):
        return f"TFX puts outputs into a folder of that name, and no file system takes more than {_LONGEST} bytes"
    return ""


def _refuse_missing(node: GraphNode, producer: str) -> None:
    name = producer.removeprefix(f"{node.pipeline.pipeline_info.id}.")
    channels = [one for spec in node.node.inputs.inputs.values() for one in spec.channels]
    [key, *_] = sorted(one.output_key for one in channels if producer_of(one) == producer)
    raise DefinitionError(
        f"{node.id} reads {name}.{key}, and {name} is not in the pipeline",
        where=f"the components of {node.pipeline.pipeline_info.id}",
        next_step=f"add {name} to them",
    )


def _check_driver(node: str, class_path: str) -> None:
    try:
        driver = import_utils.import_class_by_path(class_path)
    except (ImportError, AttributeError):  # the node says so, with the trace that helps
        return
    if issubclass(driver, BaseDriver) or callable(getattr(driver, "run", None)):
        return
    raise DefinitionError(
        f"the driver of {node} is of TFX's old kind",
        where=class_path,
        why="it has no run(): TFX calls nothing else of a driver",
        next_step=f"derive it from {BaseDriver.__module__}.{BaseDriver.__name__}",
    )
