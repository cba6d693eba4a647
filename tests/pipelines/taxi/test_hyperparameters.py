import json
from dataclasses import asdict, fields
from typing import Any

import pytest

from headrace.errors import HeadraceError, ParameterError, UnknownNameError, UserError
from pipelines.taxi.features import AMOUNTS, COORDINATES, LABEL, NUMBERS, TEXTS, TIPS
from pipelines.taxi.hyperparameters import Hyperparameters


def test_what_is_not_given_has_its_default() -> None:
    assert Hyperparameters.of({}) == Hyperparameters()
    given = Hyperparameters.of({"epochs": 9, "dropout": 0.5})
    assert (given.epochs, given.dropout) == (9, 0.5)
    assert given.batch_size == Hyperparameters().batch_size


def test_the_defaults_survive_the_way_through_json() -> None:
    through = asdict(Hyperparameters.of(json.loads(json.dumps(asdict(Hyperparameters())))))
    assert json.dumps(through) == json.dumps(asdict(Hyperparameters()))


@pytest.mark.parametrize("name", [field.name for field in fields(Hyperparameters)])
def test_a_mistyped_name_suggests_the_nearest_one(name: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        Hyperparameters.of({f"{name}x": 1})
    assert raised.value.why == f"did you mean {name!r}?"


@pytest.mark.parametrize("feature", [*AMOUNTS, *COORDINATES, *TEXTS, *NUMBERS])
def test_every_feature_of_the_model_can_be_excluded(feature: str) -> None:
    assert Hyperparameters.of({"exclude": [feature]}).exclude == (feature,)


@pytest.mark.parametrize("feature", ["fair", TIPS, LABEL])
def test_what_the_model_never_sees_cannot_be_excluded(feature: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        Hyperparameters.of({"exclude": [feature]})
    assert repr(feature) in raised.value.what


@pytest.mark.parametrize(
    "values",
    [{"epochs": 0}, {"batch_size": 0}, {"epochs": -1}, {"epochs": "3"}, {"hidden_units": 64}, {"exclude": "fare"}],
)
def test_a_value_that_cannot_be_is_refused_with_a_message(values: dict[str, Any]) -> None:
    with pytest.raises(HeadraceError) as raised:
        Hyperparameters.of(values)
    assert isinstance(raised.value, ParameterError | UnknownNameError)
    assert next(iter(values)) in str(raised.value)


@pytest.mark.parametrize("text", ["{bad", '{"epochz": 3}', '{"epochs": "three"}', "[1]"])
def test_a_text_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        Hyperparameters.parse(text)
