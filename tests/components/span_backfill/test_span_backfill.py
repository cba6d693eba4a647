"""Span after span is read once, whichever is asked for first; and each run sees what was there before its span."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.proto.example_gen_pb2 import Input, Output

from components.arrow_example_gen.component import ArrowExampleGen
from components.span_backfill.component import SpanBackfill, ingested_spans
from components.span_backfill.driver import NONE
from components.span_backfill.spans import find_spans
from components.span_backfill.window import SpanWindowStrategy
from headrace.errors import ParameterError
from headrace.lineage.input_data import input_data
from headrace.metadata import Artifact
from headrace.metadata.graph import GraphReader
from headrace.orchestration.outcomes import NodeState
from headrace.settings import Settings
from tests.components.span_backfill.listing import Listing
from tests.headrace.orchestration.runs.conftest import Ran, RunPipeline

FILES = Input(splits=[Input.Split(name="rows", pattern="span-{SPAN:2}/v{VERSION}/*.parquet")])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Spans 1, 2, 3 and 4, of as many rows."""
    for span in (1, 2, 3, 4):
        deliver(tmp_path / "data", span)
    return tmp_path / "data"


def deliver(data: Path, span: int, version: int = 0) -> None:
    path = data / f"span-{span:02}" / f"v{version}" / "rows.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"number": list(range(span + version))}), path)


def pipeline(data: Path, span: int, **config: int) -> list[BaseNode]:
    newest = ArrowExampleGen(str(data), FILES, output_config=Output(), span=span)
    ingested = ingested_spans("ArrowExampleGen", "SpanBackfill")
    backfill = SpanBackfill(str(data), FILES, span, ingested)
    window = Resolver(
        strategy_class=SpanWindowStrategy,
        config=config,
        spans=backfill.outputs["spans"],
        window=ingested,
        previous=ingested,
    ).with_id("window")
    listing = Listing(examples=window.outputs["window"], previous=window.outputs["previous"])
    return [newest, backfill, window, listing]


def read_by(ran: Ran, node: str = "SpanBackfill") -> list[Artifact]:
    return ran.store.outputs(ran.of(node)[0].id).get("examples", [])


def spans_read(ran: Ran) -> list[object]:
    return [one.properties["span"] for one in read_by(ran)]


def test_the_first_run_reads_the_spans_before_its_own_each_into_an_artifact(
    run_pipeline: RunPipeline, data: Path
) -> None:
    ran = run_pipeline("spans", pipeline(data, 3))
    assert ran.value("Listing", "listed") == ["1.0 2.0 | 2.0"]
    assert ran.value("SpanBackfill", "following") == ["4"]
    [first, second] = read_by(ran)
    alone = run_pipeline("alone", [ArrowExampleGen(str(data), FILES, output_config=Output(), span=2)])
    [stock] = read_by(alone, "ArrowExampleGen")
    own = {"headrace_input_files", "headrace_rows"}  # of each artifact, for one execution made them all
    assert {name: value for name, value in second.properties.items() if name not in own} == stock.properties
    assert json.loads(str(second.properties["headrace_rows"])) == {"rows": 2}
    assert [path.name for path in Path(first.uri).iterdir()] == ["Split-rows"]
    [execution] = ran.of("SpanBackfill")
    assert json.loads(str(execution.properties["headrace_rows"])) == {"rows": 3}
    files = json.loads(str(execution.properties["headrace_input_files"]))
    assert {name: [path for path, _, _ in found] for name, found in files.items()} == {
        f"rows-{span}": [str(data / f"span-0{span}/v0/rows.parquet")] for span in (1, 2)
    }


def test_lineage_knows_which_file_each_span_is_from(run_pipeline: RunPipeline, data: Path) -> None:
    run_pipeline("spans", pipeline(data, 3))
    deliver(data, 3, version=1)
    late = run_pipeline("spans", pipeline(data, 4))
    [examples] = read_by(late)
    reader = GraphReader(late.store)
    reader.add_upstream([examples.id])
    [data_read] = input_data(reader.graph())  # that others were there is no reason to be made of them
    assert (data_read.span, data_read.version) == (3, 1)
    [split] = data_read.splits
    assert (split.split, split.rows) == ("rows", 4)
    assert split.files is not None
    assert [file.path for file in split.files] == [str(data / "span-03" / "v1" / "rows.parquet")]


def test_later_runs_read_what_is_new_and_an_older_span_sees_nothing_later(
    run_pipeline: RunPipeline, data: Path
) -> None:
    def run(span: int) -> Ran:
        return run_pipeline("spans", pipeline(data, span), enable_cache=True)

    assert spans_read(run(2)) == [1]
    after = run(4)
    assert spans_read(after) == [3]  # 2 was read as the newest of its run
    assert after.value("Listing", "listed") == ["1.0 2.0 3.0 | 3.0"]
    assert after.value("SpanBackfill", "following") == [str(NONE)]
    again = run(2)
    assert spans_read(again) == []
    assert again.value("Listing", "listed") == ["1.0 | 1.0"]
    deliver(data, 3, version=1)
    late = run(4)
    assert [(one.properties["span"], one.properties["version"]) for one in read_by(late)] == [(3, 1)]
    assert late.value("Listing", "listed") == ["1.0 2.0 3.1 | 3.1"]


def test_what_it_read_comes_from_the_cache_as_long_as_its_files_are_there(
    run_pipeline: RunPipeline, data: Path
) -> None:
    states, read = [], []
    for _ in range(3):
        ran = run_pipeline("cached", [SpanBackfill(str(data), FILES, 3, ingested_spans("other"))], enable_cache=True)
        states.append(ran.states["SpanBackfill"])
        read.append(read_by(ran))
        if len(states) == 2:
            next(Path(read[1][1].uri).rglob("*.gz")).unlink()
    assert states == [NodeState.SUCCEEDED, NodeState.CACHED, NodeState.SUCCEEDED]
    assert [one.id for one in read[0]] == [one.id for one in read[1]] != [one.id for one in read[2]]


def test_the_window_may_be_the_last_spans_alone(run_pipeline: RunPipeline, data: Path) -> None:
    ran = run_pipeline("spans", pipeline(data, 4, length=2))
    assert ran.value("Listing", "listed") == ["2.0 3.0 | 3.0"]


def test_the_first_span_has_no_window(run_pipeline: RunPipeline, data: Path) -> None:
    [execution] = run_pipeline("spans", pipeline(data, 1)).of("SpanBackfill")
    assert execution.properties["headrace_error_message"] == "no span lies before 1"
    assert execution.properties["headrace_error_why"] == "the files there are of the spans 1, 2, 3, 4"


@pytest.mark.parametrize(("gone", "span"), [(2, 4), (3, 4)])
def test_a_span_that_is_not_there_is_no_span_only_where_that_may_be(
    run_pipeline: RunPipeline, data: Path, gone: int, span: int
) -> None:
    shutil.rmtree(data / f"span-0{gone}")
    [execution] = run_pipeline("spans", pipeline(data, span)).of("SpanBackfill")
    assert execution.properties["headrace_error_message"] == f"before span 4 there are no files of span {gone}"
    backfill = SpanBackfill(str(data), FILES, span, ingested_spans("other"), may_have_gaps=True)
    assert spans_read(run_pipeline("gaps", [backfill])) == [one for one in (1, 2, 3) if one != gone]


def test_where_a_span_cannot_be_read_or_none_is_missing_no_folder_is_left(
    run_pipeline: RunPipeline, data: Path, settings: Settings
) -> None:
    folder = settings.pipeline_root("spans") / "SpanBackfill" / "examples"
    late = data / "span-02" / "v1" / "rows.parquet"
    late.parent.mkdir()
    pq.write_table(pa.table({"number": pa.array([], pa.int64())}), late)
    failed = run_pipeline("spans", pipeline(data, 4))  # after span 1 was written
    assert failed.of("SpanBackfill")[0].properties["headrace_error_message"] == "the input files hold no rows"
    assert list(folder.iterdir()) == []
    late.unlink()
    read = run_pipeline("spans", pipeline(data, 4))
    assert spans_read(run_pipeline("spans", pipeline(data, 3))) == []
    assert list(folder.iterdir()) == [Path(read_by(read)[0].uri).parent]


@pytest.mark.parametrize("patterns", [[], ["*.parquet"], ["{SPAN}/a", "{SPAN}/b"]])
def test_it_wants_one_split_with_spans(patterns: list[str]) -> None:
    splits = [Input.Split(name=f"split{index}", pattern=one) for index, one in enumerate(patterns)]
    with pytest.raises(ParameterError, match=r"one split with \{SPAN\}"):
        SpanBackfill("data", Input(splits=splits), 3, ingested_spans("ArrowExampleGen"))


def test_files_that_do_not_fit_the_pattern_are_of_no_span(data: Path) -> None:
    (data / "span-xx" / "v0").mkdir(parents=True)
    (data / "span-xx" / "v0" / "rows.parquet").touch()
    (data / "span-09").mkdir()
    found = find_spans(str(data), FILES.splits[0])
    assert [(one.number, one.version, one.pattern) for one in found] == [
        (span, 0, f"span-0{span}/v0/*.parquet") for span in (1, 2, 3, 4)
    ]
