"""A stock ExampleGen and Headrace's on the same files."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

Examples = Counter[bytes]
TWO_TO_ONE = {"train": 2, "eval": 1}


def properties(
    base: Path,
    patterns: Mapping[str, str],
    buckets: Mapping[str, int] | None = None,
    by: str | None = None,
    payload: int = example_gen_pb2.FORMAT_TF_EXAMPLE,
) -> dict[str, Any]:
    """What either executor is given: patterns of input splits, buckets of output splits."""
    config = example_gen_pb2.Input()
    for name, pattern in patterns.items():
        config.splits.add(name=name, pattern=pattern)
    output = example_gen_pb2.Output()
    for name, count in (buckets or {}).items():
        output.split_config.splits.add(name=name, hash_buckets=count)
    if by is not None:
        output.split_config.partition_feature_name = by
    return {
        "input_base": str(base),
        "input_config": proto_utils.proto_to_json(config),
        "output_config": proto_utils.proto_to_json(output),
        "output_data_format": payload,
        "output_file_format": example_gen_pb2.FORMAT_TFRECORDS_GZIP,
    }


def run(executor: type[BaseBeamExecutor], given: Mapping[str, Any], folder: Path) -> standard_artifacts.Examples:
    """Runs an executor; its output is in `folder`."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    context = BaseBeamExecutor.Context(beam_pipeline_args=["--runner=FnApiRunner"])
    executor(context).Do({}, {"examples": [artifact]}, dict(given))
    return artifact


def written(folder: Path) -> dict[str, Examples]:
    """The examples of each split, their maps in one order."""
    return {split.name: Counter(_canonical(record) for record in _records(split)) for split in sorted(folder.iterdir())}


def assert_equal(
    stock: type[BaseBeamExecutor], ours: type[BaseBeamExecutor], given: Mapping[str, Any], folder: Path
) -> dict[str, Examples]:
    """Runs both; returns what both wrote."""
    expected = run(stock, given, folder / "stock")
    found = run(ours, given, folder / "headrace")
    found.uri, uri = expected.uri, found.uri
    assert found.to_json_dict() == expected.to_json_dict()
    assert {file.name for file in Path(uri).rglob("*.*")} == {file.name for file in Path(expected.uri).rglob("*.*")}
    theirs, made = written(Path(expected.uri)), written(Path(uri))
    assert made == theirs
    return made


def records(folder: Path) -> list[bytes]:
    """What a split's files hold, as it is."""
    return list(_records(folder))


def _records(split: Path) -> Any:
    files = [str(file) for file in split.iterdir()]
    return tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()


def _canonical(record: bytes) -> bytes:
    serialized: bytes = tf.train.Example.FromString(record).SerializeToString(deterministic=True)
    return serialized
