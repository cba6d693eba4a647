"""Examples of data frames, and data frames of examples: a row an example, a column a feature."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
from tensorflow_data_validation.statistics.stats_options import StatsOptions
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from headrace.acceleration.example_encoding import Examples, Feature, encode
from headrace.acceleration.example_reading import read_examples, split_files
from headrace.acceleration.tfrecord_writing import Records, TFRecordFile, compress
from headrace.contents.splits import split_folders
from headrace.errors import ParameterError

_ROWS = 50_000  # at once


def write_frame(frame: pd.DataFrame, folder: Path) -> None:
    """Writes the rows as tf.Examples, one gzipped TFRecord file in `folder`.

    Whole numbers and booleans become int64, other numbers float32, text bytes; a cell without a value (None,
    NaN, NA) becomes a feature without one. The index is left out.

    Raises:
        ParameterError: there is no column, or one that examples cannot hold.
    """
    with TFRecordFile(folder) as file:
        for start in range(0, len(frame), _ROWS):
            records = Records.of(_encoded(frame.iloc[start : start + _ROWS]))
            file.write(compress(records.closed()))
        file.keep()


def statistics_of(frame: pd.DataFrame) -> statistics_pb2.DatasetFeatureStatisticsList:
    """The statistics that StatisticsGen has of these rows, once they are examples.

    Raises:
        ParameterError: as `write_frame`.
    """
    payloads = list(Records.of(_encoded(frame)).payloads)
    return generate_statistics_in_memory(ExamplesToRecordBatchDecoder().DecodeBatch(payloads), StatsOptions())


def read_frames(folder: Path) -> dict[str, pd.DataFrame]:
    """Each split of an Examples artifact's `folder` as a data frame, with NA or NaN where a feature has no value.

    A column whose examples hold more than one value has an array a row.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no split.
        InputDataError: a file is no TFRecord file.
    """
    return {split: _frame(split_files(path)) for split, path in split_folders(folder).items()}


def _frame(files: list[Path]) -> pd.DataFrame:
    tables = [pa.Table.from_batches([batch]) for batch in read_examples(files, _ROWS)]
    if not tables:
        return pd.DataFrame()
    table = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    return pd.DataFrame({name: _series(table[name].combine_chunks()) for name in table.column_names})


def _series(column: pa.Array) -> pd.Series:
    """A feature's values, of an array of lists; or of nulls, for a feature that has none anywhere."""
    if not pa.types.is_list(column.type) and not pa.types.is_large_list(column.type):
        return pd.Series([None] * len(column), dtype=object)
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    values = pc.list_flatten(column)
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        values = _text(values)
    if lengths.max(initial=0) > 1:
        return pd.Series(np.split(values.to_numpy(zero_copy_only=False), np.cumsum(lengths)[:-1]))
    places = pa.array(np.cumsum(lengths) - 1, mask=lengths == 0)
    ones = values.take(places)
    whole_numbers = pd.Int64Dtype() if ones.null_count and pa.types.is_integer(ones.type) else None
    return ones.to_pandas(types_mapper=lambda _: whole_numbers)


def _text(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.large_string() if pa.types.is_large_binary(values.type) else pa.string())
    except pa.ArrowInvalid:  # bytes that are no text
        return values


def _encoded(frame: pd.DataFrame) -> Examples:
    names = list(frame.columns)
    if not names or not frame.columns.is_unique or not all(isinstance(name, str) for name in names):
        raise ParameterError(
            "a data frame cannot become examples", why=f"its columns need distinct names, not {names!r}"
        )
    return encode([Feature.of(name, _typed(frame[name]), len(frame)) for name in names])


def _typed(column: pd.Series) -> pa.Array | None:
    """A column as int64, float32 or binary, null where a value is missing; None if all are."""
    try:
        cells = pa.Array.from_pandas(column)
        if isinstance(cells, pa.ChunkedArray):
            cells = cells.combine_chunks()
        if pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_decode()
        if pa.types.is_null(cells.type):
            return None
        if pa.types.is_boolean(cells.type) or pa.types.is_integer(cells.type):
            return cells.cast(pa.int64())
        if pa.types.is_floating(cells.type):
            return cells.cast(pa.float32())
        if pa.types.is_large_string(cells.type):
            cells = cells.cast(pa.string())
        if pa.types.is_string(cells.type) or pa.types.is_binary(cells.type):
            return cells.cast(pa.binary())
        why = f"its cells are of type {cells.type}"
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        why = str(error)
    raise ParameterError(
        f"the column {str(column.name)!r} cannot become a feature",
        why=f"{why}; a feature holds whole numbers, other numbers or text, one or none in a cell",
    )
