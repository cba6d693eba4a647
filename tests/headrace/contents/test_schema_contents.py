"""A schema in words."""

from pathlib import Path

import pytest

from headrace.contents.schema import FeatureSchema, read_domains, read_schema

SCHEMA = """
default_environment: "TRAINING"
default_environment: "SERVING"
feature { name: "payment" type: BYTES presence { min_fraction: 1 } value_count { min: 1 max: 1 } domain: "payments" }
feature { name: "month" type: INT presence { min_count: 1 } value_count { max: 1 } int_domain { min: 1 max: 12 } }
feature { name: "tips" type: FLOAT float_domain { min: 0 } not_in_environment: "SERVING" }
feature { name: "ratio" type: FLOAT float_domain { max: 0.5 } value_count { min: 2 } }
feature { name: "image" type: FLOAT shape { dim { size: 28 } dim { size: 28 } } }
feature { name: "flag" type: INT shape {} bool_domain {} }
feature { name: "weight" type: FLOAT in_environment: "OFFLINE" not_in_environment: "SERVING" }
feature { name: "link" type: BYTES string_domain { value: "a" value: "b" } }
feature { name: "page" type: BYTES url_domain {} }
string_domain { name: "payments" value: "Cash" value: "Card" }
"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FeatureSchema]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "schema.pbtxt").write_text(SCHEMA)
    return {feature.name: feature for feature in read_schema(folder)}


def test_features_keep_their_written_order(schema: dict[str, FeatureSchema]) -> None:
    assert list(schema) == ["payment", "month", "tips", "ratio", "image", "flag", "weight", "link", "page"]


@pytest.mark.parametrize(
    ("feature", "domain"),
    [
        ("payment", "Cash, Card"),
        ("month", "1 to 12"),
        ("tips", "at least 0"),
        ("ratio", "at most 0.5"),
        ("image", ""),
        ("flag", "true or false"),
        ("link", "a, b"),
        ("page", "url"),
    ],
)
def test_a_domain_is_said_in_words(schema: dict[str, FeatureSchema], feature: str, domain: str) -> None:
    assert schema[feature].domain == domain


@pytest.mark.parametrize(
    ("feature", "values"),
    [
        ("payment", "1"),
        ("month", "0 to 1"),
        ("ratio", "2 or more"),
        ("image", "28 x 28"),
        ("flag", "1"),
        ("tips", "any number"),
    ],
)
def test_the_number_of_values_is_said_in_words(schema: dict[str, FeatureSchema], feature: str, values: str) -> None:
    assert schema[feature].values == values


def test_only_a_feature_of_every_example_is_required(schema: dict[str, FeatureSchema]) -> None:
    assert [name for name, feature in schema.items() if feature.required] == ["payment"]


def test_a_feature_names_the_environments_it_is_not_in(schema: dict[str, FeatureSchema]) -> None:
    assert schema["tips"].not_in == ("OFFLINE", "SERVING")
    assert schema["weight"].not_in == ("SERVING",)
    assert schema["payment"].not_in == ("OFFLINE",)


def test_a_folder_without_a_schema_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_schema(tmp_path)


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("type: FLOAT float_domain { min: 0.5 max: 0.75 }", "0.5 to 0.75"),
        ("type: INT int_domain { min: 0 max: 0 }", "0 to 0"),
        ("type: INT int_domain {}", ""),
        ('type: INT bool_domain { true_value: "yes" false_value: "no" }', "yes or no"),
        ('type: BYTES domain: "elsewhere"', "elsewhere"),
        ("type: BYTES natural_language_domain {}", "natural language"),
    ],
)
def test_a_domain_has_both_its_ends(tmp_path: Path, feature: str, expected: str) -> None:
    (tmp_path / "schema.pbtxt").write_text(f'feature {{ name: "x" {feature} }}')
    assert [one.domain for one in read_schema(tmp_path)] == [expected]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ("value_count { min: 2 max: 2 }", "2"),
        ("value_count { min: 2 max: 5 }", "2 to 5"),
        ("value_count {}", "0 or more"),
        ("value_counts { value_count { min: 1 max: 1 } value_count { min: 2 } }", "1, then 2 or more"),
        ("shape { dim { size: 3 } }", "3"),
    ],
)
def test_how_many_values_there_may_be_is_told_with_both_ends(tmp_path: Path, counts: str, expected: str) -> None:
    (tmp_path / "schema.pbtxt").write_text(f'feature {{ name: "x" type: INT {counts} }}')
    assert [one.values for one in read_schema(tmp_path)] == [expected]


@pytest.mark.parametrize(("fraction", "required"), [(1, True), (0.5, False), (0, False)])
def test_a_feature_that_may_be_missing_somewhere_is_not_required(
    tmp_path: Path, fraction: float, required: bool
) -> None:
    text = f'feature {{ name: "x" type: INT presence {{ min_fraction: {fraction} }} }}'
    (tmp_path / "schema.pbtxt").write_text(text)
    assert [(one.type, one.required) for one in read_schema(tmp_path)] == [("INT", required)]


def test_the_texts_of_a_feature_are_its_own_or_the_shared_ones(tmp_path: Path) -> None:
    (tmp_path / "schema.pbtxt").write_text(SCHEMA + 'feature { name: "lost" type: BYTES domain: "elsewhere" }')
    assert read_domains(tmp_path) == {"payment": ("Cash", "Card"), "link": ("a", "b")}


def test_a_damaged_schema_is_named(tmp_path: Path) -> None:
    (tmp_path / "schema.pbtxt").write_text("feature {")
    for read in (read_schema, read_domains):
        with pytest.raises(ValueError, match="is damaged: ") as raised:
            read(tmp_path)
        assert str(tmp_path / "schema.pbtxt") in str(raised.value)
