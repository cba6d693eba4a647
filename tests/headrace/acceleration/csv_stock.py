"""The stock CsvExampleGen's steps, one by one and without Beam."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

from tfx.components.example_gen.csv_example_gen import executor as stock
from tfx.utils import io_utils
from tfx_bsl.coders import csv_decoder


def stock_rows(file: Path) -> list[list[bytes]]:
    """The cells of each record of a file, by the stock executor's reader and decoder.

    Raises:
        ValueError: the stock decoder refuses a record, or would never come back from it.
    """
    reader = csv_decoder._CSVRecordReader(",")
    rows = []
    for record in stock._ReadCsvRecordsFromTextFile().process(str(file)):
        reader._reader = csv.reader(_at_most(100, reader._line_iterator))
        try:
            rows.append(reader.ReadLine(record))
        except csv.Error as error:
            raise ValueError(str(error)) from error
    return rows


def _at_most(times: int, lines: Iterator[str]) -> Iterator[str]:
    yield from itertools.islice(lines, times)
    raise ValueError("the decoder asks for the same line for ever")


def stock_types(names: list[str], rows: list[list[bytes]]) -> list[csv_decoder.ColumnInfo]:
    """The types of columns, by the stock decoder."""
    inferrer = csv_decoder.ColumnTypeInferrer(names, skip_blank_lines=True)
    accumulator = inferrer.create_accumulator()
    for row in rows:
        accumulator = inferrer.add_input(accumulator, row)
    return inferrer.extract_output(accumulator)


def stock_examples(file: Path) -> list[bytes]:
    """The examples of a file as the stock executor would serialize them for its hash."""
    rows = stock_rows(file)
    types = stock_types(io_utils.load_csv_column_names(str(file)), rows)
    to_example = stock._ParsedCsvToTfExample()
    return [one.SerializeToString(deterministic=True) for row in rows for one in to_example.process(row, types)]
