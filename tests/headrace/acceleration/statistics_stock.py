"""The stock StatisticsGen and Headrace's on the same examples, and what differs in what they wrote."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import Message
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
from tfx.components.statistics_gen import executor as stock
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils

from headrace.acceleration.statistics_gen import Executor

# Weights are of four bytes, and added up in another order.
RELATIVE_TOLERANCE = 1e-6
Row = Mapping[str, tf.train.Feature]


def write_examples(folder: Path, splits: Mapping[str, Sequence[Sequence[Row]]]) -> standard_artifacts.Examples:
    """An artifact with a file for each list of rows of a split."""
    for split, files in splits.items():
        (folder / f"Split-{split}").mkdir(parents=True)
        for index, rows in enumerate(files):
            name = str(folder / f"Split-{split}" / f"data_tfrecord-{index:05}-of-{len(files):05}.gz")
            with tf.io.TFRecordWriter(name, "GZIP") as writer:
                for row in rows:
                    writer.write(serialized(row))
    return examples_at(folder, list(splits))


def examples_at(folder: Path, splits: Sequence[str]) -> standard_artifacts.Examples:
    """An artifact of what is in a folder."""
    examples = standard_artifacts.Examples()
    examples.uri = str(folder)
    examples.split_names = artifact_utils.encode_split_names(list(splits))
    examples.span = 7
    return examples


def schema_at(folder: Path, schema: schema_pb2.Schema) -> standard_artifacts.Schema:
    """An artifact that holds a schema."""
    artifact = standard_artifacts.Schema()
    artifact.uri = str(folder)
    io_utils.write_pbtxt_file(str(folder / "schema.pbtxt"), schema)
    return artifact


def serialized(row: Row) -> bytes:
    """A row as a tf.Example."""
    example: bytes = tf.train.Example(features=tf.train.Features(feature=row)).SerializeToString()
    return example


def ints(*values: int) -> tf.train.Feature:
    """A feature of integers."""
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def floats(*values: float) -> tf.train.Feature:
    """A feature of floats of four bytes."""
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def strings(*values: bytes) -> tf.train.Feature:
    """A feature of bytes."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def run(
    executor: type[BaseBeamExecutor],
    inputs: Mapping[str, Sequence[Any]],
    folder: Path,
    properties: Mapping[str, Any] | None = None,
) -> standard_artifacts.ExampleStatistics:
    """Runs an executor; its output is in `folder`."""
    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri = str(folder)
    context = BaseBeamExecutor.Context(beam_pipeline_args=["--runner=FnApiRunner"])
    given = {name: list(artifacts) for name, artifacts in inputs.items()}
    executor(context).Do(given, {"statistics": [artifact]}, dict(properties or {}))
    return artifact


def written(folder: Path) -> dict[str, statistics_pb2.DatasetFeatureStatisticsList]:
    """The statistics in each file under a folder, by their names from there."""
    return {
        str(file.relative_to(folder)): statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes())
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def assert_equal(
    inputs: Mapping[str, Sequence[Any]],
    folder: Path,
    properties: Mapping[str, Any] | None = None,
    rank_error: float = 0,
) -> dict[str, statistics_pb2.DatasetFeatureStatisticsList]:
    """Runs both; returns what Headrace's wrote.

    Args:
        inputs: artifacts.
        folder: where the outputs go.
        properties: of the execution.
        rank_error: by which share of all values quantiles of the two may differ in their rank.
    """
    expected = run(stock.Executor, inputs, folder / "stock", properties)
    found = run(Executor, inputs, folder / "headrace", properties)
    theirs, ours = written(Path(expected.uri)), written(Path(found.uri))
    found.uri = expected.uri
    assert found.to_json_dict() == expected.to_json_dict()
    assert ours.keys() == theirs.keys()
    assert [line for name in ours for line in differences(theirs[name], ours[name], rank_error)] == []
    return ours


def differences(
    theirs: statistics_pb2.DatasetFeatureStatisticsList,
    ours: statistics_pb2.DatasetFeatureStatisticsList,
    rank_error: float = 0,
) -> list[str]:
    """What differs, a line each: slices and features are matched by name, their order is no difference."""
    return list(_differences("", theirs, ours, rank_error))


def _differences(where: str, theirs: Message, ours: Message, rank_error: float) -> Iterator[str]:
    if isinstance(theirs, statistics_pb2.Histogram) and rank_error:
        yield from _histogram_differences(where, theirs, ours, rank_error)
        return
    # Where there are infinities, these depend on how Beam deals out rows: infinite, zero or not a number.
    loose = isinstance(theirs, statistics_pb2.NumericStatistics) and math.isinf(theirs.max - theirs.min)
    fields: Any = theirs.DESCRIPTOR.fields
    for field in fields:
        here = f"{where}.{field.name}"
        if loose and field.name in ("mean", "std_dev", "weighted_numeric_stats"):
            continue
        if hasattr(getattr(theirs, field.name), "extend"):  # a repeated field
            one, other = _by_name(getattr(theirs, field.name)), _by_name(getattr(ours, field.name))
            if one.keys() != other.keys():
                yield f"{here}: {sorted(one)} are not {sorted(other)}"
                continue
            pairs = [(f"{here}[{key}]", one[key], other[key]) for key in one]
        elif field.message_type and theirs.HasField(field.name) != ours.HasField(field.name):
            yield f"{here}: is there in one alone"
            continue
        else:
            pairs = [(here, getattr(theirs, field.name), getattr(ours, field.name))]
        for place, one_value, other_value in pairs:
            if isinstance(one_value, Message):
                yield from _differences(place, one_value, other_value, rank_error)
            elif field.name == "median" and rank_error:
                continue  # it is one of the quantiles that are looked at
            elif not _same(one_value, other_value):
                yield f"{place}: {one_value} is not {other_value}"


def _by_name(values: Sequence[Any]) -> dict[str, Any]:
    names = [_name(value) or str(index) for index, value in enumerate(values)]
    assert len(set(names)) == len(names)
    return dict(zip(names, values, strict=True))


def _name(value: Any) -> str:
    if isinstance(value, statistics_pb2.FeatureNameStatistics):
        return "/".join(value.path.step)
    if isinstance(value, statistics_pb2.DatasetFeatureStatistics | statistics_pb2.CustomStatistic):
        return value.name
    return ""


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or math.isclose(
            one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12
        )
    return bool(one == other)


def _histogram_differences(
    where: str, theirs: statistics_pb2.Histogram, ours: statistics_pb2.Histogram, rank_error: float
) -> Iterator[str]:
    """Compares how many values are below each bound, bucket by bucket; bounds of quantiles are compared by rank."""
    for name in ("type", "num_nan", "num_undefined", "name"):
        if getattr(theirs, name) != getattr(ours, name):
            yield f"{where}.{name} differs"
    one, other = _bounds(theirs), _bounds(ours)
    if one.shape != other.shape:
        yield f"{where}: {len(one)} bounds, and {len(other)}"
    if one.shape != other.shape or not len(one):
        return
    if not np.allclose(one[[0, -1], 0], other[[0, -1], 0], equal_nan=True):
        yield f"{where}: its ends differ"
    if theirs.type == statistics_pb2.Histogram.STANDARD and not np.allclose(one[:, 0], other[:, 0]):
        yield f"{where}: its bounds differ"
    error = np.abs(one[:, 1] - other[:, 1]).max() / max(one[-1, 1], 1)
    if error > rank_error:
        yield f"{where}: ranks differ by {error:.4f}"


def _bounds(histogram: statistics_pb2.Histogram) -> Any:
    """Where each bucket ends, and how many values are below."""
    ends = [bucket.high_value for bucket in histogram.buckets]
    below = np.cumsum([bucket.sample_count for bucket in histogram.buckets])
    start = [[bucket.low_value, 0] for bucket in histogram.buckets[:1]]
    return np.array([*start, *zip(ends, below, strict=True)]).reshape(-1, 2)
