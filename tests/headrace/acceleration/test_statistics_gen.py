"""Headrace's StatisticsGen beside the stock one, both run on the same examples."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx_bsl.public.proto import slicing_spec_pb2

from headrace.acceleration import csv_example_gen, statistics_gen
from headrace.acceleration.batch_statistics import generate_statistics
from headrace.acceleration.example_reading import read_examples
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.statistics_gen import Executor
from headrace.errors import InputDataError
from tests.headrace.acceleration import both_example_gens
from tests.headrace.acceleration.statistics_stock import (
    Row,
    assert_equal,
    differences,
    examples_at,
    floats,
    ints,
    run,
    schema_at,
    strings,
    write_examples,
    written,
)

TAXI = Path(__file__).parents[3] / "data" / "taxi"
NO_KIND = tf.train.Feature()
SCHEMA = schema_pb2.Schema(
    feature=[
        schema_pb2.Feature(name="company", type=schema_pb2.BYTES, image_domain=schema_pb2.ImageDomain()),
        schema_pb2.Feature(name="payment_type", type=schema_pb2.BYTES),
        schema_pb2.Feature(
            name="trip_start_day", type=schema_pb2.INT, int_domain=schema_pb2.IntDomain(is_categorical=True)
        ),
        schema_pb2.Feature(name="trip_miles", type=schema_pb2.FLOAT),
        schema_pb2.Feature(name="trip_start_month", type=schema_pb2.INT),
        schema_pb2.Feature(name="not_there", type=schema_pb2.FLOAT),
    ],
    sparse_feature=[
        schema_pb2.SparseFeature(
            name="sparse",
            value_feature=schema_pb2.SparseFeature.ValueFeature(name="fare"),
            index_feature=[schema_pb2.SparseFeature.IndexFeature(name="dropoff_census_tract")],
        )
    ],
    weighted_feature=[
        schema_pb2.WeightedFeature(
            name="weighted",
            feature={"step": ["dropoff_latitude"]},
            weight_feature={"step": ["trip_miles"]},
        )
    ],
)
BY_PAYMENT = slicing_spec_pb2.SlicingConfig(
    slicing_specs=[
        slicing_spec_pb2.SlicingSpec(feature_keys=["payment_type"]),
        slicing_spec_pb2.SlicingSpec(feature_values={"trip_start_day": "3"}),
        slicing_spec_pb2.SlicingSpec(),
    ]
)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A split has many batches."""
    monkeypatch.setattr(statistics_gen, "BATCH_ROWS", 100)


@pytest.fixture(scope="module")
def taxi(tmp_path_factory: pytest.TempPathFactory) -> standard_artifacts.Examples:
    folder = tmp_path_factory.mktemp("taxi")
    properties = both_example_gens.properties(TAXI, {"all": "trips-2016.csv"}, both_example_gens.TWO_TO_ONE)
    both_example_gens.run(csv_example_gen.Executor, properties, folder)
    return examples_at(folder, ["train", "eval"])


def options(**given: Any) -> dict[str, Any]:
    return {"stats_options_json": tfdv.StatsOptions(**given).to_json()}


def dataset(proto: statistics_pb2.DatasetFeatureStatisticsList) -> statistics_pb2.DatasetFeatureStatistics:
    [one] = proto.datasets
    return one


def test_taxi(taxi: standard_artifacts.Examples, tmp_path: Path) -> None:
    made = assert_equal({"examples": [taxi]}, tmp_path)
    assert list(made) == ["Split-eval/FeatureStats.pb", "Split-train/FeatureStats.pb"]
    assert sum(dataset(proto).num_examples for proto in made.values()) == 833


def test_a_schema_and_weights(taxi: standard_artifacts.Examples, tmp_path: Path) -> None:
    schema = schema_at(tmp_path / "schema", SCHEMA)
    given = options(weight_feature="trip_start_month", num_top_values=3, num_rank_histogram_buckets=5)
    assert_equal(
        {"examples": [taxi], "schema": [schema]}, tmp_path / "out", given | {"exclude_splits": json.dumps(["eval"])}
    )


def test_slices(taxi: standard_artifacts.Examples, tmp_path: Path) -> None:
    given = options(slicing_config=BY_PAYMENT, frequency_threshold=2, use_sketch_based_topk_uniques=True)
    [made] = assert_equal({"examples": [taxi]}, tmp_path, given | {"exclude_splits": '["train"]'}).values()
    assert {"All Examples", "payment_type_Cash", "trip_start_day_3"} <= {one.name for one in made.datasets}


def test_columns_that_are_chosen(taxi: standard_artifacts.Examples, tmp_path: Path) -> None:
    given = options(feature_allowlist=["company", "fare", "no_such"], sample_rate=0.5)
    rates = {"sample_rate_by_split": json.dumps({"eval": 1.0, "no_such": 0.5}), "exclude_splits": '["train"]'}
    [made] = assert_equal({"examples": [taxi]}, tmp_path / "allowlist", given | rates).values()
    assert {feature.path.step[0] for feature in dataset(made).features} == {"company", "fare"}
    given = options(schema=SCHEMA, experimental_filter_read_paths=True)
    [made] = assert_equal({"examples": [taxi]}, tmp_path / "schema", given | {"exclude_splits": '["eval"]'}).values()
    assert "fare" not in {feature.path.step[0] for feature in dataset(made).features}


NOT_A_NUMBER, INFINITY = float("nan"), float("inf")
CORNERS: Mapping[str, list[list[Row]]] = {
    "no_rows": [[]],
    "no_features": [[{}, {}]],
    "odd": [
        [
            {},
            {"missing": NO_KIND, "empty": ints(), "many": ints(1, 2), "no_kind": NO_KIND},
            {"s": strings(b"", b"\xff", b"\0"), "i": ints(-(2**63), 2**63 - 1), "f": floats(NOT_A_NUMBER, 0.0, -0.0)},
            {"s": strings("日本🚀".encode(), b"x" * 3000), "f": floats(1e-45, 3e38), "nan": floats(NOT_A_NUMBER)},
            {"ties": strings(*[b"%d" % (number * number % 50) for number in range(120)])},
        ],
        [{"inf": floats(INFINITY, 1.0)}, {"inf": floats(-INFINITY, 2.0, NOT_A_NUMBER), "missing": floats(1.5)}],
    ],
}


def test_corners_in_files_that_patterns_choose(tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "in", CORNERS)
    patterns = {split: f"Split-{split}/data_*" for split in CORNERS} | {"first": "Split-*d*/*-00000-*"}
    examples.set_string_custom_property(*examples_utils.get_custom_split_patterns_key_and_property(patterns))
    made = assert_equal({"examples": [examples]}, tmp_path / "out")
    counts = {name: dataset(proto).num_examples for name, proto in made.items()}
    assert list(counts.values()) == [5, 2, 0, 7]


def test_quantiles_are_within_the_error_that_both_allow(tmp_path: Path) -> None:
    values = np.random.default_rng(1).lognormal(size=5_000).astype(np.float32)
    rows = [{"a": floats(value), "w": ints(1 + index % 3)} for index, value in enumerate(values.tolist())]
    examples = write_examples(tmp_path / "in", {"all": [rows]})
    [made] = assert_equal({"examples": [examples]}, tmp_path, options(weight_feature="w"), rank_error=0.02).values()
    [found] = [feature.num_stats for feature in dataset(made).features if feature.path.step[0] == "a"]
    for index, bucket in enumerate(found.histograms[1].buckets):
        assert np.mean(values < bucket.high_value) == pytest.approx((index + 1) / 10, abs=0.01)
    assert np.mean(values < found.median) == pytest.approx(0.5, abs=0.01)


names = st.sampled_from(["a", "b", "ü", "a b"])
numbers_and_text = [
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3).map(lambda values: ints(*values)),
    st.lists(st.integers(0, 3), max_size=3).map(lambda values: ints(*values)),
    st.lists(st.floats(width=32, allow_infinity=False), max_size=3).map(lambda values: floats(*values)),
    st.lists(st.text(max_size=3).map(str.encode), max_size=3).map(lambda values: strings(*values)),
]
bytes_too = [*numbers_and_text, st.lists(st.binary(max_size=2), max_size=3).map(lambda values: strings(*values))]


@st.composite
def tables(draw: st.DrawFn, kinds: list[Any]) -> list[Row]:
    columns = draw(st.dictionaries(names, st.sampled_from(kinds), max_size=4))
    return draw(st.lists(st.fixed_dictionaries({}, optional=columns), max_size=12))


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(bytes_too))
def test_any_table(tmp_path_factory: pytest.TempPathFactory, table: list[Row]) -> None:
    folder = tmp_path_factory.mktemp("tables")
    assert_equal({"examples": [write_examples(folder / "in", {"all": [table]})]}, folder / "out")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(numbers_and_text), st.integers(1, 5))  # in memory, TFDV has another order of bytes that are no text
def test_batches_are_as_good_as_one(tmp_path_factory: pytest.TempPathFactory, table: list[Row], rows: int) -> None:
    folder = tmp_path_factory.mktemp("tables")
    write_examples(folder, {"all": [table]})
    files = list((folder / "Split-all").iterdir())
    ours = generate_statistics(read_examples(files, rows), tfdv.StatsOptions())
    [whole] = list(read_examples(files, len(table) + 1)) or [None]
    if whole is None:
        assert ours == statistics_pb2.DatasetFeatureStatisticsList(datasets=[{}])
    else:
        theirs = stats_impl.generate_statistics_in_memory(whole)
        assert differences(theirs, ours) == []


def test_what_differs_is_said(taxi: standard_artifacts.Examples, tmp_path: Path) -> None:
    run(Executor, {"examples": [taxi]}, tmp_path)
    one, other = written(tmp_path).values()
    assert differences(one, other)
    changed = statistics_pb2.DatasetFeatureStatisticsList.FromString(one.SerializeToString())
    [stats] = [feature.num_stats for feature in dataset(changed).features if feature.path.step[0] == "fare"]
    stats.mean *= 1.00001
    stats.histograms[0].buckets[0].sample_count += 3 * dataset(one).num_examples / 100
    [mean, bucket] = differences(one, changed)
    assert "num_stats.mean" in mean
    assert "buckets[0].sample_count" in bucket
    [mean, rank] = differences(one, changed, rank_error=0.02)
    assert "ranks differ by 0.0" in rank
    assert len(differences(one, changed, rank_error=0.04)) == 1


ROW: Row = {"a": ints(1), "w": floats(0.5)}
LABEL = schema_pb2.Schema(feature=[schema_pb2.Feature(name="s", type=schema_pb2.BYTES)])
TWO_KEYS = slicing_spec_pb2.SlicingConfig(slicing_specs=[slicing_spec_pb2.SlicingSpec(feature_keys=["a", "w"])])
SQL = slicing_spec_pb2.SlicingConfig(slicing_specs=[slicing_spec_pb2.SlicingSpec(slice_keys_sql="SELECT STRUCT(a)")])
LEFT_TO_STOCK: dict[str, tuple[dict[str, Any], list[Row], str]] = {
    "sampled": (options(sample_rate=0.5), [ROW], "sample rate of all is 0.5"),
    "a sampled split": ({"sample_rate_by_split": '{"all": 0.1}'}, [ROW], "sample rate of all is 0.1"),
    "sharded": ({"sharded_stats_output": True}, [ROW], "sharded"),
    "domains": (options(enable_semantic_domain_stats=True), [ROW], "CombinerFeatureStatsWrapperGenerator"),
    "lift": (options(schema=LABEL, label_feature="s"), [ROW], "LiftStatsGenerator"),
    "parts": (options(experimental_result_partitions=2), [ROW], "partitions"),
    "parts of features": (options(experimental_num_feature_partitions=2), [ROW], "partitions"),
    "crossed slices": (options(slicing_config=TWO_KEYS), [ROW], "such slices"),
    "SQL": (options(slicing_config=SQL), [ROW], "SQL"),
    "no slices": (options(slicing_config=slicing_spec_pb2.SlicingConfig()), [ROW], "without slices"),
    "a row that is not allowed": (options(feature_allowlist=["a"]), [ROW, {"w": floats(1)}], "have none"),
    "nothing allowed": (options(feature_allowlist=["b"]), [ROW], "have none"),
    "a weight of zero": (options(weight_feature="w"), [ROW, {"w": floats(0)}], "odd weights"),
    "an infinite weight": (options(weight_feature="w"), [ROW, {"w": floats(float("inf"))}], "odd weights"),
    "some weights": (
        options(per_feature_weight_override={tfdv.FeaturePath(["a"]): "w"}),
        [ROW],
        "only some features have weights",
    ),
    "read paths": (options(experimental_filter_read_paths=True), [ROW], "experimental_filter_read_paths"),
    "no ranks": (options(num_top_values=0, num_rank_histogram_buckets=0), [ROW], "neither"),
    "no options": ({"stats_options_json": "{}"}, [ROW], "_slice_functions"),
    "no splits": ({"exclude_splits": '["all"]'}, [ROW], "no splits"),
    "wrong splits": ({"exclude_splits": '"all"'}, [ROW], "no list"),
}
if hasattr(tfdv.StatsOptions, "experimental_slice_sqls"):  # TFDV 1.21 has it no more
    LEFT_TO_STOCK |= {"SQL, as it was": (options(experimental_slice_sqls=["SELECT STRUCT(a)"]), [ROW], "SQL")}


@pytest.mark.parametrize("name", LEFT_TO_STOCK)
def test_what_is_left_to_the_stock_executor(tmp_path: Path, name: str) -> None:
    properties, rows, why = LEFT_TO_STOCK[name]
    examples = write_examples(tmp_path / "in", {"all": [rows]})
    with pytest.raises(NotEqualError, match=why):
        run(Executor, {"examples": [examples]}, tmp_path / "out", properties)
    assert not (tmp_path / "out").exists()


def test_examples_that_are_left_to_the_stock_executor(tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "in", {"all": [[ROW]]})
    schema = schema_at(tmp_path / "schema", LABEL)
    with pytest.raises(NotEqualError, match="two schemas"):
        run(Executor, {"examples": [examples], "schema": [schema]}, tmp_path / "out", options(schema=LABEL))
    [file] = (tmp_path / "in" / "Split-all").iterdir()
    file.rename(file.with_suffix(".bz2"))
    with pytest.raises(NotEqualError, match="bzip2"):
        run(Executor, {"examples": [examples]}, tmp_path / "out")
    examples_utils.set_file_format(examples, "FILE_FORMAT_PARQUET")
    with pytest.raises(NotEqualError, match="PARQUET"):
        run(Executor, {"examples": [examples]}, tmp_path / "out")
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_PROTO)
    with pytest.raises(NotEqualError, match="FORMAT_PROTO"):
        run(Executor, {"examples": [examples]}, tmp_path / "out")
    examples.uri = "gs://bucket/examples"
    with pytest.raises(NotEqualError, match="gs://bucket"):
        run(Executor, {"examples": [examples]}, tmp_path / "out")


@pytest.mark.parametrize(
    ("rows", "given", "why"),
    [
        ([{"a": ints(1)}, {"a": floats(1)}], {}, "a"),
        ([{"a": ints(1)}] * 1000 + [{"a": floats(1)}], {}, "Cannot determine the type of feature a"),
        ([ROW, {"a": ints(1)}], {"weight_feature": "w"}, '"w" must have exactly one value'),
        ([ROW, {"w": strings(b"x")}], {"weight_feature": "w"}, "w"),
    ],
)
def test_examples_that_have_no_statistics(tmp_path: Path, rows: list[Row], given: dict[str, Any], why: str) -> None:
    examples = write_examples(tmp_path / "in", {"all": [rows]})
    with pytest.raises(InputDataError, match=why):
        run(Executor, {"examples": [examples]}, tmp_path / "out", options(**given))
    assert not (tmp_path / "out").exists()


def test_no_files(tmp_path: Path) -> None:
    (tmp_path / "in" / "Split-all").mkdir(parents=True)
    with pytest.raises(InputDataError, match="no files"):
        run(Executor, {"examples": [examples_at(tmp_path / "in", ["all"])]}, tmp_path / "out")
