import gzip
import os
from pathlib import Path

import pytest
from tfx.components import CsvExampleGen, ImportExampleGen
from tfx.dsl.compiler.compiler import Compiler
from tfx.dsl.component.experimental.container_component import create_container_component
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.proto.example_gen_pb2 import Input
from tfx.proto.orchestration import pipeline_pb2
from tfx.types.standard_artifacts import Integer, Schema

from components.arrow_example_gen.component import ArrowExampleGen
from headrace.errors import InputDataError, UserError
from headrace.orchestration.compilation import bind_parameters
from headrace.orchestration.graph import graph_of
from headrace.orchestration.preflight import check_containers, check_inputs
from headrace.settings import Settings
from tests.small_components import Number

# TFX calls what protobuf deprecates; the warning lands on the line that calls TFX.
pytestmark = pytest.mark.filterwarnings("ignore:label\\(\\) is deprecated:DeprecationWarning")

GOOD = "fare,tips\n7.5,1\n"


def reading(folder: str | Path, kind: type = CsvExampleGen, **patterns: str) -> pipeline_pb2.Pipeline:
    splits = [Input.Split(name=name, pattern=pattern) for name, pattern in patterns.items()]
    generator = kind(str(folder), input_config=Input(splits=splits) if splits else None)
    compiled = Compiler().compile(Pipeline("pipeline", "/root", components=[generator]))
    assert isinstance(compiled, pipeline_pb2.Pipeline)
    return compiled


def refusal(pipeline: pipeline_pb2.Pipeline) -> InputDataError:
    with pytest.raises(InputDataError) as raised:
        check_inputs(pipeline)
    assert raised.value.what.startswith(("CsvExampleGen ", "ImportExampleGen "))
    assert raised.value.exit_code == 2
    return raised.value


def put(path: Path, text: str = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_folder_of_csv_files_with_rows_is_fine(tmp_path: Path) -> None:
    put(tmp_path / "a.csv")
    put(tmp_path / "b.csv", "fare,tips\n7.5,1")  # no end of line at the end
    check_inputs(reading(tmp_path))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "too"
    error = refusal(reading(missing))
    assert error.where == str(missing)
    assert error.why == "there is no such folder"
    assert error.next_step.startswith(f"ls {tmp_path}  # ")  # and not a folder that is missing


def test_a_file_where_a_folder_is_wanted_is_told_from_nothing_at_all(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv")
    error = refusal(reading(path))
    assert error.where == str(path)
    assert "it is a file" in error.why


def test_an_empty_folder_has_no_data(tmp_path: Path) -> None:
    assert "single_split" in refusal(reading(tmp_path)).what


def test_a_folder_inside_does_not_count_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert "single_split" in refusal(reading(tmp_path)).what


def test_a_split_without_files_is_named_with_its_pattern(tmp_path: Path) -> None:
    put(tmp_path / "trips-2013.csv")
    error = refusal(reading(tmp_path, train="trips-2013.csv", eval="trips-2014.csv"))
    assert "'eval'" in error.what
    assert error.where == str(tmp_path / "trips-2014.csv")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty: it has no header"),
        ("\n", "it is empty: it has no header"),
        ("fare,tips", "it has a header and no rows"),
        ("fare,tips\n", "it has a header and no rows"),
        ("fare,tips\n\n", "it has a header and no rows"),
    ],
)
def test_a_csv_file_without_rows_is_named(tmp_path: Path, text: str, why: str) -> None:
    empty = put(tmp_path / "b.csv", text)
    error = refusal(reading(tmp_path))
    assert error.where == str(empty)
    assert error.why == why


def test_parts_of_a_split_may_have_a_header_alone_if_one_has_rows(tmp_path: Path) -> None:
    for part in (0, 2):
        put(tmp_path / f"part-{part}.csv", "fare,tips\n")
    error = refusal(reading(tmp_path))
    assert (error.what, error.why) == (
        "CsvExampleGen has no rows to read",
        "each of 2 files has a header and no rows",
    )
    assert error.where == str(tmp_path)
    put(tmp_path / "part-1.csv")
    check_inputs(reading(tmp_path))
    put(tmp_path / "part-3.csv", "")  # as for TFX, a file without the header of the others is none of them
    assert refusal(reading(tmp_path)).where == str(tmp_path / "part-3.csv")


@pytest.mark.parametrize(
    ("content", "why", "next_step"),
    [
        (b"fare,tips\r7.5,1\r", "its lines end with a carriage return alone", "tr "),
        ("fare,tips\n7.5,é\n".encode("latin-1"), "by the byte 0xe9 in line 2; perhaps it is Latin-1", "ISO-8859-1"),
        (GOOD.encode("utf-16"), "it is UTF-16, and UTF-8 is wanted", "iconv -f UTF-16"),
        (gzip.compress(GOOD.encode()), "it is compressed by gzip, whatever its name says", "file "),
        (b"PAR1\x15", "it is a Parquet file, whatever its name says", "file "),
    ],
    ids=["carriage returns", "Latin-1", "UTF-16", "gzip", "Parquet"],
)
def test_a_file_that_is_no_csv_is_called_what_it_is(tmp_path: Path, content: bytes, why: str, next_step: str) -> None:
    put(tmp_path / "a.csv")
    (tmp_path / "b c.csv").write_bytes(content)
    error = refusal(reading(tmp_path))
    assert error.where == str(tmp_path / "b c.csv")
    assert why in error.why
    assert next_step in error.next_step
    assert f"'{tmp_path / 'b c.csv'}'" in error.next_step


def test_text_is_not_refused_for_where_the_look_at_it_ends(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", "a\n" + "é" * (1 << 20))
    check_inputs(reading(tmp_path))


def test_what_a_folder_of_csv_files_holds_beside_them_is_called_what_it_is(tmp_path: Path) -> None:
    put(tmp_path / "a.csv")
    put(tmp_path / ".ipynb_checkpoints" / "a-checkpoint.csv")
    error = refusal(reading(tmp_path))
    assert (error.where, error.why) == (
        str(tmp_path / ".ipynb_checkpoints"),
        "it is the folder in which Jupyter keeps copies",
    )
    check_inputs(reading(tmp_path, all="*.csv"))
    (tmp_path / "old.csv").mkdir()
    assert refusal(reading(tmp_path, all="*.csv")).why == "it is a folder"
    (tmp_path / "old.csv").rmdir()
    (tmp_path / "late.csv").symlink_to("/nowhere/late.csv")
    for pattern in ("*.csv", "late.csv"):
        assert (
            refusal(reading(tmp_path, all=pattern)).why == "late.csv is a link to /nowhere/late.csv, which is not there"
        )
    (tmp_path / "late.csv").unlink()
    os.mkfifo(tmp_path / "late.csv")
    assert refusal(reading(tmp_path, all="*.csv")).why == "it is not a regular file"


def test_a_file_of_another_split_is_not_looked_at(tmp_path: Path) -> None:
    put(tmp_path / "train.csv")
    put(tmp_path / "notes.csv", "")
    check_inputs(reading(tmp_path, train="train.csv"))


@pytest.mark.parametrize("pattern", ["span-{SPAN}/a.csv", "span-{SPAN:2}/*", "{YYYY}-{MM}-{DD}/v{VERSION}.csv"])
def test_placeholders_of_a_pattern_stand_for_anything(tmp_path: Path, pattern: str) -> None:
    pipeline = reading(tmp_path, train=pattern)
    error = refusal(pipeline)
    assert error.where == str(tmp_path / pattern)
    put(tmp_path / "span-01" / "a.csv")
    put(tmp_path / "2016-01-31" / "v2.csv")
    check_inputs(pipeline)


def test_files_of_another_format_need_no_rows(tmp_path: Path) -> None:
    pipeline = reading(tmp_path, ImportExampleGen)
    refusal(pipeline)
    put(tmp_path / "a.tfrecord", "")
    check_inputs(pipeline)


@pytest.mark.parametrize("folder", ["gs://bucket/trips", "hdfs://cluster/trips"])
def test_a_folder_of_another_machine_is_left_to_the_component(folder: str) -> None:
    check_inputs(reading(folder))


def test_a_folder_that_is_a_parameter_is_looked_at_once_it_is_bound(tmp_path: Path) -> None:
    generator = CsvExampleGen(RuntimeParameter("data_root", str))
    pipeline = Compiler().compile(Pipeline("pipeline", "/root", components=[generator]))
    check_inputs(pipeline)
    bind_parameters(pipeline, "run", {"data_root": str(tmp_path / "missing")})
    assert refusal(pipeline).where == str(tmp_path / "missing")


def test_an_empty_folder_name_is_said_to_be_empty() -> None:
    assert refusal(reading("")).why == "it is empty"


def test_an_importer_of_a_place_that_is_not_there_is_named_unless_a_node_may_make_it(tmp_path: Path) -> None:
    def importing(place: str | Path, *behind: BaseNode) -> pipeline_pb2.Pipeline:
        importer = Importer(source_uri=str(place), artifact_type=Schema).with_id("curated")
        importer.add_upstream_nodes(behind)
        return Compiler().compile(Pipeline("pipeline", "/root", components=[*behind, importer]))

    check_inputs(importing(tmp_path))
    check_inputs(importing("gs://bucket/schema"))
    check_inputs(importing(tmp_path / "missing", Number(value=1)))
    with pytest.raises(InputDataError) as raised:
        check_inputs(importing(tmp_path / "missing"))
    assert raised.value.what == "curated has nothing to bring in"
    assert raised.value.where == str(tmp_path / "missing")


def test_a_pipeline_that_reads_no_files_is_fine() -> None:
    check_inputs(pipeline_pb2.Pipeline(nodes=[pipeline_pb2.Pipeline.PipelineOrNode()]))


def test_container_components_are_refused_all_at_once_where_no_engine_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    boxed = create_container_component("Boxed", "alpine", ["true"], outputs={"number": Integer})
    components = [boxed().with_id("First"), Number(value=1), boxed().with_id("Second")]
    pipeline = Compiler().compile(Pipeline("pipeline", "/root", components=components))
    with pytest.raises(UserError) as raised:
        check_containers(graph_of(pipeline, Settings()))
    assert raised.value.what == "First, Second would run in a container, and no Docker engine answers"
    assert raised.value.why
    assert "docker info" in raised.value.next_step


def test_without_container_components_no_engine_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    pipeline = Compiler().compile(Pipeline("pipeline", "/root", components=[Number(value=1)]))
    check_containers(graph_of(pipeline, Settings()))


@pytest.mark.parametrize("asked", [2, 4])
def test_a_span_without_files_is_named_with_those_that_there_are(tmp_path: Path, asked: int) -> None:
    for span in (1, 3):
        put(tmp_path / f"span-0{span}" / "v1" / "a.csv")

    def of_span(span: int) -> pipeline_pb2.Pipeline:
        config = Input(splits=[Input.Split(name="all", pattern="span-{SPAN:2}/v{VERSION}/*.csv")])
        generator = ArrowExampleGen(str(tmp_path), config, span=RuntimeParameter("span", int))
        pipeline = Compiler().compile(Pipeline("pipeline", "/root", components=[generator]))
        bind_parameters(pipeline, "run", {"span": str(span)})
        return pipeline  # type: ignore[no-any-return]

    check_inputs(of_span(3))
    with pytest.raises(InputDataError) as raised:
        check_inputs(of_span(asked))
    error = raised.value
    assert error.what == f"ArrowExampleGen has no files of span {asked}"
    assert error.where == str(tmp_path / "span-{SPAN:2}/v{VERSION}/*.csv")
    assert error.why == "the files there are of the spans 1, 3"
    assert error.next_step.endswith({2: "such as 1", 4: "such as 3"}[asked])
