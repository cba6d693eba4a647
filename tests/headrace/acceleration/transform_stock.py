"""The stock Transform and Headrace's on the same examples, and what they wrote, compared."""

import csv
import math
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import Message
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils, standard_artifacts

TAXI = Path(__file__).parents[3] / "data" / "taxi"
SCHEMA = """
feature { name: "row" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } } }
feature { name: "fare" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 1 } } }
feature { name: "trip_miles" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 1 } } }
feature { name: "payment_type" type: BYTES value_count { min: 0 max: 1 } }
feature { name: "words" type: BYTES }
feature { name: "amounts" type: FLOAT }
"""
_STATISTICS = {
    "pre_transform_schema": standard_artifacts.Schema,
    "pre_transform_stats": standard_artifacts.ExampleStatistics,
    "post_transform_schema": standard_artifacts.Schema,
    "post_transform_stats": standard_artifacts.ExampleStatistics,
    "post_transform_anomalies": standard_artifacts.ExampleAnomalies,
}


def make_examples(folder: Path, splits: Mapping[str, slice], *, year: int = 2014) -> standard_artifacts.Examples:
    """An artifact of taxi trips: one value, several values or none in a feature."""
    with (TAXI / f"trips-{year}.csv").open() as file:
        trips = list(csv.DictReader(file))
    for name, rows in splits.items():
        split = folder / f"Split-{name}"
        split.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(split / "data_tfrecord-00000-of-00001.gz"), "GZIP") as writer:
            for number, trip in list(enumerate(trips))[rows]:
                writer.write(_example(number, trip).SerializeToString())
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = artifact_utils.encode_split_names(list(splits))
    examples_utils.set_payload_format(artifact, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(artifact, "tfrecords_gzip")
    return artifact


def _example(number: int, trip: Mapping[str, str]) -> tf.train.Example:
    example = tf.train.Example()
    features = example.features.feature
    features["row"].int64_list.value.append(number)
    features["fare"].float_list.value.append(float(trip["fare"]))
    features["trip_miles"].float_list.value.append(float(trip["trip_miles"]))
    if number % 5:
        features["payment_type"].bytes_list.value.append(trip["payment_type"].encode())
    if trip["company"]:
        features["words"].bytes_list.value.extend(trip["company"].encode().split())
    if number % 3:
        features["amounts"].float_list.value.extend([float(trip["fare"]), float(trip["tips"])][: number % 3])
    return example


def run(
    executor: type[BaseBeamExecutor],
    examples: Sequence[Artifact],
    folder: Path,
    schema: str = SCHEMA,
    *,
    materialize: bool = True,
    caching: bool = True,
    cache: str | None = None,
    **properties: Any,
) -> dict[str, list[Artifact]]:
    """Runs an executor; its outputs are in `folder`, a folder each."""
    given: dict[str, list[Artifact]] = {"examples": list(examples), "schema": [standard_artifacts.Schema()]}
    given["schema"][0].uri = str(folder.with_name(f"{folder.name}-schema"))
    Path(given["schema"][0].uri).mkdir(parents=True)
    Path(given["schema"][0].uri, "schema.pbtxt").write_text(schema)
    if cache:
        given["analyzer_cache"] = [standard_artifacts.TransformCache()]
        given["analyzer_cache"][0].uri = cache
    kinds: dict[str, type[Artifact]] = {"transform_graph": standard_artifacts.TransformGraph}
    if caching:
        kinds["updated_analyzer_cache"] = standard_artifacts.TransformCache
    if materialize:
        kinds["transformed_examples"] = standard_artifacts.Examples
    if not properties.get("disable_statistics"):
        kinds |= _STATISTICS
    outputs: dict[str, list[Artifact]] = {name: [kind()] for name, kind in kinds.items()}
    for name, (artifact,) in outputs.items():
        artifact.uri = str(folder / name)
    context = BaseBeamExecutor.Context(beam_pipeline_args=["--runner=FnApiRunner"])
    defaults = {"force_tf_compat_v1": 0, "disable_statistics": 0, "custom_config": "null"}
    executor(context).Do(given, outputs, {**defaults, **properties})
    return outputs


def assert_same(stock: Path, ours: Path) -> None:
    """Fails unless both folders hold the same outputs, floats within 1e-6."""
    names = [{str(file.relative_to(folder)) for file in folder.rglob("*.*")} for folder in (stock, ours)]
    assert names[0] == names[1]
    for name in sorted(names[0]):
        if reader := next((read for end, read in _READERS.items() if end in name), None):
            # Edges of histograms follow from the features, and a row may come to lie on the other side of one.
            loose = 10 if name.startswith("post_transform_stats") else 1
            _assert_close(reader(stock / name), reader(ours / name), name, loose)
    for split in (stock / "transformed_examples").glob("**/Split-*"):
        _assert_close(examples(split), examples(ours / split.relative_to(stock)), split.name)


def examples(split: Path) -> list[dict[str, list[Any]]]:
    """What is in a split, in an order that does not depend on the order of its rows."""
    files = [str(file) for file in split.iterdir()]
    found = []
    for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        lists = {name: getattr(one, one.WhichOneof("kind") or "bytes_list").value for name, one in features.items()}
        found.append({name: list(lists[name]) for name in sorted(lists)})
    return sorted(found, key=lambda features: repr({name: _rounded(values) for name, values in features.items()}))


def cached(cache: Path) -> dict[tuple[str, bytes], list[bytes]]:
    """The entries of a cache, by dataset and name."""
    entries = {}
    for dataset in cache.iterdir():
        for entry, number in pickle.loads((dataset / "MANIFEST").read_bytes()).items():
            (file,) = dataset.glob(f"{number}-*")
            entries[dataset.name, entry] = sorted(tf.data.TFRecordDataset([str(file)], "GZIP").as_numpy_iterator())
    return entries


def _rounded(values: list[Any]) -> list[Any]:
    return [round(value, 3) if isinstance(value, float) else value for value in values]


def _statistics(file: Path) -> Any:
    return _facts(statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes()))


def _schema(file: Path) -> Any:
    return _facts(text_format.Parse(file.read_text(), schema_pb2.Schema()))


def _anomalies(file: Path) -> Any:
    return _facts(anomalies_pb2.Anomalies.FromString(file.read_bytes()))


_READERS = {
    "FeatureStats": _statistics,
    "pbtxt": _schema,
    "SchemaDiff": _anomalies,
    "assets/": Path.read_bytes,
    "asset_map": Path.read_bytes,
}


def _facts(message: Message) -> dict[str, Any]:
    """The fields of a message; features by their names."""
    facts: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.message_type is None:
            facts[field.name] = list(value) if field.is_repeated else value
        elif field.message_type.GetOptions().map_entry:
            facts[field.name] = {key: _facts(one) if isinstance(one, Message) else one for key, one in value.items()}
        elif field.is_repeated:
            facts[field.name] = [_facts(one) for one in value]
            if field.name == "features":
                facts[field.name].sort(key=lambda one: repr(one["path"]))
        else:
            facts[field.name] = _facts(value)
    return facts


def _assert_close(expected: Any, found: Any, where: str, loose: int = 1) -> None:
    if isinstance(expected, dict):
        assert expected.keys() == found.keys(), where
        for name, value in expected.items():
            if name == "sample_count" and loose > 1:
                assert abs(value - found[name]) < loose, f"{where}: {value}, {found[name]}"
            else:
                _assert_close(value, found[name], f"{where} {name}", loose)
    elif isinstance(expected, list):
        assert len(expected) == len(found), where
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            _assert_close(one, other, f"{where} {index}", loose)
    elif isinstance(expected, float):
        # Means of float32 columns: each batch's is rounded, and stock's batches are of any size.
        close = math.isclose(expected, found, rel_tol=2e-6 * loose, abs_tol=2e-6 * loose)
        assert close, f"{where}: {expected}, {found}"
    else:
        assert expected == found, where
