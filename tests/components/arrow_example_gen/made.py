"""Runs ArrowExampleGen's executor on files, and reads what it made."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import tensorflow as tf
from tfx.proto import example_gen_pb2
from tfx.types.standard_artifacts import Examples

from components.arrow_example_gen.component import ArrowExampleGen
from components.arrow_example_gen.executor import Executor

TAXI = Path(__file__).parents[3] / "data" / "taxi"


def taxi() -> pa.Table:
    """833 trips of 2016."""
    return pa_csv.read_csv(
        TAXI / "trips-2016.csv", convert_options=pa_csv.ConvertOptions(strings_can_be_null=True, null_values=[""])
    )


def pattern(**splits: str) -> example_gen_pb2.Input:
    """Patterns of input splits."""
    made = example_gen_pb2.Input()
    for name, its_pattern in splits.items():
        made.splits.add(name=name, pattern=its_pattern)
    return made


def hashed(by: str | None = None, **buckets: int) -> example_gen_pb2.Output:
    """Output splits by hash."""
    made = example_gen_pb2.Output()
    for name, count in buckets.items():
        made.split_config.splits.add(name=name, hash_buckets=count)
    if by is not None:
        made.split_config.partition_feature_name = by
    return made


def make(base: Path, folder: Path, **arguments: Any) -> Examples:
    """Runs the executor with the parameters that the component makes of its arguments."""
    node = ArrowExampleGen(str(base), **arguments)
    examples = Examples()
    examples.uri = str(folder)
    properties = {name: value for name, value in node.exec_properties.items() if value is not None}
    Executor().Do({}, {"examples": [examples]}, properties)
    return examples


def written(examples: Examples) -> dict[str, list[bytes]]:
    """What each split holds, as it is."""
    return {
        folder.name.removeprefix("Split-"): list(
            tf.data.TFRecordDataset([str(file) for file in folder.iterdir()], "GZIP").as_numpy_iterator()
        )
        for folder in sorted(Path(examples.uri).iterdir())
    }


def counted(examples: Examples) -> dict[str, Counter[bytes]]:
    """How often each example is in each split."""
    return {name: Counter(records) for name, records in written(examples).items()}


def rows(examples: Examples) -> list[dict[str, list[Any]]]:
    """The examples of all splits as dictionaries of lists."""
    return [_values(record) for records in written(examples).values() for record in records]


def _values(record: bytes) -> dict[str, list[Any]]:
    features = tf.train.Example.FromString(record).features.feature
    return {name: list(getattr(one, one.WhichOneof("kind")).value) for name, one in features.items()}
