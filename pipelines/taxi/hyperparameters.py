"""What a run may change of the model: `headrace run taxi --set hyperparameters='{"epochs": 3}'`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from headrace.errors import ParameterError, UnknownNameError
from pipelines.taxi.features import AMOUNTS, COORDINATES, NUMBERS, TEXTS

Count = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class Hyperparameters:
    """Of the model and its training."""

    epochs: Count = 5
    batch_size: Count = 64
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    hidden_units: tuple[Count, ...] = (64, 32)
    embedding_size: Count = 8
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    seed: Annotated[int, Field(ge=0)] = 1
    exclude: tuple[str, ...] = ()  # raw features the model must not see

    @staticmethod
    def parse(text: str) -> "Hyperparameters":
        """The defaults, with the values in a JSON object over them, as `--set` gives it.

        Raises:
            UnknownNameError: there is no such hyperparameter, or no such feature to exclude.
            ParameterError: it is no JSON object, or a value is of the wrong kind or size.
        """
        try:
            return Hyperparameters.of(json.loads(text))
        except json.JSONDecodeError as error:
            raise ParameterError(f"hyperparameters cannot be {text!r}", why=f"it is no JSON: {error}") from error

    @staticmethod
    def of(values: Mapping[str, Any]) -> "Hyperparameters":
        """The defaults, with `values`, as JSON has them, over them.

        Raises:
            UnknownNameError: there is no such hyperparameter, or no such feature to exclude.
            ParameterError: a value is of the wrong kind or size.
        """
        if not isinstance(values, Mapping):
            raise ParameterError(f"hyperparameters cannot be {values!r}", why="they are a JSON object")
        known = [field.name for field in fields(Hyperparameters)]
        for name in values:
            if name not in known:
                raise UnknownNameError.among("hyperparameter", name, known)
        try:
            chosen = TypeAdapter(Hyperparameters).validate_json(json.dumps(dict(values)), strict=True)
        except ValidationError as error:
            [first, *_] = error.errors()
            name = ".".join(map(str, first["loc"]))
            raise ParameterError(f"the hyperparameter {name} cannot be {first['input']!r}", why=first["msg"]) from error
        features = (*AMOUNTS, *COORDINATES, *TEXTS, *NUMBERS)
        for feature in chosen.exclude:
            if feature not in features:
                raise UnknownNameError.among("feature to exclude", feature, features)
        return chosen
