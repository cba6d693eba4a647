"""What a run starts from: what is part of it, and what is not."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from tfx.components import CsvExampleGen, StatisticsGen
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.experimental.node_execution_options.utils import NodeExecutionOptions
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.proto.example_gen_pb2 import Input
from tfx.proto.orchestration.pipeline_pb2 import PipelineNode
from tfx.types.standard_artifacts import Examples, Integer

from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from headrace.orchestration.basis import Basis, basis_of
from headrace.orchestration.compilation import bind_parameters
from headrace.orchestration.definition import _Compiler
from headrace.orchestration.graph import graph_of
from headrace.orchestration.input_patterns import SpanName, span_in
from headrace.orchestration.span_files import files_so_far
from headrace.settings import Settings
from tests.small_components import AddOne, Number, Text

RUN_IDS = ("20260101-120000.000000", "20260102-130000.000001")


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    """A folder with one file."""
    folder = tmp_path / "trips"
    folder.mkdir()
    (folder / "trips-1.csv").write_text("fare\n1\n2\n3\n")
    return folder


def basis(folder: Path, nodes: Sequence[BaseNode], run_id: str = RUN_IDS[0], **parameters: str) -> Basis:
    settings = Settings(home=folder / "home")
    compiled, _ = _Compiler().run(Pipeline("small", str(folder / "root"), components=list(nodes)))
    bind_parameters(compiled, run_id, parameters)
    return basis_of(graph_of(compiled, settings), run_id, MetadataStore.connect(sqlite_config(folder / "store")))


def reading(folder: Path) -> list[BaseNode]:
    files = Input(splits=[Input.Split(name="all", pattern="trips-{SPAN}.csv")])
    examples = CsvExampleGen(str(folder), input_config=files)
    return [examples, StatisticsGen(examples=examples.outputs["examples"])]


def adding(value: "int | RuntimeParameter", *more: BaseNode) -> list[BaseNode]:
    number = Number(value=value)
    return [number, AddOne(number=number.outputs["number"]), *more]


def test_it_is_the_same_from_run_to_run(tmp_path: Path, trips: Path) -> None:
    first = basis(tmp_path, reading(trips))
    again = basis(tmp_path, reading(trips), RUN_IDS[1])
    assert again == first
    assert again.changes(first.to_json()) == ()
    assert again.stale_nodes(first.to_json()) == frozenset()


def test_other_data_is_a_change_of_the_node_that_reads_it(tmp_path: Path, trips: Path) -> None:
    before = basis(tmp_path, reading(trips)).to_json()
    (trips / "trips-1.csv").write_text("fare\n1\n2\n3\n4\n")
    now = basis(tmp_path, reading(trips))
    assert now.changes(before) == ("data of CsvExampleGen (span 1)",)
    assert now.stale_nodes(before) == now.nodes_to_read_again(before) == {"CsvExampleGen"}


def test_of_a_version_that_came_late_the_span_is_told(tmp_path: Path) -> None:
    def deliver(span: int, version: int) -> None:
        path = tmp_path / "months" / str(span) / f"v{version}" / "trips.csv"
        path.parent.mkdir(parents=True)
        path.write_text("fare\n" + "1\n" * (span + version))

    def now() -> Basis:
        files = Input(splits=[Input.Split(name="all", pattern="{SPAN}/v{VERSION}/*.csv")])
        examples = CsvExampleGen(str(tmp_path / "months"), input_config=files)
        config = '{"splits": [{"name": "all", "pattern": "{SPAN}/v{VERSION}/*.csv"}]}'
        newest = examples.outputs["examples"]
        back = LookBack(input_base=str(tmp_path / "months"), input_config=config, span=2, newest=newest)
        return basis(tmp_path, [examples, back])

    for span in (1, 2):
        deliver(span, version=0)
    before = now().to_json()
    deliver(1, version=1)
    assert now().changes(before) == ("data of LookBack (span 1, version 1)",)
    deliver(2, version=3)
    assert now().changes(before)[0] == "data of CsvExampleGen (span 2, version 3 instead of span 2, version 0)"
    before = now().to_json()
    shutil.rmtree(tmp_path / "months" / "1" / "v1")
    assert now().changes(before) == ("data of LookBack (span 1, version 1 is gone)",)
    assert now().stale_nodes(before) == {"LookBack"}


def test_data_that_a_driver_cannot_tell_is_never_the_same(tmp_path: Path, trips: Path) -> None:
    (trips / "trips-1.csv").unlink()
    first = basis(tmp_path, reading(trips))
    again = basis(tmp_path, reading(trips))
    assert again.changes(first.to_json()) == ("data of CsvExampleGen",)
    assert again.nodes_to_read_again(first.to_json()) == frozenset()  # it would be for ever


def test_a_file_that_a_parameter_names_is_read_and_code_is_run(tmp_path: Path) -> None:
    schema, code = tmp_path / "schema.pbtxt", tmp_path / "code.py"

    def now() -> Basis:
        for path in (schema, code):
            path.touch()
        nodes = [ImportSchemaGen(str(schema)), Text(value=str(code))]
        return basis(tmp_path, nodes)

    before = now().to_json()
    schema.write_text('feature { name: "fare" }')
    code.write_text("1 + 1")
    assert now().changes(before) == (f"code {code}", f"file {schema}")
    assert now().stale_nodes(before) == {"ImportSchemaGen", "Text"}
    assert now().nodes_to_read_again(before) == {"ImportSchemaGen"}


@component
def LookBack(  # noqa: N802
    input_base: Parameter[str],
    input_config: Parameter[str],
    span: Parameter[int],
    newest: InputArtifact[Examples],
    done: OutputArtifact[Integer],
) -> None:
    """Reads the spans up to one, or would if anybody ran it."""


def test_the_files_of_earlier_spans_count_for_a_node_that_looks_back_and_those_of_later_ones_do_not(
    tmp_path: Path, trips: Path
) -> None:
    def now() -> Basis:
        examples, _ = reading(trips)
        config = '{"splits": [{"name": "all", "pattern": "trips-{SPAN}.csv"}]}'
        back = LookBack(input_base=str(trips), input_config=config, span=2, newest=examples.outputs["examples"])
        return basis(tmp_path, [examples, back])

    (trips / "trips-2.csv").write_text("fare\n1\n")
    (trips / "trips-3.csv").write_text("fare\n1\n")
    before = now().to_json()
    (trips / "trips-1.csv").write_text("fare\n1\n2\n")
    assert now().stale_nodes(before) == {"LookBack"}
    before = now().to_json()
    (trips / "trips-3.csv").write_text("fare\n1\n2\n3\n")
    assert now().stale_nodes(before) == {"CsvExampleGen"}  # which reads the newest there is


@pytest.mark.parametrize(
    ("path", "pattern", "span"),
    [
        ("span-03/v2/a.parquet", "span-{SPAN:2}/v{VERSION}/*.parquet", SpanName(3, 2)),
        ("v2/span-03.parquet", "v{VERSION}/span-{SPAN:2}.parquet", SpanName(3, 2)),
        ("12.csv", "{SPAN}.csv", SpanName(12)),
        ("2014-01-31/a.csv", "{YYYY}-{MM}-{DD}/*.csv", SpanName()),
        ("a.csv", "*.csv", SpanName()),
        ("b.csv", "a.csv", SpanName()),
    ],
)
def test_a_files_span_stands_where_the_pattern_has_it(path: str, pattern: str, span: SpanName) -> None:
    assert span_in(path, pattern) == span


def test_a_node_that_another_one_tells_its_span_has_no_files_before_that(trips: Path) -> None:
    node = PipelineNode()
    parameters = node.parameters.parameters
    parameters["input_base"].field_value.string_value = str(trips)
    parameters["input_config"].field_value.string_value = '{"splits": [{"name": "all", "pattern": "trips-{SPAN}.csv"}]}'
    assert [file.path.name for file in files_so_far(node)] == ["trips-1.csv"]
    parameters["span"].placeholder.operator.SetInParent()
    assert list(files_so_far(node)) == []


def test_an_edit_of_an_imported_file_is_a_change_of_its_importer(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("4")

    def now() -> Basis:
        number = Importer(source_uri=str(tmp_path / "number"), artifact_type=Integer).with_id("Four")
        return basis(tmp_path, [number, AddOne(number=number.outputs["result"])])

    before = now().to_json()
    (tmp_path / "number").write_text("40")
    assert "files of Four" in now().changes(before)
    assert now().stale_nodes(before) == {"Four"}


def test_a_parameter_is_part_of_the_definition_of_the_nodes_that_take_it(tmp_path: Path) -> None:
    value = RuntimeParameter("value", int, 1)
    before = basis(tmp_path, adding(value)).to_json()
    assert basis(tmp_path, adding(value), value="1").changes(before) == ()
    assert basis(tmp_path, adding(value), value="2").changes(before) == ("definition of Number",)


def test_a_node_more_leaves_those_before_it_as_they_were(tmp_path: Path) -> None:
    before = basis(tmp_path, adding(1))
    nodes = adding(1)
    more = AddOne(number=nodes[-1].outputs["sum"]).with_id("More")
    now = basis(tmp_path, [*nodes, more])
    assert now.stale_nodes(before.to_json()) == {"More"}
    assert before.changes(now.to_json()) == ("definition of More",)


def test_how_a_node_is_run_is_no_part_of_what_it_is_made_of_and_what_runs_it_is(tmp_path: Path) -> None:
    def tried_again(nodes: list[BaseNode]) -> list[BaseNode]:
        nodes[0].node_execution_options = NodeExecutionOptions(max_execution_retries=2)
        return nodes

    def by_another(nodes: list[BaseNode]) -> list[BaseNode]:
        nodes[0].executor_spec = ExecutorClassSpec(BaseExecutor)
        return nodes

    before = basis(tmp_path, adding(1)).to_json()
    assert basis(tmp_path, tried_again(adding(1))).changes(before) == ()
    assert "definition of Number" in basis(tmp_path, by_another(adding(1))).changes(before)
    assert basis(tmp_path, by_another(adding(1))).stale_nodes(before) == {"Number"}
