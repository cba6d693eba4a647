from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from headrace.acceleration import example_reading
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


def test_large_records_come_fewer_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example_reading, "BLOCK_BYTES", 60)
    monkeypatch.setattr(example_reading, "_BATCH_BYTES", 1)
    [file] = split_files(folder)
    assert [record for some in read_records(file, 10) for record in some] == EXAMPLES
    assert len(list(read_records(file, 10))) > 1


@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(1, 40), st.booleans(), st.integers(1, 4))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_records(
    tmp_path_factory: pytest.TempPathFactory, records: list[bytes], piece: int, gzipped: bool, rows: int
) -> None:
    file = tmp_path_factory.mktemp("records") / ("x.gz" if gzipped else "x")
    with tf.io.TFRecordWriter(str(file), "GZIP" if gzipped else "") as writer:
        for record in records:
            writer.write(record)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example_reading, "BLOCK_BYTES", piece)
        found = list(read_records(file, rows))
    assert [record for some in found for record in some] == records
    assert all(len(some) == rows for some in found[:-1])


def test_a_gzip_file_may_be_of_more_than_one_stream_or_of_none(tmp_path: Path) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "one.gz"), "GZIP") as writer:
        writer.write(EXAMPLES[0])
    content = (tmp_path / "one.gz").read_bytes()
    (tmp_path / "two.gz").write_bytes(content + content)
    (tmp_path / "none.gz").touch()
    assert list(read_records(tmp_path / "two.gz", 10)) == [[EXAMPLES[0]] * 2]
    assert list(read_records(tmp_path / "none.gz", 10)) == []


def test_no_damaged_byte_changes_what_is_read(folder: Path) -> None:
    [file] = split_files(folder)
    content = file.read_bytes()
    refused = []
    for place in range(len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        try:
            # Some bits mean nothing, such as gzip's date.
            assert list(read_records(file, 10)) == [EXAMPLES]
        except InputDataError as error:
            refused.append(error.where)
    assert len(refused) >= len(content) - 10
    assert {where.partition(",")[0] for where in refused} == {str(file)}


def test_examples_come_in_the_order_of_the_files(folder: Path) -> None:
    [file] = split_files(folder)
    batches = list(read_examples([file] * 20, 1))
    assert [batch.column("company").to_pylist() for batch in batches] == [[[b"a"]], [["ü".encode()]], [[b""]]] * 20
