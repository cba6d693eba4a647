"""Headrace's Transform beside the stock one, both run on the same examples."""

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.transform import executor as stock
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2, transform_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from headrace.acceleration import example_batches, transform_steps
from headrace.acceleration.csv_example_gen import Executor as CsvExecutor
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.transform import Executor
from headrace.errors import ParameterError
from pipelines.taxi.pipeline import SCHEMA as SCHEMA_FILE
from tests.headrace.acceleration import both_example_gens
from tests.headrace.acceleration.transform_stock import TAXI, assert_same, cached, examples, make_examples, run

FUNCTIONS = "tests.headrace.acceleration.transform_functions"


@pytest.fixture(scope="module", autouse=True)
def small_batches() -> Iterator[None]:
    """Splits have many batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example_batches, "ROWS", 70)
        yield


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> list[standard_artifacts.Examples]:
    folder = tmp_path_factory.mktemp("trips")
    splits = {"train": slice(0, 200), "eval": slice(200, 300)}
    return [make_examples(folder / str(year), splits, year=year) for year in (2014, 2015)]


def test_many_analyzers(trips: list[standard_artifacts.Examples], tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "preprocessing_fn": f"{FUNCTIONS}.many_analyzers",
        "custom_config": '{"buckets": 5}',
        "disable_statistics": 1,
        "caching": False,
    }
    run(stock.Executor, trips[:1], tmp_path / "stock", **given)
    run(Executor, trips[:1], tmp_path / "ours", **given)
    assert_same(tmp_path / "stock", tmp_path / "ours")


def test_taxi(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lines = (TAXI / "trips-2014.csv").read_text().splitlines(keepends=True)
    for name, rows in {"train": lines[1:300], "eval": lines[300:400]}.items():
        (tmp_path / "data" / f"{name}.csv").write_text("".join([lines[0], *rows]))
    csv_given = both_example_gens.properties(tmp_path / "data", {name: f"{name}.csv" for name in ("train", "eval")})
    taxi = both_example_gens.run(CsvExecutor, csv_given, tmp_path / "examples")
    given: dict[str, Any] = {
        "preprocessing_fn": "pipelines.taxi.preprocessing.preprocessing_fn",
        "stats_options_updater_fn": f"{FUNCTIONS}.fewer_histogram_buckets",
    }
    expected = run(stock.Executor, [taxi], tmp_path / "stock", SCHEMA_FILE.read_text(), **given)
    found = run(Executor, [taxi], tmp_path / "ours", SCHEMA_FILE.read_text(), **given)
    assert_same(tmp_path / "stock", tmp_path / "ours")
    for name, (theirs,) in expected.items():
        (ours,) = found[name]
        theirs.uri = ours.uri
        assert ours.to_json_dict() == theirs.to_json_dict()
    raw = tf.io.parse_example([b""], tft.TFTransformOutput(str(tmp_path / "ours/transform_graph")).raw_feature_spec())
    graphs = [tft.TFTransformOutput(str(tmp_path / of / "transform_graph")) for of in ("stock", "ours")]
    expected_features, features = (graph.transform_raw_features(dict(raw)) for graph in graphs)
    assert features.keys() == expected_features.keys()
    for name, values in expected_features.items():
        assert features[name].numpy().tolist() == pytest.approx(values.numpy().tolist(), abs=2e-6)


def test_caches_of_several_artifacts_and_chosen_splits(
    trips: list[standard_artifacts.Examples], tmp_path: Path
) -> None:
    splits = transform_pb2.SplitsConfig(analyze=["train", "eval"], transform=["eval"])
    given: dict[str, Any] = {
        "preprocessing_fn": f"{FUNCTIONS}.simple",
        "disable_statistics": 1,
        "splits_config": proto_utils.proto_to_json(splits),
    }
    run(stock.Executor, trips, tmp_path / "stock", **given)
    run(Executor, trips, tmp_path / "ours", **given)
    assert_same(tmp_path / "stock", tmp_path / "ours")
    caches = [cached(tmp_path / of / "updated_analyzer_cache") for of in ("stock", "ours")]
    assert caches[0].keys() == caches[1].keys()
    assert len({dataset for dataset, _ in caches[1]}) == 4
    vocabularies = [[of[key] for key in sorted(of) if b"vocab" in key[1]] for of in caches]
    assert vocabularies[0] == vocabularies[1]
    # With the stock executor's cache no row is analyzed, and everything is the same.
    cache = str(tmp_path / "stock" / "updated_analyzer_cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(transform_steps, "record_batches")
        run(Executor, trips, tmp_path / "again", cache=cache, **given)
    assert_same(tmp_path / "stock", tmp_path / "again")
    assert cached(tmp_path / "again" / "updated_analyzer_cache") == caches[0]


def test_as_in_tensorflow_1_without_examples(trips: list[standard_artifacts.Examples], tmp_path: Path) -> None:
    given: dict[str, Any] = {"preprocessing_fn": f"{FUNCTIONS}.simple", "force_tf_compat_v1": 1, "materialize": False}
    run(stock.Executor, trips[:1], tmp_path / "stock", **given)
    run(Executor, trips[:1], tmp_path / "ours", **given)
    assert_same(tmp_path / "stock", tmp_path / "ours")


def test_nothing_to_analyze(trips: list[standard_artifacts.Examples], tmp_path: Path) -> None:
    given: dict[str, Any] = {"preprocessing_fn": f"{FUNCTIONS}.no_analyzers", "disable_statistics": 1}
    run(stock.Executor, trips[:1], tmp_path / "stock", materialize=False, **given)
    run(Executor, trips[:1], tmp_path / "ours", materialize=False, **given)
    assert_same(tmp_path / "stock", tmp_path / "ours")
    run(Executor, trips[:1], tmp_path / "with", **given)
    (split,) = (tmp_path / "with" / "transformed_examples").glob("Split-eval")
    assert len(examples(split)) == 100


@pytest.mark.parametrize(("name", "error"), [("raising", ArithmeticError), ("missing", KeyError)])
def test_errors_are_the_users_own(
    trips: list[standard_artifacts.Examples], tmp_path: Path, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        run(Executor, trips, tmp_path / "ours", preprocessing_fn=f"{FUNCTIONS}.{name}")
    assert any(frame.name == name for frame in traceback.extract_tb(raised.value.__traceback__))
    assert not written(tmp_path / "ours")


@pytest.mark.parametrize(
    ("name", "what", "properties"),
    [
        ("empty", "returned an empty dict", {}),
        ("no_dict", "returned no dict of tensors by name but a ", {}),
        ("trainable", "has variables that could be trained: weight:0", {"force_tf_compat_v1": 1}),
    ],
)
def test_what_stock_refuses_of_a_function_is_the_users_and_names_it(
    trips: list[standard_artifacts.Examples], tmp_path: Path, name: str, what: str, properties: dict[str, Any]
) -> None:
    given = {"preprocessing_fn": f"{FUNCTIONS}.{name}", **properties}
    with pytest.raises((ValueError, AttributeError)):  # in words of a library
        run(stock.Executor, trips[:1], tmp_path / "stock", **given)
    with pytest.raises(ParameterError) as raised:
        run(Executor, trips[:1], tmp_path / "ours", **given)
    assert raised.value.what.startswith(f"the preprocessing function {what}")
    assert re.fullmatch(rf".*/transform_functions\.py:\d+ in {name}", raised.value.where)
    assert not written(tmp_path / "ours")


def test_assertions_hold_while_rows_are_analyzed(trips: list[standard_artifacts.Examples], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="assertion failed"):
        run(Executor, trips, tmp_path / "ours", preprocessing_fn=f"{FUNCTIONS}.asserting")
    assert not written(tmp_path / "ours")


def test_what_is_left_to_the_stock_executor(trips: list[standard_artifacts.Examples], tmp_path: Path) -> None:
    def assert_left(reason: str, artifact: standard_artifacts.Examples, **properties: Any) -> None:
        with pytest.raises(NotEqualError, match=reason):
            run(Executor, [artifact], tmp_path / reason[:9], preprocessing_fn=f"{FUNCTIONS}.simple", **properties)
        assert not written(tmp_path / reason[:9])

    assert_left("are of a sample", trips[0], stats_options_updater_fn=f"{FUNCTIONS}.sample")
    other = make_examples(tmp_path / "examples", {"train": slice(5), "eval": slice(5)})
    examples_utils.set_file_format(other, "parquet")
    assert_left("the file format is parquet", other)
    examples_utils.set_file_format(other, "tfrecords_gzip")
    examples_utils.set_payload_format(other, example_gen_pb2.FORMAT_PROTO)
    assert_left("the payload format is FORMAT_PROTO", other)
    for file in (tmp_path / "examples").rglob("*.gz"):
        file.unlink()
    examples_utils.set_payload_format(other, example_gen_pb2.FORMAT_TF_EXAMPLE)
    assert_left("no files", other)


def written(folder: Path) -> list[Path]:
    """The files in a folder, however deep."""
    return [path for path in folder.rglob("*") if path.is_file() or path.name == ".temp_path"]
