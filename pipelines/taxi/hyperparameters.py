"""What a run may change of the model: `headrace run taxi --set hyperparameters='{"epochs": 3}'`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from headrace.errors import ParameterError, UnknownNameError
from pipelines.taxi.features import AMOUNTS, COORDINATES, NUMBERS, TEXTS


@dataclass(frozen=True)
class Hyperparameters:
    """Of the model and its training."""

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-3
    hidden_units: tuple[int, ...] = (64, 32)
    embedding_size: int = 8
    dropout: float = 0.2
    seed: int = 1
    exclude: tuple[str, ...] = ()  # raw features the model must not see

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The defaults, with `values` over them; a name that is none of them is an error."""
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownNameError.among("hyperparameter", name, known)
        chosen = cls(**values)
        for feature in chosen.exclude:
            if feature not in (features := (*AMOUNTS, *COORDINATES, *TEXTS, *NUMBERS)):
                raise UnknownNameError.among("feature to exclude", feature, features)
        if chosen.epochs < 1 or chosen.batch_size < 1:
            raise ParameterError("epochs and batch_size are at least 1", why=f"got {dict(values)}")
        return chosen
