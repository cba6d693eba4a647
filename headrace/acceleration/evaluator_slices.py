"""Which examples of a batch belong to which slices."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api import types
from tensorflow_model_analysis.extractors.slice_key_extractor import ExtractSliceKeysFn
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.utils import util

from headrace.acceleration.not_equal import NotEqualError

Rows = npt.NDArray[np.intp]
SliceKey = tuple[Any, ...]
_FEATURES = (constants.TRANSFORMED_FEATURES_KEY, constants.FEATURES_KEY)


class Slicer:
    """Finds the slices of examples by TFMA's own function, called once for examples that are alike."""

    def __init__(self, config: config_pb2.EvalConfig) -> None:
        """Takes an evaluation's configuration; its slices are not by SQL, and none are compared with others."""
        self._keys_of = ExtractSliceKeysFn(config, materialize=False)
        asked = config.slicing_specs or [config_pb2.SlicingSpec()]
        self._specs = [
            (slicer_lib.SingleSliceSpec(spec=spec), {*spec.feature_keys, *spec.feature_values}) for spec in asked
        ]

    def slices(self, extracts: Mapping[str, Any], rows: int) -> dict[SliceKey, Rows]:
        """The rows of each slice, in their order.

        Args:
            extracts: a batch of TFMA's, with features.
            rows: how many examples it has.

        Raises:
            NotEqualError: a slice has no value that it can be recognized by.
        """
        found: dict[SliceKey, list[Rows]] = {}
        for spec, features in self._specs:
            columns = {name: _only(extracts.get(name), features) for name in _FEATURES}
            first, kinds = _alike(list(_leaves(columns)), rows)
            members = _members(kinds, len(first))
            for example, its_rows in zip(_examples(columns, first), members, strict=True):
                [sliced] = self._keys_of.process(example, [spec])
                for key in sliced[constants.SLICE_KEY_TYPES_KEY]:
                    if any(isinstance(value, float) and math.isnan(value) for _, value in key):
                        raise NotEqualError("the stock Evaluator has to do this", why=f"{key} is a slice")
                    found.setdefault(key, []).append(its_rows)
        return {key: parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts)) for key, parts in found.items()}


def _only(columns: Any, names: set[str]) -> dict[str, Any]:
    """The columns of those names; with several models, those of each."""
    if columns is None:
        return {}
    if not isinstance(columns, Mapping):
        raise NotEqualError("the stock Evaluator has to do this", why="features are not columns")
    kept = {}
    for name, column in columns.items():
        if isinstance(column, Mapping):
            kept[name] = _only(column, names)
        elif name in names and column is not None:
            kept[name] = column
    return kept


def _leaves(columns: Mapping[str, Any]) -> Iterable[Any]:
    for column in columns.values():
        if isinstance(column, Mapping):
            yield from _leaves(column)
        else:
            yield column


def _alike(columns: Sequence[Any], rows: int) -> tuple[Rows, Rows]:
    """The first of each kind of rows, which have the same values in all columns, and the kind of each row."""
    kinds = np.zeros(rows, np.intp)
    for column in columns:
        codes = _codes(column, rows)
        _, kinds = np.unique(kinds * (codes.max(initial=0) + 1) + codes, return_inverse=True)
    _, first = np.unique(kinds, return_index=True)
    return first, kinds


def _codes(column: Any, rows: int) -> Rows:
    """A number for each row, the same only for those that have the same values."""
    each_its_own = np.arange(rows)
    if isinstance(column, np.ndarray) and column.size == rows:
        try:
            return pd.factorize(column.reshape(rows), use_na_sentinel=False)[0]
        except TypeError:  # lists, which cannot be hashed
            return each_its_own
    if isinstance(column, types.VarLenTensorValue):
        places = column.indices[:, 0]
        if np.bincount(places, minlength=rows).max(initial=0) <= 1:
            codes = np.zeros(rows, np.intp)
            codes[places] = pd.factorize(column.values, use_na_sentinel=False)[0] + 1
            return codes
    return each_its_own


def _members(kinds: Rows, count: int) -> list[Rows]:
    """The rows of each kind."""
    order = np.argsort(kinds, kind="stable")
    return np.split(order, np.cumsum(np.bincount(kinds, minlength=count))[:-1])


def _examples(columns: Mapping[str, Any], rows: Rows) -> list[dict[str, Any]]:
    """Those rows, as TFMA takes a batch apart."""
    examples = util.split_extracts(_taken(columns, rows))
    # Where no column has a value, nothing says how many rows there are.
    return [{**{name: {} for name in _FEATURES}, **example} for example in examples or [{}] * len(rows)]


def _taken(columns: Mapping[str, Any], rows: Rows) -> dict[str, Any]:
    """Those rows of the columns; a column without a value is left out, as TFMA does."""
    taken: dict[str, Any] = {}
    for name, column in columns.items():
        if isinstance(column, Mapping):
            taken[name] = _taken(column, rows)
        elif isinstance(column, np.ndarray):
            taken[name] = column[rows]
        elif not isinstance(column, types.VarLenTensorValue):
            every = util.split_extracts({name: column})
            taken[name] = _Rows(every[row][name] for row in rows)
        elif column.indices.size:
            bounds = np.searchsorted(column.indices[:, 0], [rows, rows + 1]).T
            taken[name] = _Rows(column.values[start:end] for start, end in bounds)
    return taken


class _Rows(list[Any]):
    """Rows that `split_extracts` takes as they are."""
