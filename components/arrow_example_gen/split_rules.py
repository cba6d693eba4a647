"""Splits by a column's values or by time; the split by hash is stock TFX's output_config."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from headrace.errors import InputDataError, ParameterError

NO_VALUE = "no value"
Indices = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS = {"s": 10**6, "ms": 10**3, "us": 1}  # in microseconds; a nanosecond is less than one
_MOST = 2**63 - 1
_DAY = 86_400 * 10**6


@dataclass(frozen=True)
class Dealt:
    """Where rows belong.

    Attributes:
        splits: the index of each row's split; -1 for none.
        outside: what the rows have that belong to none, and how many have it.
    """

    splits: Indices
    outside: Counter[str]


class SplitRule(ABC):
    """How rows are dealt out by a column.

    Attributes:
        column: its name; it need not be among the columns that become features.
    """

    column: str

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """Of the splits."""

    @abstractmethod
    def deal(self, column: pa.Array) -> Dealt:
        """Where rows belong, by their values of the column.

        Raises:
            InputDataError: the column is of a type that rows cannot be dealt out by.
        """

    @abstractmethod
    def to_json(self) -> str:
        """The rule as a parameter of a node."""


@dataclass(frozen=True)
class ByValue(SplitRule):
    """A split for some values of a column: `ByValue("year", {"train": [2015], "eval": [2016]})`.

    Attributes:
        column: of integers, strings, booleans or dates.
        values: of each split; compared as text, booleans as `true` and `false`, dates as `2015-12-31`.
    """

    column: str
    values: Mapping[str, Sequence[str | int | bool | date]]

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            ParameterError: a split has none, or two have the same.
        """
        all_texts = [text for texts in self._texts.values() for text in texts]
        if not self.values or not all(self._texts.values()):
            raise ParameterError("ByValue wants a value for each split, and a split")
        for text in all_texts:
            if all_texts.count(text) > 1:
                raise ParameterError(f"ByValue has the value {text!r} twice")

    @property
    def names(self) -> list[str]:
        """Of the splits."""
        return list(self.values)

    def deal(self, column: pa.Array) -> Dealt:
        """Where rows belong; one whose value is of no split, or null, belongs to none."""
        encoded = column if types.is_dictionary(column.type) else _encoded(self.column, column)
        index = {text: number for number, texts in enumerate(self._texts.values()) for text in texts}
        texts = [NO_VALUE if value is None else _text(value) for value in encoded.dictionary.to_pylist()]
        targets = np.array([*(index.get(text, -1) for text in texts), -1], np.int64)
        codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(texts)).to_numpy(zero_copy_only=False)
        splits = targets[codes]
        counts = np.bincount(codes[splits < 0], minlength=len(targets))
        outside = Counter({text: int(count) for text, count in zip([*texts, NO_VALUE], counts, strict=True) if count})
        return Dealt(splits, outside)

    def to_json(self) -> str:
        """The rule as a parameter of a node."""
        return json.dumps({"column": self.column, "values": self._texts})

    @property
    def _texts(self) -> dict[str, list[str]]:
        return {name: [_text(value) for value in values] for name, values in self.values.items()}


@dataclass(frozen=True)
class ByTime(SplitRule):
    """Splits one after another in time: `ByTime("time", {"train": "2015-01-01", "eval": "2016-01-01", "test": None})`.

    Attributes:
        column: of timestamps, dates, ISO 8601 strings, or integers that are seconds since 1970-01-01 UTC.
        ends: of each split, in order: the first time that is no longer its own; None for the last if it has no end.
            What has no time zone is UTC.
    """

    column: str
    ends: Mapping[str, str | date | datetime | None]

    def __post_init__(self) -> None:
        """Checks the ends.

        Raises:
            ParameterError: one is no time, or they are not in order.
        """
        ends = [_micros(end) for end in self.ends.values() if end is not None]
        if not self.ends or None in list(self.ends.values())[:-1] or ends != sorted(set(ends)):
            raise ParameterError("ByTime wants the ends of splits in order, and none for the last at the most")

    @property
    def names(self) -> list[str]:
        """Of the splits."""
        return list(self.ends)

    def deal(self, column: pa.Array) -> Dealt:
        """Where rows belong; one after the last end, or without a time, belongs to none."""
        counts, unit = _times(self.column, column)
        # The first count that is not before an end: exact in any unit.
        exact = [-(-_micros(end) * unit[0] // unit[1]) for end in self.ends.values() if end is not None]
        ends = [max(-_MOST, min(_MOST, end)) for end in exact]
        splits = np.searchsorted(
            np.array(ends, np.int64), pc.fill_null(counts, 0).to_numpy(zero_copy_only=False), "right"
        )
        splits[(splits >= len(self.ends)) | counts.is_null().to_numpy(zero_copy_only=False)] = -1
        outside: Counter[str] = Counter()
        for count in counts.filter(pa.array(splits < 0)).to_pylist():
            outside[NO_VALUE if count is None else _day(count * unit[1] // unit[0])] += 1
        return Dealt(splits.astype(np.int64), outside)

    def to_json(self) -> str:
        """The rule as a parameter of a node."""
        ends = {name: None if end is None else _time(end).isoformat() for name, end in self.ends.items()}
        return json.dumps({"column": self.column, "ends": ends})


def split_rule(text: str) -> SplitRule:
    """The rule that `to_json` made a text of."""
    made = json.loads(text)
    return ByValue(**made) if "values" in made else ByTime(**made)


def _encoded(name: str, column: pa.Array) -> pa.DictionaryArray:
    try:
        return column.dictionary_encode()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise _cannot(name, column, "of the type that it is") from error


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():  # pandas' integers, where some are missing
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.isoformat() if isinstance(value, date) else str(value)


def _times(name: str, column: pa.Array) -> tuple[pa.Array, tuple[int, int]]:
    """Times as counts of a unit since 1970 UTC; the unit in microseconds is the second number by the first."""
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_string(column.type) or types.is_large_string(column.type) or types.is_binary(column.type):
        column = _parsed(name, column)
    if types.is_timestamp(column.type):
        unit = (1000, 1) if column.type.unit == "ns" else (1, _UNITS[column.type.unit])
    elif types.is_date32(column.type):
        column, unit = column.cast(pa.int32()), (1, _DAY)
    elif types.is_date64(column.type):
        unit = (1, _UNITS["ms"])
    elif types.is_integer(column.type):
        unit = (1, _UNITS["s"])
    elif types.is_null(column.type):
        unit = (1, 1)
    else:
        raise _cannot(name, column, "neither timestamps, dates, strings nor integers")
    return column.cast(pa.int64()), unit


def _parsed(name: str, column: pa.Array) -> pa.Array:
    try:
        return column.cast(pa.string()).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        try:
            return column.cast(pa.string()).cast(pa.timestamp("us", "UTC"))
        except pa.ArrowInvalid as error:
            raise _cannot(name, column, f"not all ISO 8601: {error}") from error


def _cannot(name: str, column: pa.Array, why: str) -> InputDataError:
    return InputDataError(
        f"rows cannot be split by the column {name!r}",
        why=f"its values, of the type {column.type}, are {why}",
        next_step="split by another column: ArrowExampleGen(split_by=...)",
    )


def _time(end: str | date | datetime) -> datetime:
    try:
        time = datetime.fromisoformat(end if isinstance(end, str) else end.isoformat())
    except ValueError as error:
        raise ParameterError(
            f"ByTime knows no time {end!r}", why=str(error), next_step="write it as 2015-12-31"
        ) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _micros(end: str | date | datetime) -> int:
    return (_time(end) - _EPOCH) // _MICROSECOND


def _day(micros: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=micros)).date().isoformat()
    except OverflowError:
        return "a time beyond the year 9999"
