from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from headrace.acceleration.example_reading import read_examples, read_records, split_files
from headrace.errors import InputDataError


def example(miles: float | None, company: str) -> bytes:
    features = {"company": tf.train.Feature(bytes_list=tf.train.BytesList(value=[company.encode()]))}
    if miles is not None:
        features["miles"] = tf.train.Feature(float_list=tf.train.FloatList(value=[miles]))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


EXAMPLES = [example(1.5, "a"), example(None, "ü"), example(2.5, "")]


@pytest.fixture(params=["GZIP", ""])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name = "data_tfrecord-00000-of-00001" + (".gz" if request.param else "")
    with tf.io.TFRecordWriter(str(tmp_path / name), request.param) as writer:
        for record in EXAMPLES:
            writer.write(record)
    (tmp_path / ".unfinished").touch()
    return tmp_path


def test_records_are_those_that_tensorflow_wrote_so_many_at_once(folder: Path) -> None:
    [file] = split_files(folder)
    assert list(read_records(file, 2)) == [EXAMPLES[:2], EXAMPLES[2:]]


def test_a_column_holds_lists_and_what_is_missing_is_null(folder: Path) -> None:
    [batch] = read_examples(split_files(folder), 10)
    assert dict(zip(batch.schema.names, batch.to_pydict().values(), strict=True)) == {
        "company": [[b"a"], ["ü".encode()], [b""]],
        "miles": [[1.5], None, [2.5]],
    }


def test_a_schema_chooses_the_columns(folder: Path) -> None:
    schema = schema_pb2.Schema(feature=[schema_pb2.Feature(name="miles", type=schema_pb2.FLOAT)])
    [batch] = read_examples(split_files(folder), 10, schema)
    assert batch.schema.names == ["miles"]
    assert pa.types.is_large_list(batch.schema.types[0])


def test_a_file_that_was_cut_off_is_named(folder: Path) -> None:
    [file] = split_files(folder)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InputDataError, match=file.name):
        list(read_records(file, 10))
