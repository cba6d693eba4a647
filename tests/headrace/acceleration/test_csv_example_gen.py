"""Headrace's CsvExampleGen beside the stock one, both run on the same files."""

import csv
import hashlib
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tfx.components.example_gen.base_example_gen_executor import _PartitionFn
from tfx.components.example_gen.csv_example_gen import executor as stock
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts

from headrace.acceleration import csv_blocks, csv_passes
from headrace.acceleration.csv_example_gen import Executor
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.splitting import HashSplit
from headrace.errors import InputDataError, ParameterError
from tests.headrace.acceleration.both_example_gens import (
    TWO_TO_ONE,
    Examples,
    assert_equal,
    properties,
    records,
    run,
    written,
)
from tests.headrace.acceleration.csv_stock import stock_examples

TAXI = Path(__file__).parents[3] / "data" / "taxi"
# What the stock executor is run on as a whole, which takes a second a file; its steps are run on all of them.
WITH_BEAM = ("header_only", "types", "odd_numbers", "quoted", "windows", "byte_order_mark", "same_names", "empty_names")
CORNERS = {
    "header_only": "a,b\n",
    "no_end": "a,b\n1,2",
    "types": "i,f,s,none,mixed,big\n1,1.5,x,,1,9223372036854775808\n-5,2,,,x,1\n,,y z,,1.5,\n",
    "odd_numbers": "a,b,c,d\n 1,1_000,+1,nan\n2 ,-0,1,-inf\n007,5,-3,1e5\n",
    "hexadecimal": "a,b\n0x1F,1\n1,0b1\n",
    "words": "a,b\ntrue,None\nfalse,NA\n",
    "quoted": 'a,b\n"x, y",1\n"say ""hi""",2\n"two\nlines",3\n"","4"\n',
    "quotes_inside": 'a,b\n5" x 6",1\nx,2\n',
    "blank_lines": "a,b\n1,2\n\n\r\n3,4\n\n",
    "windows": "a,b\r\n1,x\r\n,y\r\n",
    "byte_order_mark": "\ufeffa,b\n\ufeff1,2\n3,4\n",
    "unicode": "å,日本\né,ж\n🚀,\u2028\n",
    "one_column": "a\n1\n\n2\n",
    "one_quoted_empty": 'a\n1\n""\n2\n',
    "same_names": "a,b,a\n1,x,\n2,y,z\n,,\n",
    "empty_names": "a,,b \n1,2,3\n",
    "quoted_header": '"a",b\n1,2\n',
    "names_that_begin_names": "trip,trip_miles,t,trip miles,tr\n1,2,3,4,5\n5,4,3,2,1\n",
    "long_name": "a" * 300 + ",b\n1,2\n,3\n",
    "long_cells": "a,b\n" + "x" * 100_000 + ",1\n" + "y" * 130 + ",2\n",
    "integer_until_late": "a,b\n" + "1,1\n" * 3000 + "1.5,1\n" + "2,x\n",
    "only_empty": "a,b\n,\n,\n",
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have many blocks, and blocks are encoded in more than one step."""
    monkeypatch.setattr(csv_blocks.blocks, "__defaults__", (20_000,))
    monkeypatch.setattr(csv_passes, "_ENCODED_BYTES", 50_000)


def assert_both(given: dict[str, Any], folder: Path) -> dict[str, Examples]:
    return assert_equal(stock.Executor, Executor, given, folder)


def test_taxi(tmp_path: Path) -> None:
    given = properties(TAXI, {"all": "trips-2016.csv"}, {"train": 3, "eval": 1, "test": 2})
    splits = assert_both(given, tmp_path)
    assert sum(sum(examples.values()) for examples in splits.values()) == 833


def test_corners(tmp_path: Path) -> None:
    for name in WITH_BEAM:
        (tmp_path / f"{name}.csv").write_text(CORNERS[name], encoding="utf-8", newline="")
    splits = assert_both(properties(tmp_path, {name: f"{name}.csv" for name in WITH_BEAM}), tmp_path / "out")
    assert splits.keys() == {f"Split-{name}" for name in WITH_BEAM}


@pytest.mark.parametrize("name", CORNERS)
def test_bytes_are_those_that_the_stock_executor_hashes(tmp_path: Path, name: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(CORNERS[name], encoding="utf-8", newline="")
    run(Executor, properties(tmp_path, {"all": "*.csv"}), tmp_path / "out")
    assert records(tmp_path / "out" / "Split-all") == stock_examples(file)


def test_files_of_one_split_share_types_and_splits_do_not(tmp_path: Path) -> None:
    (tmp_path / "1-a.csv").write_text("a\n1\n")
    (tmp_path / "1-b.csv").write_text("a\nx\n")
    (tmp_path / "2-a.csv").write_text("a\n1\n")
    splits = assert_both(properties(tmp_path, {"one": "1-*", "two": "2-*"}), tmp_path / "out")
    assert splits["Split-one"].keys().isdisjoint(splits["Split-two"])


def test_parts_with_a_header_alone_add_no_rows(tmp_path: Path) -> None:
    for part, text in enumerate(("a,b\n", "a,b\n1,x\n2,y\n", "a,b", "a,b\n3,z\n")):
        (tmp_path / f"part-{part}.csv").write_text(text)
    [examples] = assert_both(properties(tmp_path, {"all": "part-*"}), tmp_path / "out").values()
    assert examples.total() == 3


@pytest.mark.parametrize("by", ["company", "trip_start_timestamp"])
def test_split_by_a_feature(tmp_path: Path, by: str) -> None:
    assert_both(properties(TAXI, {"all": "trips-2016.csv"}, TWO_TO_ONE, by), tmp_path)


@pytest.mark.parametrize("by", ["fare", "no_such", "pickup_census_tract"])
def test_features_that_cannot_be_split_by(tmp_path: Path, by: str) -> None:
    (tmp_path / "x.csv").write_text("fare,pickup_census_tract\n1.5,\n")
    with pytest.raises(ParameterError, match=by):
        run(Executor, properties(tmp_path, {"all": "*.csv"}, TWO_TO_ONE, by), tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.*"))


names = st.text(st.characters(codec="utf-8", exclude_characters='\n\r,"'), max_size=5)
cells = st.one_of(
    st.just(""),
    st.integers().map(str),
    st.floats().map(str),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.sampled_from([" 1", "1_0", "+1", "nan", '"', "a\nb", "1e5", "\ufeff"]),
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    header = draw(st.lists(names, min_size=1, max_size=5))
    kinds = [draw(st.sampled_from([cells, st.integers(-9, 9).map(str), st.just("")])) for _ in header]
    return [header, *draw(st.lists(st.tuples(*kinds).map(list), max_size=8))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(tables(), min_size=1, max_size=4))
def test_any_tables(tmp_path_factory: pytest.TempPathFactory, made: list[list[list[str]]]) -> None:
    folder = tmp_path_factory.mktemp("tables")
    for index, table in enumerate(made):
        with (folder / f"{index}.csv").open("w", newline="", encoding="utf-8") as stream:
            stream.write(",".join(table[0]) + "\r\n")
            csv.writer(stream).writerows(table[1:])
    given = properties(folder, {f"s{index}": f"{index}.csv" for index in range(len(made))})
    run(Executor, given, folder / "out")
    for index in range(len(made)):
        assert records(folder / "out" / f"Split-s{index}") == stock_examples(folder / f"{index}.csv")


@example([b""], [2**30, 2**31 - 1, 2**31 - 1])  # more buckets than 32 bits can count
@given(st.lists(st.binary(max_size=20), min_size=1), st.lists(st.integers(1, 2**31 - 1), min_size=1, max_size=4))
def test_buckets(keys: list[bytes], buckets: list[int]) -> None:
    config = example_gen_pb2.SplitConfig()
    for index, count in enumerate(buckets):
        config.splits.add(name=str(index), hash_buckets=count)
    split = HashSplit.of(config)
    found = split.split_of(b"".join(hashlib.sha256(key).digest() for key in keys)).tolist()
    assert found == [_PartitionFn(key, len(buckets), list(split.ends), config) for key in keys]


def test_what_is_written_is_one_gzip_stream_that_tensorflow_reads(tmp_path: Path) -> None:
    run(Executor, properties(TAXI, {"all": "trips-2016.csv"}), tmp_path)
    [file] = (tmp_path / "Split-all").iterdir()
    assert file.name == "data_tfrecord-00000-of-00001.gz"
    [examples] = written(tmp_path).values()
    assert sum(examples.values()) == 833
    content = file.read_bytes()
    decompress = zlib.decompressobj(zlib.MAX_WBITS | 16)
    decompress.decompress(content)
    assert decompress.eof
    assert not decompress.unused_data


@pytest.mark.parametrize("bad", ["a,b\n1\n", 'a,b\n1,"2\n', "a,b,c\n1,2,3\n"])
def test_bad_files_leave_nothing_behind(tmp_path: Path, bad: str) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text(bad)
    with pytest.raises(InputDataError, match=r"2\.csv"):
        run(Executor, properties(tmp_path, {"all": "*.csv"}, TWO_TO_ONE), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="no input files"):
        run(Executor, properties(tmp_path, {"all": "*.csv"}), tmp_path / "out")


def test_compressed_files_are_left_to_the_stock_executor(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(b"")
    with pytest.raises(NotEqualError, match="compressed"):
        run(Executor, properties(tmp_path, {"all": "*"}), tmp_path / "out")


@pytest.mark.parametrize(
    ("other", "beam", "folder", "reason"),
    [
        ({}, [], "/out", ""),
        ({}, ["--runner=FnApiRunner", "--direct_num_workers=0"], "/out", ""),
        ({}, ["--runner", "DataflowRunner"], "/out", "DataflowRunner"),
        ({}, [], "gs://bucket/out", "gs://bucket"),
        ({"input_base": "gs://bucket"}, [], "/out", "gs://bucket"),
        ({"output_data_format": example_gen_pb2.FORMAT_PROTO}, [], "/out", "FORMAT_PROTO"),
        ({"output_file_format": 77}, [], "/out", "77"),
    ],
)
def test_what_is_left_to_the_stock_executor_has_a_reason(
    other: dict[str, Any], beam: list[str], folder: str, reason: str
) -> None:
    examples = standard_artifacts.Examples()
    examples.uri = folder
    executor = Executor(BaseBeamExecutor.Context(beam_pipeline_args=beam))
    given = properties(TAXI, {"all": "*.csv"}) | other
    found = executor.why_not({}, {"examples": [examples]}, given)
    assert reason in found
    assert bool(found) == bool(reason)
    if reason:
        with pytest.raises(NotEqualError, match="the stock executor has to do this"):
            executor.Do({}, {"examples": [examples]}, given)
