"""All of TFX's pipeline language runs here, and is recorded."""

import os
from pathlib import Path

import pytest
from tfx.dsl.component.experimental.container_component import create_container_component
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.control_flow.for_each import ForEach
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.dsl.input_resolution.canned_resolver_functions import latest_created
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import ExecutionMode, Pipeline, PipelineInputs
from tfx.types import Channel
from tfx.types.channel import union
from tfx.types.standard_artifacts import Integer, Schema

from headrace.errors import UnknownNameError, UserError
from headrace.metadata import State
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings
from tests.headrace.orchestration.runs.conftest import RunPipeline
from tests.small_components import AddOne, AddTo, MaybeAddOne, Meet, Number, Point, Raise, Sleep


def test_independent_nodes_run_at_the_same_time(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    # Each ends only when it has seen a sign of the other.
    nodes = [Meet(place=str(tmp_path), me=me, other=other).with_id(me) for me, other in (("a", "b"), ("b", "a"))]
    assert run_pipeline("meeting", nodes).error is None


def test_no_more_nodes_run_at_once_than_allowed(run_pipeline: RunPipeline) -> None:
    ran = run_pipeline("sleepers", [Sleep(seconds=0.3).with_id(f"Sleep{index}") for index in range(4)])
    assert ran.error is None
    spans = []
    for execution in ran.executions:
        [artifact] = ran.store.outputs(execution.id)["done"]
        spans.append((float(artifact.properties["started"]), float(artifact.properties["ended"])))
    assert len(spans) == 4
    for moment, _ in spans:
        assert sum(started <= moment < ended for started, ended in spans) <= 2


def test_nodes_that_wait_do_not_hold_up_those_behind_them(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    # More of them than cores; each ends only when it has seen a sign of the next.
    names = [str(index) for index in range(len(os.sched_getaffinity(0)) + 2)]
    nodes = [
        Meet(place=str(tmp_path), me=me, other=other).with_id(f"Meet{me}")
        for me, other in zip(names, names[1:] + names[:1], strict=True)
    ]
    assert run_pipeline("meeting", nodes, max_parallel=None).error is None


def test_a_condition_that_holds_runs_its_nodes(run_pipeline: RunPipeline) -> None:
    number = Number(value=1)
    with Cond(number.outputs["number"].future()[0].value == 1):
        inside = AddOne(number=number.outputs["number"])
    assert run_pipeline("held", [number, inside]).value("AddOne", "sum") == ["2"]


def test_a_condition_that_does_not_hold_skips_and_records_all_that_hangs_on_it(run_pipeline: RunPipeline) -> None:
    number = Number(value=1)
    with Cond(number.outputs["number"].future()[0].value == 2):
        inside = AddOne(number=number.outputs["number"]).with_id("Inside")
    after = AddOne(number=inside.outputs["sum"]).with_id("After")
    ordered = Number(value=7).with_id("Ordered")
    ordered.add_upstream_node(inside)
    ran = run_pipeline("skipped", [number, inside, after, ordered])
    assert ran.error is None
    for node in ("Inside", "After", "Ordered"):
        assert ran.states[node] is NodeState.SKIPPED
        [execution] = ran.of(node)
        assert execution.state is State.CANCELED
        assert "skipped" in str(execution.properties["headrace_skipped"]) or node == "Inside"


def test_only_what_needs_a_skipped_node_is_skipped_with_it(run_pipeline: RunPipeline) -> None:
    number = Number(value=1)
    with Cond(number.outputs["number"].future()[0].value == 2):
        tuned = Number(value=7).with_id("Tuned")
        other = Number(value=8).with_id("OtherTuned")
    skipped, there = tuned.outputs["number"], number.outputs["number"]
    nodes = [
        MaybeAddOne(number=skipped).with_id("Optional"),
        AddTo(base=there, more=skipped.as_optional()).with_id("OptionalByChannel"),
        AddOne(number=union([skipped, there])).with_id("Either"),
        AddOne(number=union([skipped, other.outputs["number"]])).with_id("Neither"),
        AddOne(number=skipped).with_id("Required"),
        AddOne(number=latest_created(skipped, n=1)).with_id("RequiredByFunction"),
        Number(value=skipped.future()[0].value).with_id("Parameter"),
    ]
    behind = MaybeAddOne(number=there).with_id("PutBehind")
    behind.add_upstream_node(tuned)
    below = MaybeAddOne(number=nodes[4].outputs["sum"]).with_id("BelowRequired")
    ran = run_pipeline("spared", [number, tuned, other, *nodes, behind, below])
    assert ran.error is None
    runs = {"Number", "Optional", "OptionalByChannel", "Either", "BelowRequired"}
    assert {node for node, state in ran.states.items() if state is NodeState.SUCCEEDED} == runs
    assert {state for node, state in ran.states.items() if node not in runs} == {NodeState.SKIPPED}
    sums = [ran.value(node, "sum") for node in ("Optional", "OptionalByChannel", "Either", "BelowRequired")]
    assert sums == [["1"], ["1"], ["2"], ["1"]]


def test_a_sub_pipeline_is_read_though_a_node_in_it_was_skipped(run_pipeline: RunPipeline) -> None:
    number = Number(value=5)
    inputs = PipelineInputs({"number": number.outputs["number"]})
    one = AddOne(number=inputs.inputs["number"]).with_id("One")
    with Cond(one.outputs["sum"].future()[0].value == 0):
        never = AddOne(number=one.outputs["sum"]).with_id("Never")
    inner = Pipeline("inner", "", components=[one, never], inputs=inputs, outputs={"sum": one.outputs["sum"]})
    behind = Number(value=1).with_id("Behind")
    behind.add_upstream_node(inner)
    ran = run_pipeline("outer", [number, inner, AddOne(number=inner.outputs["sum"]).with_id("Last"), behind])
    assert ran.error is None
    assert ran.states["inner.Never"] is NodeState.SKIPPED
    assert ran.states["Behind"] is NodeState.SUCCEEDED
    assert ran.value("Last", "sum") == ["7"]


def test_a_sub_pipeline_is_skipped_as_a_whole_and_what_needs_it_with_it(run_pipeline: RunPipeline) -> None:
    number = Number(value=5)
    with Cond(number.outputs["number"].future()[0].value == 2):
        inputs = PipelineInputs({"number": number.outputs["number"]})
        one = AddOne(number=inputs.inputs["number"]).with_id("One")
        free = Number(value=3).with_id("Free")
        inner = Pipeline("inner", "", components=[one, free], inputs=inputs, outputs={"sum": one.outputs["sum"]})
    needs = AddOne(number=inner.outputs["sum"]).with_id("Needs")
    spares = MaybeAddOne(number=inner.outputs["sum"]).with_id("Spares")
    behind = Number(value=1).with_id("Behind")
    behind.add_upstream_node(inner)
    ran = run_pipeline("outer", [number, inner, needs, spares, behind])
    assert ran.error is None
    assert ran.value("Spares", "sum") == ["1"]
    assert {node for node, state in ran.states.items() if state is NodeState.SUCCEEDED} == {"Number", "Spares"}


def test_names_that_are_paths_lead_nowhere_else(run_pipeline: RunPipeline, settings: Settings, tmp_path: Path) -> None:
    ran = run_pipeline("../../a/b", [Number(value=1).with_id("part/one"), Raise(message="no").with_id("part/two")])
    assert [ran.value("part/one", "number"), ran.of("part/two")[0].state] == [["1"], State.FAILED]
    logs = [Path(str(execution.properties["headrace_log"])) for execution in ran.executions]
    assert [log.parent.parent.parent for log in logs] == [settings.home / "logs"] * 2
    assert all(log.is_file() for log in logs)
    assert list(tmp_path.iterdir()) == [settings.home]


def test_for_each_runs_once_for_every_artifact(run_pipeline: RunPipeline) -> None:
    numbers = [Number(value=value).with_id(f"Number{value}") for value in (1, 5, 8)]
    with ForEach(union([number.outputs["number"] for number in numbers])) as each:
        plus = AddOne(number=each)
    ran = run_pipeline("each", [*numbers, plus])
    assert sorted(ran.value("AddOne", "sum")) == ["2", "6", "9"]


def test_a_sub_pipeline_runs_as_part_of_its_parent(run_pipeline: RunPipeline) -> None:
    number = Number(value=5)
    inputs = PipelineInputs({"number": number.outputs["number"]})
    one = AddOne(number=inputs.inputs["number"]).with_id("One")
    two = AddOne(number=one.outputs["sum"]).with_id("Two")
    inner = Pipeline("inner", "", components=[one, two], inputs=inputs, outputs={"sum": two.outputs["sum"]})
    last = AddOne(number=inner.outputs["sum"]).with_id("Last")
    ran = run_pipeline("outer", [number, inner, last])
    assert ran.error is None
    assert ran.value("Last", "sum") == ["8"]
    assert ran.states["inner.Two"] is NodeState.SUCCEEDED


def test_an_async_pipeline_runs_once_through(run_pipeline: RunPipeline) -> None:
    number = Number(value=5)
    ran = run_pipeline("async", [number, AddOne(number=number.outputs["number"])], execution_mode=ExecutionMode.ASYNC)
    assert ran.error is None
    assert [(one.node, one.state) for one in ran.store.executions()] == [
        ("Number", State.COMPLETE),
        ("AddOne", State.COMPLETE),
    ]


def test_an_importer_and_a_resolver_bring_artifacts_in(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    folder = tmp_path / "schema"
    folder.mkdir()
    importer = Importer(source_uri=str(folder), artifact_type=Schema).with_id("imported")
    resolver = Resolver(strategy_class=LatestArtifactStrategy, schema=Channel(type=Schema)).with_id("latest")
    resolver.add_upstream_node(importer)
    for _ in range(2):
        ran = run_pipeline("importing", [importer, resolver])
        assert set(ran.states.values()) <= {NodeState.SUCCEEDED, NodeState.CACHED}
    assert len(ran.store.artifacts("Schema")) == 1  # imported once, known the second time


def test_a_resolver_that_finds_nothing_is_no_failure_where_all_can_do_without(run_pipeline: RunPipeline) -> None:
    resolver = Resolver(strategy_class=LatestArtifactStrategy, number=Channel(type=Integer)).with_id("none_yet")
    ran = run_pipeline("optional", [resolver, MaybeAddOne(number=resolver.outputs["number"])])
    assert ran.error is None
    assert ran.of("none_yet")[0].state is State.COMPLETE
    assert ran.value("MaybeAddOne", "sum") == ["1"]


def test_a_canned_resolver_function_chooses_inputs(run_pipeline: RunPipeline) -> None:
    number = Number(value=9)
    ran = run_pipeline("canned", [number, AddOne(number=latest_created(number.outputs["number"], n=1))])
    assert ran.value("AddOne", "sum") == ["10"]


def test_a_parameter_can_be_what_another_node_made(run_pipeline: RunPipeline) -> None:
    number = Number(value=9)
    copy = Number(value=number.outputs["number"].future()[0].value).with_id("Copy")
    assert run_pipeline("dynamic", [number, copy]).value("Copy", "number") == ["9"]


def test_a_runtime_parameter_is_set_for_a_run(run_pipeline: RunPipeline) -> None:
    number = Number(value=RuntimeParameter("value", int, 3))
    assert run_pipeline("set", [number]).value("Number", "number") == ["3"]
    assert run_pipeline("set", [number], RunRequest(parameters={"value": "4"})).value("Number", "number") == ["4"]
    with pytest.raises(UnknownNameError):
        raise run_pipeline("set", [number], RunRequest(parameters={"valu": "4"})).error or AssertionError
    zero = Number(value=RuntimeParameter("value", int, 0))
    assert run_pipeline("zero", [zero]).value("Number", "number") == ["0"]


def test_a_container_component_is_refused_where_no_engine_answers(
    run_pipeline: RunPipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    boxed = create_container_component("Boxed", "alpine", ["true"], outputs={"number": Integer})
    run_pipeline("plain", [Number(value=1)])  # so that there is a store to look at
    ran = run_pipeline("boxed", [boxed(), Number(value=1)])
    assert isinstance(ran.error, UserError)
    assert "Boxed would run in a container" in ran.error.what
    assert ran.run is None


def test_an_output_may_name_any_place_and_is_not_walked_there(run_pipeline: RunPipeline) -> None:
    everything = Point(where="/")
    ran = run_pipeline("everything", [everything, Point(where="/proc").with_id("Proc")])
    assert ran.error is None
    assert [one.properties["headrace_outputs"] for one in ran.executions] == ['{"model/0": "elsewhere"}'] * 2
