"""A batch of what TFMA's extractors made, as columns that its combiners can be fed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.proto import config_pb2

Array = npt.NDArray[Any]
_NUMBERS = "biuf"  # kinds of NumPy's types


@dataclass(frozen=True)
class Columns:
    """What one output of one model is judged by; each has a row an example.

    Attributes:
        labels: of shape (rows, values).
        predictions: of shape (rows, values).
        weights: of shape (rows, 1).
    """

    labels: Array
    predictions: Array
    weights: Array

    @property
    def single(self) -> bool:
        """Whether each example has one label and one prediction."""
        return self.labels.shape[1] == self.predictions.shape[1] == 1


@dataclass(frozen=True)
class Batch:
    """A batch of extracts.

    Attributes:
        extracts: TFMA's, each with a batch dimension.
        rows: how many.
        config: the evaluation's, with its defaults.
    """

    extracts: Mapping[str, Any]
    rows: int
    config: config_pb2.EvalConfig
    _known: dict[tuple[str, str, bool], Columns | None] = field(default_factory=dict)

    def columns(self, model: str, output: str, weighted: bool) -> Columns | None:
        """What an output of a model is judged by; None where TFMA has to look at each example.

        Where it is not None, it is what `metric_util.to_label_prediction_example_weight` makes of the examples.
        """
        asked = model, output, weighted
        if asked not in self._known:
            self._known[asked] = self._columns(*asked)
        return self._known[asked]

    def weights(self, model: str, output: str, weighted: bool) -> Array | None:
        """The examples' weights, of shape (rows, 1), 1 if they have none; None as for `columns`."""
        weights = self.extracts.get(constants.EXAMPLE_WEIGHTS_KEY) if weighted else None
        if weights is None:
            return np.ones((self.rows, 1), np.float32)
        column = self._numbers(_chosen(weights, model, output))
        return column if column is not None and column.shape[1] == 1 else None

    def _columns(self, model: str, output: str, weighted: bool) -> Columns | None:
        prediction_key, label_key = self._keys(model)
        labels = self._numbers(_chosen(self.extracts.get(constants.LABELS_KEY), label_key, model, output))
        predictions = self.extracts.get(constants.PREDICTIONS_KEY)
        for name in filter(None, (model, output)):
            if not isinstance(predictions, Mapping) or name not in predictions:
                return None
            predictions = predictions[name]
        predictions = self._numbers(_chosen(predictions, prediction_key))
        weights = self.weights(model, output, weighted)
        if labels is None or predictions is None or weights is None:
            return None
        return Columns(labels, predictions, weights)

    def _keys(self, model: str) -> tuple[str, str]:
        specs = self.config.model_specs
        for spec in specs:
            if model == (spec.name if len(specs) > 1 else ""):
                return spec.prediction_key, spec.label_key
        return "", ""

    def _numbers(self, column: Any) -> Array | None:
        if not isinstance(column, np.ndarray) or column.dtype.kind not in _NUMBERS:
            return None
        if column.ndim not in (1, 2) or len(column) != self.rows or not column.size:
            return None
        return column.reshape(self.rows, -1)


def _chosen(value: Any, *keys: str) -> Any:
    """What is found below the keys, each of which may be missing."""
    for key in filter(None, keys):
        if isinstance(value, Mapping) and key in value:
            value = value[key]
    return value
