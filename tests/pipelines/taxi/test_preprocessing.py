import csv
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata

from pipelines.taxi.features import (
    AMOUNTS,
    BIG_TIP_PERCENT,
    COORDINATE_BUCKETS,
    COORDINATES,
    LABEL,
    NUMBERS,
    TEXTS,
    transformed_name,
)
from pipelines.taxi.preprocessing import _is_big_tip, preprocessing_fn

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "pipelines" / "taxi" / "schema.pbtxt"
Row = Mapping[str, str]
# Of each of these trips the tip is 20 % of the fare, to the cent: not over it.
EDGE = [("5.01", "25.05"), ("3.13", "15.65"), ("0.97", "4.85"), ("3.41", "17.05"), ("3.21", "16.05")]


def trips() -> list[Row]:
    rows: list[Row] = []
    for path in sorted((ROOT / "data" / "taxi").glob("*.csv")):
        with open(path, newline="") as file:
            rows += csv.DictReader(file)
    return rows


def labels(pairs: list[tuple[str, str]]) -> list[int]:
    tips, fares = (tf.constant([float(one) for one in ones], tf.float32) for ones in zip(*pairs, strict=True))
    found = _is_big_tip(tips, fares)
    assert found.dtype == tf.int64
    return [int(one) for one in found.numpy()]


def exact(tips: str, fare: str) -> int:
    return int(100 * Decimal(tips) > BIG_TIP_PERCENT * Decimal(fare))


def test_a_tip_at_the_edge_is_not_over_it_though_float32_says_so() -> None:
    fifth = np.float32(BIG_TIP_PERCENT / 100)
    assert all(np.float32(tips) > fifth * np.float32(fare) for tips, fare in EDGE)
    assert labels(EDGE) == [0] * len(EDGE)


def test_one_cent_over_the_edge_is_a_big_tip() -> None:
    over = [(str(Decimal(tips) + Decimal("0.01")), fare) for tips, fare in EDGE]
    assert labels(over) == [1] * len(over)


def test_a_tip_on_a_free_trip_is_big_and_none_is_not() -> None:
    assert labels([("0.01", "0"), ("0", "0")]) == [1, 0]


def test_the_label_of_every_trip_is_that_of_exact_arithmetic() -> None:
    pairs = [(row["tips"], row["fare"]) for row in trips()]
    assert len(pairs) == 15_002
    assert labels(pairs) == [exact(*pair) for pair in pairs]


COLUMNS: dict[str, Callable[[str], object]] = {"fare": float, "trip_miles": float, "trip_seconds": int, "tips": float}
COLUMNS |= dict.fromkeys(COORDINATES, float) | dict.fromkeys(NUMBERS, int) | dict.fromkeys(TEXTS, str.encode)


def example(row: Row) -> dict[str, list[Any]]:
    return {name: [kind(row[name])] if row[name] else [] for name, kind in COLUMNS.items()}


@pytest.fixture(scope="module")
def transformed(tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, Any]]:
    """The transformed features of real trips, then of the first one with one thing changed each time."""
    full_schema = text_format.Parse(SCHEMA.read_text(), schema_pb2.Schema())
    schema = schema_pb2.Schema(feature=[one for one in full_schema.feature if one.name in COLUMNS])
    examples = [example(row) for row in trips()[:REAL]]
    changed = [{**examples[0], **change} for change in CHANGES]
    with tft_beam.Context(temp_dir=str(tmp_path_factory.mktemp("transform"))):
        (rows, _), _ = ((examples + changed), DatasetMetadata(schema)) | tft_beam.AnalyzeAndTransformDataset(
            preprocessing_fn
        )
    assert len(rows) == REAL + len(CHANGES)
    return list(rows)


REAL = 200
CHANGES: list[dict[str, list[Any]]] = [
    {name: [] for name in COLUMNS},
    {"fare": [-5.0], "trip_miles": [-1.0], "trip_seconds": [-60]},
    {"trip_start_hour": [99], "pickup_community_area": [-3]},
    {"company": [b"never seen before"], "payment_type": [b"shells"]},
]


def changed(transformed: list[Mapping[str, Any]], index: int) -> dict[str, Any]:
    row = transformed[REAL + index]
    return {name: row[transformed_name(name)] for name in (*AMOUNTS, *COORDINATES, *TEXTS, *NUMBERS, LABEL)}


def test_every_row_has_every_feature_as_one_number(transformed: list[Mapping[str, Any]]) -> None:
    names = {transformed_name(name) for name in (*AMOUNTS, *COORDINATES, *TEXTS, *NUMBERS, LABEL)}
    for row in transformed:
        assert set(row) == names
        assert all(np.ndim(value) == 0 and np.isfinite(value) for value in row.values())


def test_every_whole_number_is_within_what_the_model_has_room_for(transformed: list[Mapping[str, Any]]) -> None:
    largest = dict.fromkeys(COORDINATES, COORDINATE_BUCKETS - 1) | NUMBERS | {LABEL: 1}
    for row in transformed:
        for name, most in largest.items():
            assert 0 <= row[transformed_name(name)] <= most
        assert all(row[transformed_name(name)] >= 0 for name in TEXTS)


def test_the_label_goes_through_the_graph(transformed: list[Mapping[str, Any]]) -> None:
    found = [int(row[transformed_name(LABEL)]) for row in transformed[:REAL]]
    assert found == [exact(row["tips"], row["fare"]) for row in trips()[:REAL]]
    assert set(found) == {0, 1}


def test_where_all_is_missing_numbers_are_zero_and_texts_are_unknown(transformed: list[Mapping[str, Any]]) -> None:
    row = changed(transformed, 0)
    unknown = changed(transformed, 3)
    assert {name: row[name] for name in NUMBERS} == dict.fromkeys(NUMBERS, 0)
    assert row[LABEL] == 0
    assert row["payment_type"] == unknown["payment_type"]


def test_amounts_below_zero_count_as_zero(transformed: list[Mapping[str, Any]]) -> None:
    missing, negative = changed(transformed, 0), changed(transformed, 1)
    assert [negative[name] for name in AMOUNTS] == [missing[name] for name in AMOUNTS]


def test_numbers_out_of_range_are_clipped(transformed: list[Mapping[str, Any]]) -> None:
    row = changed(transformed, 2)
    assert (row["trip_start_hour"], row["pickup_community_area"]) == (23, 0)


def test_texts_that_were_never_seen_share_the_last_bucket(transformed: list[Mapping[str, Any]]) -> None:
    row = changed(transformed, 3)
    for name in TEXTS:
        assert row[name] == max(one[transformed_name(name)] for one in transformed)
