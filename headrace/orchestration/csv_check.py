"""Looks into CSV files before anything runs: each that CsvExampleGen cannot read is named, and what it is.

TFX takes every entry that a split's pattern matches for a CSV file with the header of the others. Some of them may have
a header and no rows, as Spark, BigQuery and Dask write their parts; all of them may not.
"""

import codecs
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from headrace.errors import InputDataError

_LOOKED_AT = 1 << 20  # bytes of each file
_COMPRESSED = (".gz", ".bz2", ".deflate", ".zst")  # endings by which Beam decompresses
_MAGIC = {
    b"\x1f\x8b": "it is compressed by gzip",
    b"BZh": "it is compressed by bzip2",
    b"\x28\xb5\x2f\xfd": "it is compressed by Zstandard",
    b"PK\x03\x04": "it is a ZIP archive, as Excel's workbooks are",
    b"PAR1": "it is a Parquet file",
    codecs.BOM_UTF16_LE: "it is UTF-16, and UTF-8 is wanted",
    codecs.BOM_UTF16_BE: "it is UTF-16, and UTF-8 is wanted",
}
_CHECKPOINTS = ".ipynb_checkpoints"


def check_csv(name: str, entries: Sequence[Path]) -> None:
    """Checks what a split's pattern matches.

    Args:
        name: the node's.
        entries: files, links and folders, as the pattern matches them.

    Raises:
        InputDataError: one of them is no CSV file, or none has rows.
    """
    rows = False
    for path in entries:
        why, next_step = _unfit(path)
        if why:
            raise InputDataError(f"{name} cannot read a CSV file", where=str(path), why=why, next_step=next_step)
        rows = rows or _has_rows(path)
    if not rows:
        alone = len(entries) == 1
        raise InputDataError(
            f"{name} cannot read a CSV file" if alone else f"{name} has no rows to read",
            where=str(entries[0] if alone else entries[0].parent),
            why="it has a header and no rows" if alone else f"each of {len(entries)} files has a header and no rows",
            next_step=f"head -n 2 {' '.join(shlex.quote(str(path)) for path in entries[:3])}",
        )


def link_to_nothing(path: Path) -> str:
    """What a link is whose file is not there."""
    return f"{path.name} is a link to {os.readlink(path)}, which is not there"


def _unfit(path: Path) -> tuple[str, str]:
    """Why an entry cannot be read, and what to do; empty if it can."""
    quoted = shlex.quote(str(path))
    others = "name the files that are meant in the split's pattern, such as '*.csv'"
    if path.is_dir():
        jupyters = path.name == _CHECKPOINTS
        return "it is the folder in which Jupyter keeps copies" if jupyters else "it is a folder", others
    if path.is_symlink() and not path.exists():
        return link_to_nothing(path), f"ls -l {quoted}"
    if not path.is_file():
        return "it is not a regular file", others
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
    except OSError as error:
        return f"it cannot be opened: {error.strerror}", f"ls -l {quoted}"
    if path.suffix.lower() in _COMPRESSED:
        return "", ""
    return _unfit_content(head, quoted, others)


def _unfit_content(head: bytes, quoted: str, others: str) -> tuple[str, str]:
    if not head.split(b"\n", 1)[0].strip():
        return "it is empty: it has no header", f"head -n 2 {quoted}; or {others}"
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            if "UTF-16" in what:
                return what, f"iconv -f UTF-16 -t UTF-8 {quoted}"
            return f"{what}, whatever its name says", f"file {quoted}; CSV as text is wanted"
    if b"\r" in head and b"\n" not in head:
        return (
            "its lines end with a carriage return alone, as on old Macs: to CSV it is a single line",
            f"write its lines anew: tr '\\r' '\\n' < {quoted}",
        )
    try:
        # What is looked at may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < _LOOKED_AT)
    except UnicodeDecodeError as error:
        line = head.count(b"\n", 0, error.start) + 1
        return (
            f"it is not UTF-8, by the byte 0x{head[error.start]:02x} in line {line}; perhaps it is Latin-1",
            f"write it anew: iconv -f ISO-8859-1 -t UTF-8 {quoted}",
        )
    return "", ""


def _has_rows(path: Path) -> bool:
    if path.suffix.lower() in _COMPRESSED:
        return True  # left to the node
    with path.open("rb") as file:
        file.readline()
        return any(line.strip() for line in file)  # ends at the first row
