import csv
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipelines.taxi.features import AMOUNTS, COORDINATES, FARE, NUMBERS, TEXTS, TIPS

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "pipelines" / "taxi" / "schema.pbtxt"
DATA = sorted((ROOT / "data" / "taxi").glob("*.csv"))


@pytest.fixture(scope="module")
def schema() -> schema_pb2.Schema:
    parsed = text_format.Parse(SCHEMA.read_text(), schema_pb2.Schema())
    assert isinstance(parsed, schema_pb2.Schema)
    return parsed


@pytest.fixture(scope="module")
def features(schema: schema_pb2.Schema) -> dict[str, schema_pb2.Feature]:
    return {feature.name: feature for feature in schema.feature}


def test_no_feature_stands_there_twice(schema: schema_pb2.Schema, features: dict[str, schema_pb2.Feature]) -> None:
    assert len(schema.feature) == len(features)


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_the_features_are_the_columns_of_the_data(path: Path, features: dict[str, schema_pb2.Feature]) -> None:
    with open(path, newline="") as file:
        assert set(next(csv.reader(file))) == set(features)


def test_the_features_of_the_model_have_the_types_it_makes_of_them(features: dict[str, schema_pb2.Feature]) -> None:
    types = {name: features[name].type for name in (*AMOUNTS, *COORDINATES, *TEXTS, *NUMBERS, TIPS, FARE)}
    expected = dict.fromkeys((*AMOUNTS, *COORDINATES, TIPS, FARE), schema_pb2.FLOAT)
    expected |= {"trip_seconds": schema_pb2.INT}
    expected |= dict.fromkeys(TEXTS, schema_pb2.BYTES) | dict.fromkeys(NUMBERS, schema_pb2.INT)
    assert types == expected


def test_only_the_tip_is_not_there_when_the_model_serves(
    schema: schema_pb2.Schema, features: dict[str, schema_pb2.Feature]
) -> None:
    assert set(schema.default_environment) == {"TRAINING", "SERVING"}
    assert [name for name, one in features.items() if "SERVING" in one.not_in_environment] == [TIPS]
    assert not [name for name, one in features.items() if "TRAINING" in one.not_in_environment]


def test_the_largest_numbers_the_model_knows_are_those_of_the_schema(
    features: dict[str, schema_pb2.Feature],
) -> None:
    assert {name: features[name].int_domain.max for name in NUMBERS} == NUMBERS


def test_every_domain_that_is_named_is_there(schema: schema_pb2.Schema) -> None:
    named = {feature.domain for feature in schema.feature if feature.domain}
    assert named == {domain.name for domain in schema.string_domain}


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_every_payment_type_of_the_data_is_known(path: Path, schema: schema_pb2.Schema) -> None:
    [domain] = [domain for domain in schema.string_domain if domain.name == "payment_type"]
    with open(path, newline="") as file:
        assert {row["payment_type"] for row in csv.DictReader(file)} <= set(domain.value)
