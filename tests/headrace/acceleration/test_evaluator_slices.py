"""Slices of whole batches, beside TFMA's of one example after another."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api import types
from tensorflow_model_analysis.extractors.slice_key_extractor import ExtractSliceKeysFn
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.utils import util

from headrace.acceleration.evaluator_slices import Slicer
from headrace.acceleration.not_equal import NotEqualError

ROWS = 6


def values(*rows: list[Any]) -> types.VarLenTensorValue:
    places = [(row, index) for row, some in enumerate(rows) for index in range(len(some))]
    flat = np.array([value for some in rows for value in some])
    return types.VarLenTensorValue(flat, np.array(places, np.int64).reshape(-1, 2), np.array([len(rows), 9]))


COLUMNS = {
    "numbers": np.array([1, 2, 1, 3, 3, 3]),
    "in_rows": np.array([[0.5], [1.5], [0.5], [2.0], [2.0], [0.5]], np.float32),
    "texts": np.array([b"a", b"b", b"a", b"", "ü".encode(), b"b"], object),
    "pairs": np.array([[1, 2], [2, 1], [3, 3], [1, 2], [1, 1], [2, 2]]),
    "missing": values([b"a"], [], [b"b"], [b"a"], [], []),
    "many": values([1, 2], [], [2], [2, 1], [3, 3], [1]),
    "none": values([], [], [], [], [], []),
    "nested": np.array([None, *([np.array([b"a"])] * 5)], object),
    "ragged": types.RaggedTensorValue(np.array([1, 2, 3]), [np.array([0, 1, 1, 2, 2, 3, 3])]),
    "sparse": types.SparseTensorValue(np.array([7, 8]), np.array([[0, 1], [3, 0]]), np.array([ROWS, 2])),
}


def one_by_one(extracts: Mapping[str, Any], config: config_pb2.EvalConfig) -> dict[Any, list[int]]:
    specs = [slicer_lib.SingleSliceSpec(spec=spec) for spec in config.slicing_specs]
    found: dict[Any, list[int]] = {}
    for row, example in enumerate(util.split_extracts(extracts)):
        [sliced] = ExtractSliceKeysFn(config, materialize=False).process(example, specs)
        for key in sliced[constants.SLICE_KEY_TYPES_KEY]:
            found.setdefault(key, []).append(row)
    return found


def assert_equal(extracts: Mapping[str, Any], specs: str) -> dict[Any, list[int]]:
    config = text_format.Parse(specs, config_pb2.EvalConfig())
    if not config.model_specs:
        config.model_specs.add()
    found = {key: rows.tolist() for key, rows in Slicer(config).slices(extracts, ROWS).items()}
    assert found == one_by_one(extracts, config)
    return found


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_kind(name: str) -> None:
    # So many rows there are, even where the column has no value.
    features = {name: COLUMNS[name], "rows": np.arange(ROWS)}
    if name == "nested":
        with pytest.raises(TypeError):  # as TFMA says
            assert_equal({"features": features}, f'slicing_specs {{ feature_keys: "{name}" }}')
        return
    assert_equal({"features": features}, f'slicing_specs {{ feature_keys: "{name}" }}')


def test_columns_together_and_values_of_them() -> None:
    both = 'slicing_specs { feature_keys: "many" feature_keys: "texts" feature_values { key: "numbers" value: "3" } }'
    found = assert_equal({"features": COLUMNS}, both + 'slicing_specs { feature_values { key: "missing" value: "a" } }')
    assert found[(("missing", "a"),)] == [0, 3]


def test_a_slice_that_two_specifications_make_has_each_example_once() -> None:
    specs = 'slicing_specs { feature_keys: "missing" } slicing_specs { feature_values { key: "missing" value: "a" } }'
    assert assert_equal({"features": COLUMNS}, specs) == {(("missing", "a"),): [0, 3], (("missing", "b"),): [2]}


def test_transformed_features_come_first_and_those_of_all_models_count() -> None:
    transformed = {"one": {"numbers": np.arange(ROWS)}, "two": {"numbers": np.arange(ROWS) % 2}}
    extracts = {"features": COLUMNS, "transformed_features": transformed}
    specs = 'slicing_specs {} slicing_specs { feature_keys: "numbers" } slicing_specs { feature_keys: "texts" }'
    found = assert_equal(extracts, 'model_specs { name: "one" } model_specs { name: "two" }' + specs)
    assert found[(("numbers", 1),)] == [1, 3, 5]


def test_not_a_number_is_left_to_the_stock_executor() -> None:
    config = text_format.Parse('slicing_specs { feature_keys: "x" }', config_pb2.EvalConfig(model_specs=[{}]))
    with pytest.raises(NotEqualError, match="nan"):
        Slicer(config).slices({"features": {"x": np.array([1.0, np.nan])}}, 2)
