from pathlib import Path
from typing import Any

import pytest
from tfx.components import CsvExampleGen
from tfx.dsl.compiler.compiler import Compiler
from tfx.dsl.component.experimental.annotations import Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.metadata import mysql_metadata_connection_config, sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto.orchestration import pipeline_pb2

from headrace.errors import ParameterError, UnknownNameError
from headrace.orchestration.compilation import (
    bind_parameters,
    connection_config,
    local_deployment,
    parameter_defaults,
    set_cache,
)
from headrace.orchestration.compiler import falsy_defaults, keep_defaults
from headrace.orchestration.graph import graph_of
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings

# TFX calls what protobuf deprecates; the warning lands on the line that calls TFX.
pytestmark = pytest.mark.filterwarnings("ignore:label\\(\\) is deprecated:DeprecationWarning")

RUN_ID = "pipeline-run-id"


@component
def Node(whole: Parameter[int], real: Parameter[float], text: Parameter[str]) -> None:  # noqa: N802
    pass


def compiled(**parameters: Any) -> pipeline_pb2.Pipeline:
    node = Node(**{"whole": 1, "real": 1.0, "text": "one"} | parameters)
    return compile_pipeline([node])


def compile_pipeline(nodes: list[Any], **options: Any) -> pipeline_pb2.Pipeline:
    pipeline = Compiler().compile(Pipeline("pipeline", "/root", components=nodes, **options))
    assert isinstance(pipeline, pipeline_pb2.Pipeline)
    return pipeline


def value_of(pipeline: pipeline_pb2.Pipeline, name: str) -> int | float | str:
    value = pipeline.nodes[0].pipeline_node.parameters.parameters[name].field_value
    found = getattr(value, value.WhichOneof("value"))
    assert isinstance(found, int | float | str)
    return found


@pytest.mark.parametrize(
    ("name", "kind", "text", "value"),
    [
        ("whole", int, "7", 7),
        ("whole", int, "-7", -7),
        ("real", float, "0.5", 0.5),
        ("real", float, "2", 2.0),
        ("text", str, "7", "7"),
        ("text", str, "", ""),
        ("text", str, '{"a": "b=c"}', '{"a": "b=c"}'),
    ],
)
def test_a_parameter_takes_its_type_from_the_pipeline_not_from_its_text(
    name: str, kind: type, text: str, value: int | float | str
) -> None:
    pipeline = compiled(**{name: RuntimeParameter("given", kind)})
    bind_parameters(pipeline, "run", {"given": text})
    bound = value_of(pipeline, name)
    assert bound == value
    assert type(bound) is type(value)


@pytest.mark.parametrize(("name", "kind", "default"), [("whole", int, 7), ("real", float, 0.5), ("text", str, "a")])
def test_a_parameter_that_is_not_set_has_its_default(name: str, kind: type, default: int | float | str) -> None:
    pipeline = compiled(**{name: RuntimeParameter("given", kind, default)})
    bind_parameters(pipeline, "run", {})
    assert value_of(pipeline, name) == default


@pytest.mark.parametrize(
    ("name", "kind", "default", "value"),
    [
        ("whole", int, 0, 0),
        ("whole", int, False, 0),
        ("real", float, 0.0, 0.0),
        ("real", float, 0, 0.0),
        ("text", str, "", ""),
    ],
)
def test_a_default_that_is_false_is_a_default_all_the_same(
    name: str, kind: type, default: int | float | str, value: int | float | str
) -> None:
    node = Node(**{"whole": 1, "real": 1.0, "text": "one"} | {name: RuntimeParameter("given", kind, default)})
    inner = Pipeline("inner", "", components=[node])
    pipeline = Pipeline("pipeline", "/root", components=[inner])
    ir = Compiler().compile(pipeline)
    keep_defaults(ir, falsy_defaults(pipeline))
    bound = bind_parameters(ir, "run", {})["given"]
    assert bound == value
    assert type(bound) is type(value)
    assert "runtime_parameter {" not in str(ir)


@pytest.mark.parametrize(("name", "kind", "text"), [("whole", int, "1.5"), ("whole", int, "few"), ("real", float, "")])
def test_a_value_of_another_type_is_refused(name: str, kind: type, text: str) -> None:
    pipeline = compiled(**{name: RuntimeParameter("given", kind)})
    with pytest.raises(ParameterError) as raised:
        bind_parameters(pipeline, "run", {"given": text})
    assert "'given'" in raised.value.what
    assert repr(text) in raised.value.what
    assert kind.__name__ in raised.value.why


def test_a_mistyped_parameter_suggests_the_nearest_one() -> None:
    pipeline = compiled(text=RuntimeParameter("data_root", str, "/data"), whole=RuntimeParameter("steps", int, 1))
    with pytest.raises(UnknownNameError) as raised:
        bind_parameters(pipeline, "run", {"data_rot": "/data"})
    assert raised.value.why == "did you mean 'data_root'?"
    assert "pipeline" in raised.value.where


@pytest.mark.parametrize("name", [RUN_ID, "pipeline-root"])
def test_tfx_own_parameters_are_not_the_users_to_set(name: str) -> None:
    with pytest.raises(UnknownNameError):
        bind_parameters(compiled(), "run", {name: "mine"})


def test_a_parameter_without_value_and_default_says_what_to_add() -> None:
    pipeline = compiled(text=RuntimeParameter("data_root", str), whole=RuntimeParameter("steps", int))
    with pytest.raises(ParameterError) as raised:
        bind_parameters(pipeline, "run", {"data_root": "/data"})
    assert "'steps'" in raised.value.what
    assert raised.value.next_step == "add --set steps=VALUE"


def test_the_run_has_its_id_and_root_and_nothing_is_left_unbound() -> None:
    pipeline = compiled(text=RuntimeParameter("given", str, "a"))
    bind_parameters(pipeline, "20260101", {})
    assert pipeline.runtime_spec.pipeline_run_id.field_value.string_value == "20260101"
    assert pipeline.runtime_spec.pipeline_root.field_value.string_value == "/root"
    contexts = pipeline.nodes[0].pipeline_node.contexts.contexts
    assert "20260101" in [context.name.field_value.string_value for context in contexts]
    assert "runtime_parameter" not in str(pipeline)


def beam_arguments(pipeline: pipeline_pb2.Pipeline, settings: Settings) -> list[str]:
    spec = local_deployment(pipeline, settings).executor_specs["CsvExampleGen"].beam_executable_spec
    return [argument.value.string_value for argument in spec.beam_pipeline_args_placeholders]


@pytest.mark.parametrize(
    ("own", "project", "arguments"),
    [
        ([], (), ["--runner=FnApiRunner"]),
        (["--own"], ("--project",), ["--runner=FnApiRunner", "--project", "--own"]),
        (["--runner=PrismRunner"], ("--project",), ["--project", "--runner=PrismRunner"]),
        (["--own"], ("--runner=PrismRunner", "--a"), ["--runner=PrismRunner", "--a", "--own"]),
        (["--runner", "PrismRunner"], (), ["--runner", "PrismRunner"]),
    ],
)
def test_beams_runner_is_named_where_neither_pipeline_nor_project_name_one(
    own: list[str], project: tuple[str, ...], arguments: list[str]
) -> None:
    pipeline = compile_pipeline([CsvExampleGen("/data")], beam_pipeline_args=own)
    assert beam_arguments(pipeline, Settings(beam_pipeline_args=project)) == arguments


def test_a_node_that_does_not_use_beam_is_left_as_it_is() -> None:
    spec = local_deployment(compiled(), Settings()).executor_specs["Node"]
    assert spec.WhichOneof("spec") == "python_class_executable_spec"


def test_the_metadata_store_is_the_projects_where_the_pipeline_names_none(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    config = connection_config(local_deployment(compiled(), settings), settings)
    assert config.sqlite.filename_uri == str(tmp_path / "metadata.sqlite")


@pytest.mark.parametrize("kind", ["sqlite", "mysql"])
def test_the_metadata_store_that_a_pipeline_names_is_used(kind: str, tmp_path: Path) -> None:
    own = (
        sqlite_metadata_connection_config(str(tmp_path / "own" / "metadata.sqlite"))
        if kind == "sqlite"
        else mysql_metadata_connection_config("host", 3306, "database", "user", "password")
    )
    pipeline = compile_pipeline([Node(whole=1, real=1.0, text="a")], metadata_connection_config=own)
    settings = Settings(home=tmp_path)
    assert connection_config(local_deployment(pipeline, settings), settings) == own


@pytest.mark.parametrize(
    ("request_", "cached"),
    [
        (RunRequest(), {"First", "Second"}),
        (RunRequest(no_cache_for=("Second",)), {"First"}),
        (RunRequest(no_cache_for=("Second", "First")), set()),
        (RunRequest(cache=False), set()),
        (RunRequest(cache=False, no_cache_for=("First",)), set()),
    ],
)
def test_the_cache_is_turned_off_for_the_run_or_for_the_nodes_named(request_: RunRequest, cached: set[str]) -> None:
    nodes = graph_of(compile_two(enable_cache=True), Settings())
    set_cache(nodes, request_)
    assert {one.id for one in nodes if one.node.execution_options.caching_options.enable_cache} == cached


def test_a_request_never_turns_on_a_cache_that_the_pipeline_leaves_off() -> None:
    nodes = graph_of(compile_two(enable_cache=False), Settings())
    set_cache(nodes, RunRequest())
    assert not any(one.node.execution_options.caching_options.enable_cache for one in nodes)


def test_no_cache_for_a_node_that_is_none_suggests_the_nearest_and_changes_nothing() -> None:
    nodes = graph_of(compile_two(enable_cache=True), Settings())
    with pytest.raises(UnknownNameError) as raised:
        set_cache(nodes, RunRequest(no_cache_for=("First", "Secnd")))
    assert raised.value.what == "there is no node 'Secnd'"
    assert raised.value.why == "did you mean 'Second'?"
    assert all(one.node.execution_options.caching_options.enable_cache for one in nodes)


def compile_two(**options: Any) -> pipeline_pb2.Pipeline:
    return compile_pipeline(
        [Node(whole=1, real=1.0, text="a").with_id(name) for name in ("First", "Second")], **options
    )


def test_defaults_are_those_of_the_pipelines_own_parameters_before_they_are_bound() -> None:
    pipeline = compiled(whole=RuntimeParameter("epochs", int, 3), text=RuntimeParameter("name", str))
    assert parameter_defaults(pipeline) == {"epochs": 3}
