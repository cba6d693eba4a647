"""The files behind a pattern, and their formats, by the endings of their names."""

import os
import shlex
from pathlib import Path

from tfx.dsl.io import fileio

from components.arrow_example_gen.columnar_files import FeatherFile, ParquetFile
from components.arrow_example_gen.csv_file import CsvFile
from components.arrow_example_gen.input_files import InputFile
from components.arrow_example_gen.json_file import JsonFile
from headrace.acceleration.byte_streams import codec_of
from headrace.errors import InputDataError, typed

_FORMATS: dict[str, type[InputFile]] = {
    ".parquet": ParquetFile,
    ".feather": FeatherFile,
    ".arrow": FeatherFile,
    ".csv": CsvFile,
    ".jsonl": JsonFile,
    ".ndjson": JsonFile,
}
_COMPRESSED = (CsvFile, JsonFile)  # the others compress what is in them


def find_files(base: str, pattern: str) -> list[InputFile]:
    """The files that match a pattern, in the order of their names.

    Args:
        base: the folder.
        pattern: of paths in it; spans and versions are filled in.

    Raises:
        InputDataError: there are none, one is a link to nothing, or one is of a format that is not read here.
    """
    whole = os.path.join(base, pattern)
    entries = sorted({*fileio.glob(whole), *([whole] if os.path.islink(whole) else [])})
    for path in map(Path, entries):
        if path.is_symlink() and not path.exists():
            raise InputDataError(
                "an input file is not there",
                where=str(path),
                why=f"it is a link to {os.readlink(path)}, which is not there",
                next_step=f"ls -l {shlex.quote(str(path))}",
            )
    paths = [path for path in map(Path, entries) if path.is_file()]
    if not paths:
        raise InputDataError(
            "there are no input files", where=whole, why="no file has such a name", next_step=typed("ls", base)
        )
    return [_input_file(path) for path in paths]


def _input_file(path: Path) -> InputFile:
    is_compressed = bool(codec_of(path))
    ending = (path.with_suffix("") if is_compressed else path).suffix.lower()
    kind = _FORMATS.get(ending)
    if kind is None or (is_compressed and kind not in _COMPRESSED):
        raise InputDataError(
            "an input file is of a format that ArrowExampleGen does not read",
            where=str(path),
            why=f"it reads {', '.join(_FORMATS)}, and .csv, .jsonl and .ndjson with .gz, .zst or .zstd behind",
            next_step="name the files that are meant: input_config=make_default_input_config('*.parquet')",
        )
    return kind(path)
