from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipelines.flights.features import (
    AMOUNTS,
    ARRIVAL_DELAY,
    DATE,
    FORBIDDEN,
    LEVELS,
    SERVED,
    TEXTS,
    TIMES,
)

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "pipelines" / "flights" / "schema.pbtxt"
DATA = sorted((ROOT / "data" / "flights").glob("span-*/v0/flights.parquet"))


@pytest.fixture(scope="module")
def schema() -> schema_pb2.Schema:
    parsed = text_format.Parse(SCHEMA.read_text(), schema_pb2.Schema())
    assert isinstance(parsed, schema_pb2.Schema)
    return parsed


@pytest.fixture(scope="module")
def features(schema: schema_pb2.Schema) -> dict[str, schema_pb2.Feature]:
    return {feature.name: feature for feature in schema.feature}


def test_there_is_a_file_for_each_month_and_its_flights_are_of_that_month() -> None:
    months = [pc.unique(pq.read_table(path, columns=["month"])["month"]).to_pylist() for path in DATA]
    assert months == [[month] for month in range(1, 13)]
    assert sum(pq.read_metadata(path).num_rows for path in DATA) == 327_346


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.parts[-3])
def test_the_features_are_the_columns_of_the_data(path: Path, features: dict[str, schema_pb2.Feature]) -> None:
    assert set(pq.read_schema(path).names) == set(features)


def test_what_is_known_before_a_flight_leaves_is_served_and_nothing_else(
    features: dict[str, schema_pb2.Feature],
) -> None:
    assert set(features) == {*SERVED, ARRIVAL_DELAY}
    assert not set(SERVED) & set(FORBIDDEN)
    assert [name for name, one in features.items() if "SERVING" in one.not_in_environment] == [ARRIVAL_DELAY]


def test_the_features_have_the_types_that_preprocessing_makes_of_them(
    features: dict[str, schema_pb2.Feature],
) -> None:
    kinds = dict.fromkeys(TEXTS, schema_pb2.BYTES) | dict.fromkeys((*DATE, *TIMES, "distance"), schema_pb2.INT)
    for name, feature in features.items():
        assert feature.type == kinds.get(name, schema_pb2.FLOAT), name


def test_weather_alone_may_be_missing(features: dict[str, schema_pb2.Feature]) -> None:
    weather = {*LEVELS, *AMOUNTS, "wind_dir", "wind_speed"} - {"distance"}
    assert {name for name, one in features.items() if one.value_count.min == 0} == weather


def test_every_carrier_and_origin_of_the_data_is_known(schema: schema_pb2.Schema) -> None:
    domains = {domain.name: set(domain.value) for domain in schema.string_domain}
    assert set(domains) == {"carrier", "origin"}
    for name, known in domains.items():
        assert {value for path in DATA for value in pc.unique(pq.read_table(path)[name]).to_pylist()} == known
