import pytest
from tfx.components import CsvExampleGen
from tfx.dsl.compiler.compiler import Compiler
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline, PipelineInputs

from headrace.orchestration.graph import GraphNode, graph_of
from headrace.settings import Settings
from tests.small_components import AddOne, Number

ROOT = "/root"


def graph(*components: BaseNode) -> dict[str, GraphNode]:
    compiled = Compiler().compile(Pipeline("outer", ROOT, components=list(components)))
    nodes = graph_of(compiled, Settings())
    by_id = {node.id: node for node in nodes}
    assert len(by_id) == len(nodes)
    seen: set[str] = set()
    for node in nodes:  # in topological order, and nothing unknown is waited for
        assert node.upstream <= seen
        seen.add(node.id)
    return by_id


def upstream(nodes: dict[str, GraphNode]) -> dict[str, set[str]]:
    return {node.id: set(node.upstream) for node in nodes.values()}


@pytest.fixture
def nested() -> dict[str, GraphNode]:
    """Number -> inner(One -> deep(Three) -> Two, Free) -> Last, and Beside."""
    number = Number(value=5)
    inputs = PipelineInputs({"number": number.outputs["number"]})
    one = AddOne(number=inputs.inputs["number"]).with_id("One")
    deep_inputs = PipelineInputs({"number": one.outputs["sum"]})
    three = AddOne(number=deep_inputs.inputs["number"]).with_id("Three")
    deep = Pipeline("deep", "", components=[three], inputs=deep_inputs, outputs={"sum": three.outputs["sum"]})
    two = AddOne(number=deep.outputs["sum"]).with_id("Two")
    components = [one, Number(value=3).with_id("Free"), deep, two]
    inner = Pipeline("inner", "", components=components, inputs=inputs, outputs={"sum": two.outputs["sum"]})
    return graph(number, inner, AddOne(number=inner.outputs["sum"]).with_id("Last"), Number(value=1).with_id("Beside"))


def test_a_plain_pipeline_is_its_nodes_and_what_each_waits_for() -> None:
    number = Number(value=5)
    plus = AddOne(number=number.outputs["number"])
    last = Number(value=1).with_id("Last")
    last.add_upstream_node(plus)
    assert upstream(graph(last, plus, number)) == {"Number": set(), "AddOne": {"Number"}, "Last": {"AddOne"}}


def test_a_sub_pipelines_nodes_are_in_the_graph_under_its_name(nested: dict[str, GraphNode]) -> None:
    assert set(nested) == {
        *("Number", "Beside", "Last"),
        *("inner.inner_begin", "inner.One", "inner.Free", "inner.Two", "inner.inner_end"),
        *("inner.deep.deep_begin", "inner.deep.Three", "inner.deep.deep_end"),
    }


def test_a_sub_pipeline_begins_when_what_it_depends_on_has_ended(nested: dict[str, GraphNode]) -> None:
    waits = upstream(nested)
    assert waits["inner.inner_begin"] == {"Number"}
    assert waits["inner.deep.deep_begin"] >= {"inner.One"}


def test_nothing_in_a_sub_pipeline_runs_before_it_begins_inputs_or_not(nested: dict[str, GraphNode]) -> None:
    waits = upstream(nested)
    assert waits["inner.Free"] == {"inner.inner_begin"}
    assert waits["inner.One"] == {"inner.inner_begin"}
    assert waits["inner.deep.Three"] == {"inner.deep.deep_begin"}


def test_what_depends_on_a_sub_pipeline_waits_for_all_of_it(nested: dict[str, GraphNode]) -> None:
    waits = upstream(nested)
    assert waits["Last"] == {node for node in nested if node.startswith("inner.")}
    assert waits["inner.Two"] >= {node for node in nested if node.startswith("inner.deep.")}
    assert waits["Beside"] == set()


def test_each_node_knows_the_pipeline_it_belongs_to_and_how_it_is_executed_there(nested: dict[str, GraphNode]) -> None:
    for node_id, pipeline in (("Number", "outer"), ("inner.One", "inner"), ("inner.deep.Three", "deep")):
        node = nested[node_id]
        assert node.pipeline.pipeline_info.id == pipeline
        assert node.node.node_info.id == node_id.rpartition(".")[2]
        assert node.node.node_info.id in node.deployment.executor_specs


def test_beams_runner_is_named_in_a_sub_pipeline_too() -> None:
    inner = Pipeline("inner", "", components=[CsvExampleGen("/data")])
    node = graph(inner)["inner.CsvExampleGen"]
    spec = node.deployment.executor_specs["CsvExampleGen"].beam_executable_spec
    assert [one.value.string_value for one in spec.beam_pipeline_args_placeholders] == ["--runner=FnApiRunner"]


def test_a_node_that_a_partial_run_marks_is_reused() -> None:
    node = graph(Number(value=5))["Number"]
    assert not node.is_reused
    node.node.execution_options.run.SetInParent()
    assert not node.is_reused
    node.node.execution_options.skip.SetInParent()
    assert node.is_reused
