"""Headrace's executors stand in for stock ones by themselves, and the record says so."""

import gzip
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.components import CsvExampleGen, ImportExampleGen
from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.components.example_gen.custom_executors import parquet_executor
from tfx.components.example_gen.utils import make_default_input_config
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec, ExecutorClassSpec

from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from tests.headrace.orchestration.runs.conftest import Ran, RunPipeline

STOCK = "tfx.components.example_gen.csv_example_gen.executor.Executor"
STAND_IN = "headrace.acceleration.csv_example_gen.Executor"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = (f"{index},{index / 4},{'abc'[index % 3]}" for index in range(100))
    (folder / "data.csv").write_text("\n".join(["number,share,letter", *rows]) + "\n")
    return folder


def examples(ran: Ran) -> dict[str, Counter[str]]:
    """The examples of each split, without order."""
    [artifact] = ran.store.outputs(ran.of("CsvExampleGen")[0].id)["examples"]
    splits = {}
    for folder in Path(artifact.uri).iterdir():
        records = tf.data.TFRecordDataset([str(path) for path in folder.iterdir()], "GZIP")
        splits[folder.name] = Counter(str(tf.train.Example.FromString(record.numpy())) for record in records)
    return splits


def test_a_stand_in_does_the_work_of_a_stock_executor_with_the_same_outputs(
    run_pipeline: RunPipeline, data: Path
) -> None:
    fast = run_pipeline("fast", [CsvExampleGen(str(data))])
    stock = run_pipeline("stock", [CsvExampleGen(str(data))], RunRequest(accelerated=False))
    assert fast.of("CsvExampleGen")[0].properties["headrace_executor"] == STAND_IN
    assert stock.of("CsvExampleGen")[0].properties["headrace_executor"] == STOCK
    assert examples(fast) == examples(stock)
    assert set(examples(fast)) == {"Split-train", "Split-eval"}


def test_what_a_stand_in_made_is_a_cache_hit_for_the_stock_executor(run_pipeline: RunPipeline, data: Path) -> None:
    run_pipeline("both", [CsvExampleGen(str(data))], enable_cache=True)
    again = run_pipeline("both", [CsvExampleGen(str(data))], RunRequest(accelerated=False), enable_cache=True)
    assert again.states["CsvExampleGen"] is NodeState.CACHED


def test_where_a_stand_in_cannot_promise_the_same_the_stock_executor_works_and_the_reason_is_recorded(
    run_pipeline: RunPipeline, data: Path
) -> None:
    example_gen = CsvExampleGen(str(data)).with_beam_pipeline_args(["--runner=tests.small_components.OwnRunner"])
    [execution] = run_pipeline("own", [example_gen]).of("CsvExampleGen")
    assert execution.properties["headrace_executor"] == STOCK
    assert execution.properties["headrace_stock_reason"] == "Beam is to run on tests.small_components.OwnRunner"


def test_import_example_gen_has_a_stand_in(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "x.tfrecord")) as writer:
        for _ in range(9):
            writer.write(tf.train.Example().SerializeToString())
    [execution] = run_pipeline("import", [ImportExampleGen(str(tmp_path))]).of("ImportExampleGen")
    assert execution.properties["headrace_executor"] == "headrace.acceleration.import_example_gen.Executor"


def test_the_stock_executor_for_parquet_has_a_stand_in(run_pipeline: RunPipeline, data: Path) -> None:
    pq.write_table(pa.table({"number": range(9)}), data / "x.parquet")
    given = make_default_input_config("*.parquet")
    spec = BeamExecutorSpec(parquet_executor.Executor)
    ran = run_pipeline("parquet", [FileBasedExampleGen(str(data), given, custom_executor_spec=spec)])
    [execution] = ran.of("FileBasedExampleGen")
    assert execution.properties["headrace_executor"] == "headrace.acceleration.parquet_example_gen.Executor"


def test_where_the_stock_executor_fails_too_why_it_had_to_do_it_is_told_and_what_can(
    run_pipeline: RunPipeline, data: Path
) -> None:
    pq.write_table(pa.table({"at": pa.array([1, 2], pa.timestamp("us"))}), data / "x.parquet")
    (data / "x.csv.gz").write_bytes(gzip.compress(b"number\n1\n"))
    spec = BeamExecutorSpec(parquet_executor.Executor)
    given, zipped = (make_default_input_config(pattern) for pattern in ("*.parquet", "*.csv.gz"))
    ran = run_pipeline(
        "beyond",
        [
            FileBasedExampleGen(str(data), given, custom_executor_spec=spec),
            CsvExampleGen(str(data), input_config=zipped),
        ],
    )
    for node, why in (
        ("FileBasedExampleGen", f"the column 'at' is of the type timestamp[us], in {data / 'x.parquet'}"),
        ("CsvExampleGen", f"it is compressed, in {data / 'x.csv.gz'}"),
    ):
        [execution] = ran.of(node)
        assert execution.properties["headrace_error_why"] == (
            f"Headrace's faster executor does not do this, and left it to TFX's: {why}"
        )
        assert "ArrowExampleGen" in str(execution.properties["headrace_error_next"])


def test_what_the_stock_executor_refuses_is_refused_in_its_words(run_pipeline: RunPipeline, data: Path) -> None:
    spec = ExecutorClassSpec(parquet_executor.Executor)
    [execution] = run_pipeline("spec", [FileBasedExampleGen(str(data), custom_executor_spec=spec)]).of(
        "FileBasedExampleGen"
    )
    assert "Please use BeamExecutorSpec" in str(execution.properties["headrace_error_message"])
