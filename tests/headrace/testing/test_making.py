from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components import ExampleValidator, StatisticsGen
from tfx.types import Artifact
from tfx.types.standard_artifacts import (
    Boolean,
    Bytes,
    Examples,
    ExampleStatistics,
    Float,
    Integer,
    JsonValue,
    Model,
    ModelBlessing,
    Schema,
    String,
)

from headrace.contents.statistics import read_statistics
from headrace.errors import HeadraceError, InputDataError, ParameterError
from headrace.testing import artifact, run_component
from headrace.testing.frames import read_frames
from headrace.testing.making import make
from tests.headrace.testing.given_components import CopyExamples, ListFiles

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "pipelines" / "taxi" / "schema.pbtxt"


@pytest.fixture(scope="module")
def trips() -> pd.DataFrame:
    """A thousand trips, typed as CsvExampleGen would."""
    return pd.read_csv(ROOT / "data" / "taxi" / "trips-2014.csv", nrows=1000).convert_dtypes(convert_floating=False)


def made(artifact_type: type[Artifact], content: object, folder: Path) -> Path:
    return make(artifact(artifact_type, content), folder / "made").uri


def test_examples_come_back_as_they_were_given(trips: pd.DataFrame) -> None:
    given = artifact(Examples, {"train": trips[:900], "eval": trips[900:]}, {"span": 7})
    copy = run_component(CopyExamples, examples=given).outputs["copy"]
    assert (copy.properties["split_names"], copy.properties["span"]) == ('["train", "eval"]', 7)
    frames = copy.read()
    for split, rows in {"train": trips[:900], "eval": trips[900:]}.items():
        assert len(frames[split]) == len(rows)
        for name in trips:
            expected = rows[name].reset_index(drop=True)
            assert frames[split][name].isna().equals(expected.isna()), name
            there = expected.dropna()
            if pd.api.types.is_float_dtype(there):
                np.testing.assert_array_equal(frames[split][name].dropna(), there.astype("float32"))
            else:
                assert frames[split][name].dropna().tolist() == there.tolist(), name


def test_anomalies_are_found_in_a_frame_by_a_schema_from_a_file(trips: pd.DataFrame) -> None:
    odd = trips.assign(payment_type="Shells")
    result = run_component(ExampleValidator, statistics={"eval": odd}, schema=SCHEMA).raise_for_state()
    [anomaly] = [one for one in result.outputs["anomalies"].read() if one.feature == "payment_type"]
    assert (anomaly.split, "Shells" in anomaly.description) == ("eval", True)


def test_statistics_computed_here_are_those_of_the_stock_component(trips: pd.DataFrame, tmp_path: Path) -> None:
    stock = run_component(StatisticsGen, examples=trips).outputs["statistics"].read()
    assert read_statistics(made(ExampleStatistics, trips, tmp_path)) == stock


def test_a_folder_is_used_where_it_lies_and_files_are_put_into_one(tmp_path: Path) -> None:
    (tmp_path / "model" / "Format-Serving").mkdir(parents=True)
    (tmp_path / "model" / "Format-Serving" / "saved_model.txt").write_text("a model")
    (tmp_path / "Note.txt").write_text("a file")
    result = run_component(
        ListFiles,
        model=tmp_path / "model",
        blessing=artifact(ModelBlessing, {"BLESSED": ""}, {"blessed": 1}),
        schema=tmp_path / "Note.txt",
    )
    assert result.raise_for_state().outputs["files"].value == {
        "saved_model.txt": "a model", "BLESSED": "", "Note.txt": "a file"
    }  # fmt: skip
    assert made(Model, tmp_path / "model", tmp_path) == tmp_path / "model"


def test_a_folder_with_splits_has_their_names(tmp_path: Path) -> None:
    for split in ("one", "two"):
        (tmp_path / f"Split-{split}").mkdir()
    assert make(artifact(Examples, tmp_path), tmp_path / "made").properties == {"split_names": '["one", "two"]'}


def test_a_schema_is_written_as_schema_gen_does(tmp_path: Path) -> None:
    schema = text_format.Parse(SCHEMA.read_text(), schema_pb2.Schema())
    folder = made(Schema, schema, tmp_path)
    assert text_format.Parse((folder / "schema.pbtxt").read_text(), schema_pb2.Schema()) == schema


@pytest.mark.parametrize(
    ("artifact_type", "value"),
    [(Integer, -3), (Float, 0.5), (String, "ü"), (Boolean, True), (Bytes, b"\xff"), (JsonValue, [{"a": None}])],
)
def test_a_value_is_read_back_as_it_was(artifact_type: type[Artifact], value: object, tmp_path: Path) -> None:
    back = artifact_type()
    back.uri = str(made(artifact_type, value, tmp_path))
    assert back.read() == value


@pytest.mark.parametrize(
    ("artifact_type", "content", "message"),
    [
        (Integer, "three", "an artifact of type Integer cannot hold 'three'"),
        (JsonValue, {1, 2}, "an artifact of type JsonValue cannot hold {1, 2}"),
        (Examples, [1, 2], "an artifact of type Examples cannot be made of list [1, 2]"),
        (Examples, {"train": "x"}, "an artifact of type Examples cannot be made of str 'x'"),
        (Schema, "x", "an artifact of type Schema cannot be made of str 'x'"),
        (Model, "folder", "an artifact of type Model cannot be made of str 'folder'"),
        (Model, {"file": 3}, "an artifact of type Model cannot be made of dict {'file': 3}"),
        (Examples, pd.DataFrame({"a": [[1, 2]]}), "the column 'a' cannot become a feature"),
        (Examples, pd.DataFrame({"a": [1, "x"]}), "the column 'a' cannot become a feature"),
        (Examples, pd.DataFrame({"a": pd.to_datetime(["2014-01-01"])}), "the column 'a' cannot become a feature"),
        (Examples, pd.DataFrame([[1, 2]]), "a data frame cannot become examples"),
        (Model, Path("nowhere"), "there is no such file or folder"),
        (Integer, Path("nowhere"), "there is no such file"),
    ],
)
def test_what_an_artifact_cannot_be_made_of_is_refused(
    artifact_type: type[Artifact], content: object, message: str, tmp_path: Path
) -> None:
    with pytest.raises((ParameterError, InputDataError)) as raised:
        made(artifact_type, content, tmp_path)
    assert raised.value.what == message
    assert raised.value.why or raised.value.where


@pytest.mark.parametrize(("name", "value"), [("span", "three"), ("share", 0.5)])
def test_a_property_that_cannot_be_is_refused(name: str, value: object, tmp_path: Path) -> None:
    with pytest.raises(HeadraceError) as raised:
        make(artifact(Examples, None, {name: value}), tmp_path / "made")  # type: ignore[dict-item]
    assert repr(name) in raised.value.what


def test_no_rows_are_an_empty_file(tmp_path: Path, trips: pd.DataFrame) -> None:
    frames = read_frames(made(Examples, {"train": trips, "eval": trips[:0]}, tmp_path))
    assert {split: len(frame) for split, frame in frames.items()} == {"train": 1000, "eval": 0}


def test_a_feature_of_several_values_is_an_array_a_row(tmp_path: Path) -> None:
    (tmp_path / "Split-train").mkdir()
    with tf.io.TFRecordWriter(str(tmp_path / "Split-train" / "data.gz"), "GZIP") as file:
        for values in ([1, 2], [], [3]):
            feature = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
            file.write(tf.train.Example(features=tf.train.Features(feature={"a": feature})).SerializeToString())
    assert [list(one) for one in read_frames(tmp_path)["train"]["a"]] == [[1, 2], [], [3]]
