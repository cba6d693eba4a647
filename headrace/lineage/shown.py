"""How an answer shows itself: the same sections in a notebook and in the terminal, a frame, plain data for JSON."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from headrace.contents.metrics import slice_text
from headrace.contents.times import local_time

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "unknown"  # what was not recorded; it is never guessed
Record = TypeVar("Record")
_CELL = 'style="text-align: left; vertical-align: top; {}"'
_SHORT = 40  # characters of a cell that is not broken into lines: ids, times, names
_LONG = "overflow-wrap: break-word; min-width: 16em"


@dataclass(frozen=True)
class Section:
    """A part of an answer: a title, lines of words, and a table; either may be empty."""

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class Shown(ABC):
    """An answer: a frozen record that shows itself."""

    @abstractmethod
    def sections(self) -> list[Section]:
        """The answer, part by part."""

    @abstractmethod
    def rows(self) -> list[dict[str, object]]:
        """The answer as a table: a dict a row."""

    def to_frame(self) -> "pd.DataFrame":
        """The answer as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def to_json(self) -> Any:
        """The answer as dicts, lists, text and numbers."""
        return plain(self)

    def _repr_html_(self) -> str:
        return "".join(map(_html, self.sections()))


class Records(tuple[Record, ...]):
    """Some records of one kind; an immutable sequence that shows itself: as a table, or answers one after another."""

    columns: tuple[str, ...]  # the fields and properties that a notebook shows; empty for all fields

    def __new__(cls, records: Iterable[Record] = (), columns: tuple[str, ...] = ()) -> Self:
        """Takes the records, and what a notebook shows of each."""
        made = super().__new__(cls, records)
        made.columns = columns
        return made

    def to_frame(self) -> "pd.DataFrame":
        """A row a record, a column a field; of answers the rows of each."""
        import pandas as pd

        return pd.DataFrame([row for one in self for row in (one.rows() if isinstance(one, Shown) else [_row(one)])])

    def to_json(self) -> Any:
        """The records as a list of dicts."""
        return plain(tuple(self))

    def _repr_html_(self) -> str:
        if not self:
            return "<p>none</p>"
        if not self.columns and isinstance(self[0], Shown):
            return "".join(one._repr_html_() for one in self if isinstance(one, Shown))
        columns = self.columns or tuple(_row(self[0]))
        rows = tuple(tuple(text(getattr(one, name)) for name in columns) for one in self)
        return _html(Section("", (), columns, rows))


def text(value: object) -> str:
    """A value as people read it; None is what nobody recorded."""
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case datetime():
            return when(value)
        case Mapping():
            return ", ".join(f"{name}: {_inner(one)}" for name, one in value.items())
        case tuple() | list():
            return ", ".join(map(_inner, value))
        case _:
            return str(value)


def _inner(value: object) -> str:
    return json.dumps(plain(value)) if isinstance(value, Mapping | tuple | list) else text(value)


def when(time: datetime) -> str:
    """A time in the reader's own zone, to the second."""
    return local_time(time)


def size(number: float) -> str:
    """A number of bytes."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number:.0f} bytes"


def plain(value: object) -> Any:
    """A value as JSON has it; a slice as the text it is known by."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case Path():
            return str(value)
        case Mapping():
            return {slice_text(key) if isinstance(key, tuple) else str(key): plain(one) for key, one in value.items()}
        case tuple() | list():
            return [plain(one) for one in value]
        case _:
            return value


def _row(record: object) -> dict[str, object]:
    assert is_dataclass(record)
    return {one.name: getattr(record, one.name) for one in fields(record)}


def _html(section: Section) -> str:
    parts = [f"<h4>{escape(section.title)}</h4>"] if section.title else []
    parts += [f"<div>{escape(line)}</div>" for line in section.lines]
    if section.columns:
        head = f"<thead>{_html_row('th', section.columns)}</thead>" if any(section.columns) else ""
        parts.append(f"<table>{head}<tbody>{''.join(_html_row('td', row) for row in section.rows)}</tbody></table>")
    return "".join(parts)


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag} {_CELL.format(_width(cell))}>{_broken(cell)}</{tag}>' for cell in cells)}</tr>"


def _width(cell: str) -> str:
    return "white-space: nowrap" if len(cell) <= _SHORT else _LONG


def _broken(cell: str) -> str:
    """A cell in which a path may go on in the next line, between folders."""
    return escape(cell) if len(cell) <= _SHORT else escape(cell).replace("/", "/<wbr>")
