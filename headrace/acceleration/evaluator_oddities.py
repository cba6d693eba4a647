"""What may keep an evaluation from being computed: TFMA fails on it in words that name neither label nor prediction."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api.types import VarLenTensorValue

from headrace.acceleration.evaluator_columns import Batch


def oddity_of(batch: Batch) -> str:
    """An example without a label, or one for which a model answers NaN or infinity, in words; empty if all have both.

    Either is only odd: there are metrics that want no label, and some that take any number.
    """
    labels = batch.extracts.get(constants.LABELS_KEY)
    keys = sorted(
        {key for spec in batch.config.model_specs for key in (spec.label_key, *spec.label_keys.values()) if key}
    )
    missing = max((_rows_without(one, batch.rows) for one in _leaves(labels)), default=batch.rows)
    if keys and missing:
        return f"{_examples(missing, batch.rows)} no label {' or '.join(map(repr, keys))}"
    for one in _leaves(batch.extracts.get(constants.PREDICTIONS_KEY)):
        if isinstance(one, np.ndarray) and one.dtype.kind == "f" and len(one) == batch.rows:
            odd = int((~np.isfinite(one.reshape(batch.rows, -1))).any(axis=1).sum())
            if odd:
                return f"{_examples(odd, batch.rows)} NaN or infinity for a prediction"
    return ""


def _examples(count: int, rows: int) -> str:
    return f"{count:,} of {rows:,} examples of a batch {'has' if count == 1 else 'have'}"


def _leaves(value: Any) -> Iterator[Any]:
    """The values of all models and outputs."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif value is not None:
        yield value


def _rows_without(labels: Any, rows: int) -> int:
    if isinstance(labels, VarLenTensorValue):
        return rows - len(np.unique(labels.indices[:, 0]))
    if isinstance(labels, np.ndarray) and labels.dtype.kind == "O":
        return sum(one is None or not np.size(one) for one in labels)
    return 0
