"""Messages read without the packages that define them, and what is read with them."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.message import Message

from headrace.contents.light_protos import message_class
from headrace.contents.tfrecords import read_records

METRICS = ("tensorflow_model_analysis/proto/metrics_for_slice.proto", "tensorflow_model_analysis.MetricsForSlice")


def test_a_message_is_the_packages_own_bit_by_bit() -> None:
    from tensorflow_model_analysis.proto import metrics_for_slice_pb2

    theirs = metrics_for_slice_pb2.MetricsForSlice()
    theirs.slice_key.single_slice_keys.add(column="payment", bytes_value=b"Cash")
    ours = message_class(*METRICS).FromString(theirs.SerializeToString())
    assert isinstance(ours, Message)
    assert str(ours) == str(theirs)
    assert ours.SerializeToString() == theirs.SerializeToString()


def test_the_package_is_not_imported_and_can_be_afterwards() -> None:
    code = f"""
import sys
from headrace.contents.light_protos import message_class
message_class(*{METRICS!r})
message_class("tensorflow/core/protobuf/saved_model.proto", "tensorflow.SavedModel")
print(*set(sys.modules) & {{"tensorflow", "tensorflow_model_analysis"}})
from tensorflow.core.protobuf import saved_model_pb2
print(saved_model_pb2.SavedModel().DESCRIPTOR.full_name)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "\ntensorflow.SavedModel\n"


@pytest.mark.parametrize("proto", ["no_such_package/a.proto", "tensorflow/core/no_such.proto"])
def test_a_file_that_is_not_there_is_told(proto: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=proto.split("/")[0]):
        message_class(proto, "a.A")


def test_records_are_those_that_tensorflow_wrote(tmp_path: Path) -> None:
    import tensorflow as tf

    path = tmp_path / "records"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in (b"one", b"", b"three" * 1000):
            writer.write(record)
    assert list(read_records(path)) == [b"one", b"", b"three" * 1000]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="in the middle of a record"):
        list(read_records(path))
