from pathlib import Path

import pytest
from tfx.dsl.compiler.compiler import Compiler
from tfx.dsl.component.experimental.annotations import OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.base import base_driver
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.orchestration.pipeline import Pipeline, PipelineInputs
from tfx.proto.orchestration.pipeline_pb2 import Pipeline as PipelineIr
from tfx.types.artifact import Artifact, Property, PropertyType
from tfx.types.channel import union
from tfx.types.component_spec import ComponentSpec

from headrace.errors import DefinitionError
from headrace.metadata import MetadataStore
from headrace.metadata.store import project_config
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.graph import graph_of
from headrace.orchestration.pipeline_checks import check_nodes, check_pipeline, check_types
from headrace.settings import Settings
from tests.small_components import AddOne, MaybeAddOne, Number


def compiled(*components: BaseNode, name: str = "pipeline") -> PipelineIr:
    ir = Compiler().compile(Pipeline(name, "/root", components=list(components)))
    assert isinstance(ir, PipelineIr)
    return ir


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "it is empty"), (" ", "it is empty"), ("a\nb", "there is a control character in it"), ("a\0b", "there is")],
)
def test_a_pipelines_name_that_cannot_be_is_refused(name: str, why: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        check_pipeline(compiled(Number(value=1), name=name))
    assert raised.value.what == f"a pipeline cannot have the name {name!r}"
    assert raised.value.why.startswith(why)


@pytest.mark.parametrize("name", ["a/b", "..", "../x", "/x", "taxi (2)", "täxi", "100 %"])
def test_a_pipelines_name_may_be_anything_else(name: str) -> None:
    check_pipeline(compiled(Number(value=1), name=name))


def test_a_pipeline_without_nodes_is_refused() -> None:
    with pytest.raises(DefinitionError) as raised:
        check_pipeline(compiled())
    assert raised.value.what == "the pipeline pipeline has no nodes"


@pytest.mark.parametrize("node_id", [".", "..", "../x", "x/..", "a/../b", "/x", "a//b", " ", "a\tb", "x" * 256])
def test_a_nodes_id_of_which_tfx_cannot_make_a_folder_is_refused(node_id: str) -> None:
    inner = Pipeline("inner", "", components=[Number(value=1).with_id(node_id)])
    for components in ([Number(value=1).with_id(node_id)], [inner]):
        with pytest.raises(DefinitionError) as raised:
            check_pipeline(compiled(*components))
        assert repr(node_id) in raised.value.what


@pytest.mark.parametrize("node_id", ["a/b", "..x", "x.", "x" * 255, "a b"])
def test_a_nodes_id_may_be_anything_else(node_id: str) -> None:
    check_pipeline(compiled(Number(value=1).with_id(node_id)))


def test_what_a_node_reads_of_one_that_is_not_in_the_pipeline_is_named() -> None:
    missing, there = Number(value=1).with_id("Missing"), Number(value=2)
    reader = AddOne(number=missing.outputs["number"])
    with pytest.raises(DefinitionError) as raised:
        check_nodes(graph_of(compiled(reader), Settings()))
    assert raised.value.what == "AddOne reads Missing.number, and Missing is not in the pipeline"
    spares = MaybeAddOne(number=missing.outputs["number"])
    either = AddOne(number=union([missing.outputs["number"], there.outputs["number"]]))
    check_nodes(graph_of(compiled(there, spares, either), Settings()))


def test_all_that_conditions_and_sub_pipelines_read_is_found() -> None:
    number = Number(value=5)
    inputs = PipelineInputs({"number": number.outputs["number"]})
    one = AddOne(number=inputs.inputs["number"]).with_id("One")
    inner = Pipeline("inner", "", components=[one], inputs=inputs, outputs={"sum": one.outputs["sum"]})
    with Cond(inner.outputs["sum"].future()[0].value == 6):
        last = AddOne(number=inner.outputs["sum"]).with_id("Last")
    check_nodes(graph_of(compiled(number, inner, last), Settings()))


class OldDriver(base_driver.BaseDriver):
    """Of the kind that TFX called before its intermediate representation."""


class NoExecutor(BaseExecutor):
    def Do(self, *_: object) -> None: ...  # noqa: N802


class NoSpec(ComponentSpec):  # type: ignore[misc]
    PARAMETERS: dict[str, object] = {}
    INPUTS: dict[str, object] = {}
    OUTPUTS: dict[str, object] = {}


class Driven(BaseComponent):
    SPEC_CLASS = NoSpec
    EXECUTOR_SPEC = ExecutorClassSpec(NoExecutor)
    DRIVER_CLASS = OldDriver


def test_a_driver_of_tfx_old_kind_is_refused() -> None:
    with pytest.raises(DefinitionError) as raised:
        check_nodes(graph_of(compiled(Driven(NoSpec())), Settings()))
    assert raised.value.what == "the driver of Driven is of TFX's old kind"
    assert raised.value.where.endswith("test_pipeline_checks.OldDriver")


class Counted(Artifact):
    TYPE_NAME = "Thing"
    PROPERTIES = {"size": Property(type=PropertyType.INT)}


class Named(Artifact):
    TYPE_NAME = "Thing"
    PROPERTIES = {"size": Property(type=PropertyType.STRING)}


@component
def Count(made: OutputArtifact[Counted]) -> None:  # noqa: N802
    pass


@component
def Name(made: OutputArtifact[Named]) -> None:  # noqa: N802
    pass


def test_an_artifact_type_whose_property_changed_its_type_is_named(tmp_path: Path) -> None:
    store = MetadataStore.connect(project_config(Settings(home=tmp_path)))
    [before] = graph_of(compiled(Count()), Settings())
    check_types([before], store)
    with SharedMetadata(store) as connection:
        connection.store.put_artifact_type(before.node.outputs.outputs["made"].artifact_spec.type)
    check_types([before], store)
    with pytest.raises(DefinitionError) as raised:
        check_types(graph_of(compiled(Name()), Settings()), store)
    assert raised.value.what == "the property 'size' of the artifact type Thing has another type than before"
    assert raised.value.why == "it is STRING now, and ML Metadata has recorded it as INT"
