"""The CSV files of an input split."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apache_beam.io.filesystem import CompressionTypes
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from headrace.acceleration.csv_blocks import Block, blocks
from headrace.acceleration.not_equal import READ_BY_ARROW, NotEqualError
from headrace.errors import InputDataError


@dataclass(frozen=True)
class CsvSource:
    """The files of an input split, all with one header.

    Attributes:
        files: in the order in which they are read.
        names: of their columns, as the stock executor takes them from the first line.
    """

    files: tuple[Path, ...]
    names: tuple[str, ...]

    @classmethod
    def find(cls, pattern: str) -> "CsvSource":
        """The files that match `pattern`.

        Raises:
            InputDataError: there are none, or their first lines differ or cannot be read.
            NotEqualError: one is compressed.
        """
        files = fileio.glob(pattern)
        if not files:
            raise InputDataError("there are no input files", where=pattern)
        for file in files:
            if CompressionTypes.detect_compression_type(file) not in (None, CompressionTypes.UNCOMPRESSED):
                what, why = "the stock CsvExampleGen has to read this", "it is compressed"
                raise NotEqualError(what, where=file, why=why, next_step=READ_BY_ARROW)
        names = _column_names(files[0])
        for file in files[1:]:
            if _column_names(file) != names:
                where, why = f"{files[0]} and {file}", f"both match {pattern}"
                raise InputDataError("files of one split have different headers", where=where, why=why)
        return cls(tuple(map(Path, files)), tuple(names))

    def blocks(self) -> Iterator[Block]:
        """The records of all files."""
        for file in self.files:
            yield from blocks(file)


def _column_names(file: str) -> list[str]:
    try:
        names: list[str] = io_utils.load_csv_column_names(file)
    except (OSError, UnicodeDecodeError) as error:
        raise InputDataError("the header of an input file cannot be read", where=file, why=str(error)) from error
    return names
