"""Files that an ExampleGen reads, and rows of statistics."""

import json
from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput
from tfx.types.standard_artifacts import ExampleStatistics

from headrace.metadata import properties as names
from headrace.orchestration.node_facts import input_files, row_counts


def test_the_files_of_each_split_are_told_with_size_and_time(tmp_path: Path) -> None:
    for name in ("a-1.csv", "a-2.csv", "b.csv"):
        (tmp_path / name).write_text(name)
    splits = [{"name": "train", "pattern": "a-*.csv"}, {"name": "eval", "pattern": "b.csv"}]
    parameters = {"input_base": str(tmp_path), "input_config": json.dumps({"splits": splits})}
    told = json.loads(str(input_files(parameters)[names.INPUT_FILES]))
    files = {name: tmp_path / name for name in ("a-1.csv", "a-2.csv", "b.csv")}
    expected = {name: [str(path), len(name), path.stat().st_mtime_ns] for name, path in files.items()}
    assert told == {"train": [expected["a-1.csv"], expected["a-2.csv"]], "eval": [expected["b.csv"]]}


@pytest.mark.parametrize("parameters", [{}, {"input_base": "gs://bucket/data", "input_config": '{"splits": []}'}])
def test_of_other_nodes_and_other_machines_files_nothing_is_told(parameters: dict[str, str]) -> None:
    assert input_files(parameters) == {}


@pytest.fixture
def statistics(tmp_path: Path) -> Path:
    for split, rows in (("train", 7), ("eval", 3)):
        recorded = statistics_pb2.DatasetFeatureStatisticsList()
        recorded.datasets.add(num_examples=rows)
        recorded.datasets.add(num_examples=1, name="a slice")
        (tmp_path / f"Split-{split}").mkdir()
        (tmp_path / f"Split-{split}" / "FeatureStats.pb").write_bytes(recorded.SerializeToString())
    return tmp_path


@pytest.mark.parametrize(
    ("rates", "options", "rows"),
    [
        ({"train": 1.0, "eval": 1.0}, "", {"train": 7, "eval": 3}),
        ({"train": 0.5, "eval": 1.0}, "", None),
        ({"train": 1.0}, '{"sample_count": 10}', None),
        (None, "", None),
    ],
)
def test_rows_are_told_where_statistics_are_of_all_of_them(
    statistics: Path, rates: dict[str, float] | None, options: str, rows: dict[str, int] | None
) -> None:
    artifact = ExampleStatistics()
    artifact.uri = str(statistics)
    if rates:
        artifact.set_json_value_custom_property("sample_rate_by_split", json.dumps(rates))
    output = ExecutorOutput()
    output.output_artifacts["statistics"].artifacts.append(artifact.mlmd_artifact)
    told = row_counts({"statistics": [artifact]}, output, {"stats_options_json": options})
    assert told == ({} if rows is None else {names.ROWS: json.dumps(dict(sorted(rows.items())))})
