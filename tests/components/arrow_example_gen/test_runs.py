"""ArrowExampleGen in pipelines, beside CsvExampleGen and before StatisticsGen."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tfx.components import CsvExampleGen, StatisticsGen
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto.range_config_pb2 import RangeConfig, StaticRange

from components.arrow_example_gen.component import ArrowExampleGen
from components.arrow_example_gen.split_rules import ByTime
from headrace.contents.statistics import read_statistics
from headrace.errors import ParameterError
from headrace.metadata import Artifact
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from tests.components.arrow_example_gen.made import pattern, taxi
from tests.headrace.orchestration.runs.conftest import Ran, RunPipeline
from tests.small_components import Number


def examples_of(ran: Ran, node: str = "ArrowExampleGen") -> Artifact:
    [artifact] = ran.store.outputs(ran.of(node)[0].id)["examples"]
    return artifact


def write(path: Path, *numbers: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"number": list(numbers)}), path)


def test_what_comes_after_reads_what_it_made(run_pipeline: RunPipeline, data: Path) -> None:
    pq.write_table(taxi(), data / "trips.parquet")
    rule = ByTime("trip_start_timestamp", {"train": "2016-07-01", "eval": None})
    example_gen = ArrowExampleGen(str(data), split_by=rule, columns=["fare", "company"])
    ran = run_pipeline("taxi", [example_gen, StatisticsGen(example_gen.outputs["examples"])])
    [statistics] = ran.store.outputs(ran.of("StatisticsGen")[0].id)["statistics"]
    found = read_statistics(Path(statistics.uri))
    assert {split: set(one.features) for split, one in found.items()} == {
        "train": {"fare", "company"},
        "eval": {"fare", "company"},
    }
    assert sum(one.examples for one in found.values()) == 833


def test_its_artifact_says_what_that_of_a_stock_example_gen_says(run_pipeline: RunPipeline, data: Path) -> None:
    (data / "span-03").mkdir()
    (data / "span-03" / "v2.csv").write_text("a\n1\n2\n3\n4\n5\n6\n7\n8\n9\n")
    (data / "span-02").mkdir()
    (data / "span-02" / "v7.csv").write_text("a\n1\n")
    given = pattern(all="span-{SPAN:2}/v{VERSION}.csv")
    ran = run_pipeline("both", [ArrowExampleGen(str(data), given), CsvExampleGen(str(data), given)])
    ours, stock = examples_of(ran), examples_of(ran, "CsvExampleGen")
    assert ours.type == stock.type
    assert ours.properties == stock.properties
    assert (ours.properties["span"], ours.properties["version"]) == (3, 2)


def test_the_latest_day_is_read_or_the_one_that_is_asked_for(run_pipeline: RunPipeline, data: Path) -> None:
    write(data / "2020-01-31" / "x.parquet", *range(10))
    write(data / "2020-02-01" / "x.parquet", *range(20))
    given = pattern(all="{YYYY}-{MM}-{DD}/*")
    assert examples_of(run_pipeline("latest", [ArrowExampleGen(str(data), given)])).properties["span"] == 18293
    one = RangeConfig(static_range=StaticRange(start_span_number=18292, end_span_number=18292))
    ran = run_pipeline("one", [ArrowExampleGen(str(data), given, range_config=one)])
    assert examples_of(ran).properties["span"] == 18292


def test_the_span_may_be_a_number_a_parameter_of_the_run_or_what_another_node_found(
    run_pipeline: RunPipeline, data: Path
) -> None:
    for span in (1, 2, 3):
        write(data / f"{span}.parquet", *range(span))
    given, number = pattern(all="{SPAN}.parquet"), Number(value=2)
    found = number.outputs["number"].future()[0].value
    nodes = [
        number,
        ArrowExampleGen(str(data), given, span=1).with_id("fixed"),
        ArrowExampleGen(str(data), given, span=RuntimeParameter("span", int, 1)).with_id("asked"),
        ArrowExampleGen(str(data), given, span=found).with_id("found"),
    ]
    ran = run_pipeline("spans", nodes, RunRequest(parameters={"span": "3"}))
    spans = {node: examples_of(ran, node).properties["span"] for node in ("fixed", "asked", "found")}
    assert spans == {"fixed": 1, "asked": 3, "found": 2}


def test_what_is_made_of_examples_knows_their_span(run_pipeline: RunPipeline, data: Path) -> None:
    write(data / "3.parquet", *range(10))
    examples = ArrowExampleGen(str(data), pattern(all="{SPAN}.parquet"))
    ran = run_pipeline("spans", [examples, StatisticsGen(examples.outputs["examples"])])
    [statistics] = ran.store.outputs(ran.of("StatisticsGen")[0].id)["statistics"]
    assert statistics.properties["span"] == 3


def test_a_span_that_is_not_there_is_named(run_pipeline: RunPipeline, data: Path) -> None:
    write(data / "1.parquet", 1)
    number = Number(value=7)
    found = number.outputs["number"].future()[0].value
    ran = run_pipeline("spans", [number, ArrowExampleGen(str(data), pattern(all="{SPAN}.parquet"), span=found)])
    [execution] = ran.of("ArrowExampleGen")
    assert execution.properties["headrace_error_message"] == "no version of the span 7 of the input files is found"


def test_a_span_and_a_range_are_too_much(data: Path) -> None:
    one = RangeConfig(static_range=StaticRange(start_span_number=1, end_span_number=1))
    with pytest.raises(ParameterError, match="one span"):
        ArrowExampleGen(str(data), pattern(all="{SPAN}.parquet"), range_config=one, span=1)


def test_what_has_not_changed_comes_from_the_cache(run_pipeline: RunPipeline, data: Path) -> None:
    write(data / "x.parquet", *range(10))
    states = []
    for columns in (None, None, ["number"]):
        ran = run_pipeline("cached", [ArrowExampleGen(str(data), columns=columns)], enable_cache=True)
        states.append(ran.states["ArrowExampleGen"])
    os.utime(data / "x.parquet", (0, 0))
    ran = run_pipeline("cached", [ArrowExampleGen(str(data), columns=["number"])], enable_cache=True)
    states.append(ran.states["ArrowExampleGen"])
    done = NodeState.SUCCEEDED
    assert states == [done, NodeState.CACHED, done, done]


def test_a_users_mistake_is_told_without_a_traceback(run_pipeline: RunPipeline, data: Path) -> None:
    write(data / "1.parquet", 1)
    pq.write_table(pa.table({"number": ["x"]}), data / "2.parquet")
    ran = run_pipeline("types", [ArrowExampleGen(str(data))])
    [execution] = ran.of("ArrowExampleGen")
    assert execution.properties["headrace_error_kind"] == "InputDataError"
    assert execution.properties["headrace_error_message"] == "the column 'number' has different types"
    ran = run_pipeline("spans", [ArrowExampleGen(str(data), pattern(all="{SPAN:2}.parquet"))])
    [execution] = ran.of("ArrowExampleGen")
    assert execution.properties["headrace_error_kind"] == "InputDataError"
    assert execution.properties["headrace_error_where"] == str(data)
