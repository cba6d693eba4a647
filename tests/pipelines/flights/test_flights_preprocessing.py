from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata

from pipelines.flights.features import (
    AMOUNTS,
    HOURS,
    LABEL,
    LEVELS,
    ORDER,
    REAL,
    TEXTS,
    TIMES,
    WEEKDAY,
    WHOLE,
    transformed_name,
)
from pipelines.flights.preprocessing import _weekday, preprocessing_fn

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "pipelines" / "flights" / "schema.pbtxt"
REAL_ROWS = 300
CHANGES: list[dict[str, list[Any]]] = [
    {"arr_delay": [15.0]},
    {"arr_delay": [16.0]},
    {"arr_delay": []},
    {name: [] for name in (*LEVELS, "precip", "wind_gust", "wind_dir", "wind_speed")},
    {"carrier": [b"??"], "origin": [b"??"], "dest": [b"??"]},
    {"sched_dep_time": [2359], "sched_arr_time": [2400]},
    {"temp": [1000.0], "precip": [1000.0]},
    {"wind_dir": [90.0], "wind_speed": [20.0]},
]


@pytest.fixture(scope="module")
def transformed(tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, Any]]:
    """The transformed features of real flights, then of the first one with something changed each time."""
    schema = text_format.Parse(SCHEMA.read_text(), schema_pb2.Schema())
    table = pq.read_table(ROOT / "data" / "flights" / "span-02" / "v0" / "flights.parquet").slice(5000, REAL_ROWS)
    flights = [
        {
            name: [] if value is None else [value.encode() if isinstance(value, str) else value]
            for name, value in row.items()
        }
        for row in table.to_pylist()
    ]
    with tft_beam.Context(temp_dir=str(tmp_path_factory.mktemp("transform"))):
        metadata = DatasetMetadata(schema)
        _, graph = (flights, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocessing_fn)
        changed = [{**flights[0], **change} for change in CHANGES]
        rows, _ = ((flights + changed, metadata), graph) | tft_beam.TransformDataset()
    assert len(rows) == REAL_ROWS + len(CHANGES)
    return list(rows)


def changed(transformed: list[Mapping[str, Any]], index: int, *names: str) -> list[Any]:
    return [transformed[REAL_ROWS + index][transformed_name(name)] for name in names]


def test_the_day_of_the_week_is_that_of_the_calendar() -> None:
    days = [date(1999, 12, 25) + timedelta(number) for number in range(365 * 15)]
    parts = [tf.constant([getattr(day, name) for day in days], tf.int64) for name in ("year", "month", "day")]
    assert _weekday(*parts).numpy().tolist() == [day.isoweekday() % 7 for day in days]


def test_every_row_has_every_feature_as_one_number(transformed: list[Mapping[str, Any]]) -> None:
    names = {transformed_name(name) for name in (*TEXTS, *WHOLE, *REAL, ORDER, LABEL)}
    for row in transformed:
        assert set(row) == names
        assert all(np.ndim(value) == 0 and np.isfinite(value) for value in row.values())


def test_every_whole_number_is_within_what_the_model_has_room_for(transformed: list[Mapping[str, Any]]) -> None:
    for row in transformed:
        for name, size in WHOLE.items():
            assert 0 <= row[transformed_name(name)] < size


def test_over_fifteen_minutes_is_late_and_what_is_not_known_is_not(transformed: list[Mapping[str, Any]]) -> None:
    assert [changed(transformed, index, LABEL) for index in range(3)] == [[0], [1], [0]]


def test_missing_weather_is_average_or_none(transformed: list[Mapping[str, Any]]) -> None:
    assert changed(transformed, 3, *LEVELS) == [0] * len(LEVELS)
    assert changed(transformed, 3, "wind_north", "wind_east", "pressure_missing") == [0, 0, 1]
    calm = min(row[transformed_name("wind_gust")] for row in transformed)
    assert changed(transformed, 3, "wind_gust") == [calm]


def test_texts_that_were_never_seen_share_the_last_bucket(transformed: list[Mapping[str, Any]]) -> None:
    for name, value in zip(TEXTS, changed(transformed, 4, *TEXTS), strict=True):
        assert value == max(row[transformed_name(name)] for row in transformed)


def test_the_clock_is_a_share_of_the_day_and_an_hour(transformed: list[Mapping[str, Any]]) -> None:
    assert changed(transformed, 5, *HOURS.values()) == [23, 23]
    assert changed(transformed, 5, *TIMES) == pytest.approx([1439 / 1440, 1.0])


def test_weather_that_was_never_seen_counts_as_the_most_extreme(transformed: list[Mapping[str, Any]]) -> None:
    assert changed(transformed, 6, "temp", "precip") == [2, 2]
    scores = [row[transformed_name(name)] for row in transformed for name in (*LEVELS, *AMOUNTS)]
    assert max(scores) == 2
    assert min(scores) == -2


def test_an_east_wind_comes_from_the_east(transformed: list[Mapping[str, Any]]) -> None:
    assert changed(transformed, 7, "wind_north", "wind_east") == pytest.approx([0, 2], abs=1e-6)


def test_flights_are_ordered_by_the_day(transformed: list[Mapping[str, Any]]) -> None:
    order = [row[transformed_name(ORDER)] for row in transformed[:REAL_ROWS]]
    assert order == sorted(order)
    assert {row[transformed_name(WEEKDAY)] for row in transformed[:REAL_ROWS]} <= set(range(7))
