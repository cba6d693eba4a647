"""The same rows in every format are the same examples."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.components.example_gen.base_example_gen_executor import _PartitionFn
from tfx.components.example_gen.utils import make_default_output_config

from headrace.acceleration import csv_example_gen
from headrace.errors import InputDataError
from tests.components.arrow_example_gen.made import TAXI, counted, hashed, make, pattern, rows, taxi, written
from tests.headrace.acceleration.both_example_gens import properties, records, run


def json_lines(table: pa.Table) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()


def compressed(content: bytes, codec: str) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def csv_bytes() -> bytes:
    return (TAXI / "trips-2016.csv").read_bytes()


WRITE: dict[str, Callable[[pa.Table, Path], object]] = {
    ".feather": pyarrow.feather.write_feather,
    ".arrow": lambda table, path: pyarrow.feather.write_feather(table, path, "uncompressed", chunksize=100),
    ".csv": lambda table, path: path.write_bytes(csv_bytes()),
    ".csv.gz": lambda table, path: path.write_bytes(gzip.compress(csv_bytes())),
    ".csv.zst": lambda table, path: path.write_bytes(compressed(csv_bytes(), "zstd")),
    ".CSV.zstd": lambda table, path: path.write_bytes(compressed(csv_bytes(), "zstd")),
    ".jsonl": lambda table, path: path.write_bytes(json_lines(table)),
    ".ndjson.gz": lambda table, path: path.write_bytes(gzip.compress(json_lines(table))),
}


@pytest.mark.parametrize("ending", WRITE)
def test_the_same_rows_in_another_format_are_the_same_examples(data: Path, tmp_path: Path, ending: str) -> None:
    (data / "parquet").mkdir()
    pq.write_table(taxi(), data / "parquet" / "trips.parquet", row_group_size=200)
    WRITE[ending](taxi(), data / f"trips{ending}")
    expected = counted(make(data / "parquet", tmp_path / "parquet"))
    assert counted(make(data, tmp_path / "other", input_config=pattern(all=f"*{ending}"))) == expected
    assert sum(one.total() for one in expected.values()) == 833


def test_values_are_those_of_csv_example_gen_and_what_is_missing_has_no_feature(tmp_path: Path) -> None:
    given = pattern(all="trips-2016.csv")
    ours = rows(make(TAXI, tmp_path / "ours", input_config=given, output_config=hashed(all=1)))
    run(csv_example_gen.Executor, properties(TAXI, {"all": "trips-2016.csv"}), tmp_path / "csv")
    for made, record in zip(ours, records(tmp_path / "csv" / "Split-all"), strict=True):
        features = tf.train.Example.FromString(record).features.feature
        kinds = {name: one.WhichOneof("kind") for name, one in features.items()}
        theirs = {name: list(getattr(one, kinds[name]).value) for name, one in features.items() if kinds[name]}
        assert made == {name: values for name, values in theirs.items() if values}


def test_the_split_by_hash_is_that_of_the_bytes_that_are_written(data: Path, tmp_path: Path) -> None:
    pq.write_table(taxi(), data / "trips.parquet")
    config = make_default_output_config(pattern(all="*")).split_config
    splits = written(make(data, tmp_path / "out"))
    for index, name in enumerate(("train", "eval")):
        for record in splits[name]:
            example = tf.train.Example.FromString(record)
            assert example.SerializeToString(deterministic=True) == record
            assert _PartitionFn(example, 2, [2, 3], config) == index


def test_files_of_one_split_may_be_of_many_formats_and_in_any_order_of_columns(data: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": pa.array([1], pa.int32()), "s": ["a"]}), data / "1.parquet")
    pyarrow.feather.write_feather(
        pa.table({"s": pa.array(["b"]).dictionary_encode(), "n": [2]}), str(data / "2.feather")
    )
    (data / "3.csv").write_text("s,n\nc,3\n")
    (data / "4.jsonl").write_text('{"n": 4, "s": "d"}\n\n{"n": 5}')
    made = rows(make(data, tmp_path / "out", output_config=hashed(all=1)))
    assert [row["n"] for row in made] == [[1], [2], [3], [4], [5]]
    assert [row.get("s") for row in made] == [[b"a"], [b"b"], [b"c"], [b"d"], None]


def test_types_of_text_are_those_of_all_its_rows(data: Path, tmp_path: Path) -> None:
    (data / "1.csv").write_text("a,b\n1,1\n" + "1,1\n" * 9000)
    (data / "2.csv").write_text("\ufeffa,b\n1.5,x\n")
    made = rows(make(data, tmp_path / "csv", output_config=hashed(all=1)))
    assert made[0] == {"a": [1.0], "b": [b"1"]}
    assert made[-1] == {"a": [1.5], "b": [b"x"]}
    (data / "json").mkdir()
    lines = ['{"a": [1], "b": null, "time": "2015-01-01 00:00:00"}\n'] * 3000 + ['{"a": [], "b": true, "time": "?"}\n']
    (data / "json" / "1.jsonl").write_text("".join(lines))
    (data / "json" / "2.jsonl").write_text('{"a": [2.5, 1]}\n')
    made = rows(make(data / "json", tmp_path / "json", output_config=hashed(all=1)))
    assert made[0] == {"a": [1.0], "time": [b"2015-01-01 00:00:00"]}
    assert made[-2:] == [{"a": [], "b": [1], "time": [b"?"]}, {"a": [2.5, 1.0]}]


def test_columns_are_chosen(data: Path, tmp_path: Path) -> None:
    table = pa.table({"n": [1, 2], "nested": [{"x": 1}, {"x": 2}], "s": ["a", "b"]})
    pq.write_table(table, data / "x.parquet")
    (data / "x.jsonl").write_bytes(json_lines(table))
    pyarrow.feather.write_feather(table, str(data / "x.feather"))
    made = rows(make(data, tmp_path / "out", columns=["s"], output_config=hashed(all=1)))
    assert sorted(made, key=str) == [{"s": [b"a"]}] * 3 + [{"s": [b"b"]}] * 3


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.parquet", b"no Parquet", "Parquet"),
        ("x.feather", b"no Feather", "Feather"),
        ("x.csv", b"a,b\n1\n", "line 2"),
        ("x.csv", b"", "no header"),
        ("x.csv", b"a,a\n1,2\n", "'a'"),
        ("x.csv.gz", b"a,b\n1,2\n", "header"),
        ("x.csv.gz", gzip.compress(csv_bytes())[:-9], "Truncated"),
        ("x.csv.zst", b"a,b\n1,2\n", "header"),
        ("x.csv", b"a,b\n", "no rows"),
        ("x.jsonl", b'{"a": 1}\n{"a": \n', "line 2"),
        ("x.jsonl", b'{"a": 1}\n{"a": "x"}\n', "'a'|/a"),
        ("x.jsonl.gz", b'{"a": 1}\n', "JSON"),
        ("x.txt", b"", "format"),
        ("x.parquet.gz", b"", "format"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_written(
    data: Path, tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (data / name).write_bytes(content)
    with pytest.raises(InputDataError, match=why) as raised:
        make(data, tmp_path / "out")
    assert name in raised.value.where
    assert not list((tmp_path / "out").rglob("*.*"))


@pytest.mark.parametrize("files", ["*", "x.csv"])
def test_a_link_to_nothing_is_named_and_not_passed_over(data: Path, tmp_path: Path, files: str) -> None:
    (data / "a.csv").write_text("a,b\n1,2\n")
    (data / "x.csv").symlink_to(data / "gone.csv")
    with pytest.raises(InputDataError, match=r"link to .*gone\.csv, which is not there") as raised:
        make(data, tmp_path / "out", input_config=pattern(all=files))
    assert raised.value.where == str(data / "x.csv")


def test_json_lines_that_differ_in_type_from_block_to_block(data: Path, tmp_path: Path) -> None:
    (data / "x.jsonl").write_text('{"a": 10}\n' * 2000 + '{"a": "x"}\n')  # a block, and a row of the next
    with pytest.raises(InputDataError, match="'a' has different types") as raised:
        make(data, tmp_path / "out")
    assert raised.value.why == "int64 in some lines, string in others"


def test_no_files(data: Path, tmp_path: Path) -> None:
    pa_csv.write_csv(taxi(), data / "x.csv")
    with pytest.raises(InputDataError, match="no input files") as raised:
        make(data, tmp_path / "out", input_config=pattern(all="*.parquet"))
    assert raised.value.where == f"{data}/*.parquet"
    assert raised.value.next_step == f"ls {data}"
