"""Headrace's ImportExampleGen beside the stock one, both run on the same files."""

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tfx.components.example_gen.import_example_gen import executor as stock
from tfx.proto import example_gen_pb2

from headrace.acceleration import csv_example_gen, tfrecord_reading
from headrace.acceleration.import_example_gen import Executor
from headrace.acceleration.not_equal import NotEqualError
from headrace.errors import InputDataError, ParameterError
from tests.headrace.acceleration.both_example_gens import TWO_TO_ONE, assert_equal, properties, records, run

TAXI = Path(__file__).parents[3] / "data" / "taxi"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have many blocks."""
    monkeypatch.setattr(tfrecord_reading.record_blocks, "__defaults__", (20_000,))


def feature(*values: Any) -> tf.train.Feature:
    if not values:
        return tf.train.Feature()
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def example(**features: tf.train.Feature) -> bytes:
    return bytes(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def sequence(number: int) -> bytes:
    context = tf.train.Features(feature={"b": feature(number), "a": feature(b"x")})
    lists = tf.train.FeatureLists(feature_list={"steps": tf.train.FeatureList(feature=[feature(1.5), feature()])})
    return bytes(tf.train.SequenceExample(context=context, feature_lists=lists).SerializeToString())


# The last two are not as protobuf writes them: numbers that are not packed, and a feature twice.
CORNERS = [
    example(a=feature(1, -1), b=feature(b"x", b""), c=feature(0.5, float("nan")), d=feature()),
    example(a=tf.train.Feature(int64_list=tf.train.Int64List()), trip=feature(1), trip_miles=feature(2), t=feature(3)),
    example(),
    bytes.fromhex("0a0f0a0d0a016112081a0608010802 0803".replace(" ", "")),
    example(a=feature(1), b=feature(2)) + example(a=feature(b"other"), z=feature(5)),
]


def write(file: Path, serialized: list[bytes], compression: str = "") -> Path:
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file), compression) as writer:
        for record in serialized:
            writer.write(record)
    return file


def taxi_examples(folder: Path) -> list[bytes]:
    run(csv_example_gen.Executor, properties(TAXI, {"all": "trips-2016.csv"}), folder)
    return records(folder / "Split-all")


def test_taxi_and_corners(tmp_path: Path) -> None:
    examples = taxi_examples(tmp_path / "taxi")
    write(tmp_path / "in" / "1.tfrecord", examples[:400] + CORNERS)
    write(tmp_path / "in" / "2.tfrecord.gz", examples[400:], "GZIP")
    (tmp_path / "in" / "empty").touch()
    splits = assert_equal(stock.Executor, Executor, properties(tmp_path / "in", {"all": "*"}, TWO_TO_ONE), tmp_path)
    assert sum(sum(one.values()) for one in splits.values()) == 833 + len(CORNERS)


@pytest.mark.parametrize("by", ["company", "trip_start_timestamp"])
def test_split_by_a_feature(tmp_path: Path, by: str) -> None:
    write(tmp_path / "in" / "x", taxi_examples(tmp_path / "taxi")[:200])
    assert_equal(stock.Executor, Executor, properties(tmp_path / "in", {"all": "*"}, TWO_TO_ONE, by), tmp_path)


def test_input_splits(tmp_path: Path) -> None:
    write(tmp_path / "in" / "train-1", CORNERS[:2])
    write(tmp_path / "in" / "eval-1", CORNERS[2:])
    given = properties(tmp_path / "in", {"train": "train-*", "eval": "eval-*"})
    assert_equal(stock.Executor, Executor, given, tmp_path)


def test_sequence_examples(tmp_path: Path) -> None:
    write(tmp_path / "in" / "x", [sequence(number) for number in range(50)])
    payload = example_gen_pb2.FORMAT_TF_SEQUENCE_EXAMPLE
    given = properties(tmp_path / "in", {"all": "*"}, TWO_TO_ONE, "b", payload)
    run(stock.Executor, given, tmp_path / "stock")
    run(Executor, given, tmp_path / "ours")
    for split in ("Split-train", "Split-eval"):
        theirs, ours = (
            sorted(tf.train.SequenceExample.FromString(one).SerializeToString(deterministic=True) for one in found)
            for found in (records(tmp_path / "stock" / split), records(tmp_path / "ours" / split))
        )
        assert ours == theirs
        assert ours


def test_other_messages_are_taken_as_they_are(tmp_path: Path) -> None:
    serialized = [b"", b"\xff anything", *(bytes([number]) for number in range(50))]
    write(tmp_path / "in" / "x", serialized)
    given = properties(tmp_path / "in", {"all": "*"}, TWO_TO_ONE, None, example_gen_pb2.FORMAT_PROTO)
    run(stock.Executor, given, tmp_path / "stock")
    run(Executor, given, tmp_path / "ours")
    for split in ("Split-train", "Split-eval"):
        assert sorted(records(tmp_path / "ours" / split)) == sorted(records(tmp_path / "stock" / split))
    with pytest.raises(ParameterError, match="as they are"):
        run(Executor, properties(tmp_path / "in", {"all": "*"}, TWO_TO_ONE, "a", 11), tmp_path / "by")


@pytest.mark.parametrize("by", ["fare", "no_such", "pickup_census_tract"])
def test_features_that_cannot_be_split_by(tmp_path: Path, by: str) -> None:
    write(tmp_path / "in" / "x", [example(fare=feature(1.5), pickup_census_tract=feature())])
    with pytest.raises(ParameterError, match=by):
        run(Executor, properties(tmp_path / "in", {"all": "*"}, TWO_TO_ONE, by), tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.*"))


def test_bad_files_are_named_and_leave_nothing_behind(tmp_path: Path) -> None:
    file = write(tmp_path / "in" / "x", CORNERS[:2])
    good = file.read_bytes()
    bad_files = {
        "middle": good[:-1],
        "checksum": good[:-1] + b"?",
        "no TFRecord": b"a,b\n1,2\n" * 9,
        "no tf.train.Example": write(tmp_path / "in" / "x", [CORNERS[0], b"\xff"]).read_bytes(),
    }
    for why, content in bad_files.items():
        file.write_bytes(content)
        with pytest.raises(InputDataError, match=why) as raised:
            run(Executor, properties(tmp_path / "in", {"all": "*"}), tmp_path / "out")
        assert f"{file}, record {0 if 'TFRecord' in why else 1}" in raised.value.where
        assert not list((tmp_path / "out").rglob("*.*"))


def test_a_bad_file_of_a_later_split_leaves_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    write(tmp_path / "in" / "1", CORNERS)
    (tmp_path / "in" / "2").write_bytes(b"no records")
    with pytest.raises(InputDataError):
        run(Executor, properties(tmp_path / "in", {"one": "1", "two": "2"}), tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.*"))


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="no input files"):
        run(Executor, properties(tmp_path, {"all": "*.tfrecord"}), tmp_path / "out")


def test_what_is_left_to_the_stock_executor(tmp_path: Path) -> None:
    (tmp_path / "x.bz2").write_bytes(b"BZh")
    for given in (
        properties(tmp_path, {"all": "*"}),
        properties(tmp_path, {"all": "*"}, payload=example_gen_pb2.FORMAT_PARQUET),
        properties(tmp_path, {"all": "*"}, payload=0),
    ):
        with pytest.raises(NotEqualError):
            run(Executor, given, tmp_path / "out")
    assert not (tmp_path / "out").exists()
