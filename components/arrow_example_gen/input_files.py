"""Files of rows, whatever their format, and the columns that they share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from headrace.acceleration.arrow_columns import Kind, kind_of
from headrace.errors import InputDataError, UnknownNameError

Columns = dict[str, pa.DataType]
Piece = Callable[[], pa.RecordBatch]  # some rows of a file, read when it is called

_WIDER = (Kind.INT, Kind.FLOAT, Kind.BYTES)


class InputFile(ABC):
    """A file of rows.

    Attributes:
        READS_AS: what a column whose values are of a kind can be read as.
        MAY_LACK_COLUMNS: whether a column that the file does not have is one without values.
    """

    READS_AS: Mapping[Kind, Sequence[Kind]] = {kind: [kind] for kind in Kind}
    MAY_LACK_COLUMNS = False

    def __init__(self, path: Path) -> None:
        """Takes the file's path; nothing is read yet."""
        self.path = path

    @abstractmethod
    def columns(self, pool: ThreadPoolExecutor) -> Columns:
        """The types of the file's columns; a format that does not say them has them from all its rows.

        Raises:
            InputDataError: the file cannot be read.
        """

    @abstractmethod
    def pieces(self, kinds: Mapping[str, Kind]) -> Iterator[Piece]:
        """The file's rows in order, in pieces that fit in memory.

        Args:
            kinds: the columns to read, and what their values are to be.

        Raises:
            InputDataError: the file cannot be read; a piece may raise it, too.
        """


def common_columns(
    files: Sequence[InputFile], chosen: Sequence[str] | None, also: Sequence[str], pool: ThreadPoolExecutor
) -> dict[str, Kind]:
    """The columns of all files, and the kind that each has in all.

    Args:
        files: at least one.
        chosen: the names of the columns to take; None for all.
        also: others that must be there.
        pool: where files are read.

    Raises:
        UnknownNameError: no file has a column of a chosen name.
        InputDataError: a file lacks a column, has it in another type, or in one that an example cannot hold.
    """
    by_file = [(file, file.columns(pool)) for file in files]
    known = list(dict.fromkeys(name for _, columns in by_file for name in columns))
    wanted = list(dict.fromkeys([*(known if chosen is None else chosen), *also]))
    for name in wanted:
        if name not in known:
            raise UnknownNameError.among("column", name, known, where=str(files[0].path))
    return {name: _common_kind(name, by_file) for name in wanted}


def _common_kind(name: str, by_file: Sequence[tuple[InputFile, Columns]]) -> Kind:
    possible = set(_WIDER)
    before: InputFile | None = None
    types = {reader: columns[name] for reader, columns in by_file if name in columns}
    for file, _ in by_file:
        if file not in types:
            if file.MAY_LACK_COLUMNS:
                continue
            has_it = next(iter(types))
            raise InputDataError(
                f"the column {name!r} is missing",
                where=str(file.path),
                why=f"{has_it.path} has it",
                next_step="give the files the same columns, or choose others: ArrowExampleGen(columns=[...])",
            )
        kind = kind_of(types[file])
        if kind is None:
            raise InputDataError(
                f"the column {name!r} cannot be in an example",
                where=str(file.path),
                why=f"its type is {types[file]}",
                next_step="leave it out: ArrowExampleGen(columns=[...])",
            )
        if kind is Kind.NONE:
            continue
        possible &= set(file.READS_AS[kind])
        if not possible:
            other = before or file
            raise InputDataError(
                f"the column {name!r} has different types",
                where=f"{other.path} and {file.path}",
                why=f"{types[other]} in the one, {types[file]} in the other",
                next_step="give the files one type, or leave the column out: ArrowExampleGen(columns=[...])",
            )
        before = file
    return next(kind for kind in _WIDER if kind in possible) if before else Kind.NONE
