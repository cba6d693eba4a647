"""TFRecord files in blocks of whole records, plain or gzipped."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

from headrace.acceleration.byte_streams import codec_of, opened
from headrace.errors import InputDataError

BLOCK_BYTES = 4 << 20
_HEADER = struct.Struct("<QI")  # a record's length and its checksum
_CHECKSUM = struct.Struct("<I")  # behind the record, its own
_MOST_BYTES = 1 << 31  # protobuf's limit; a length over it is not one


@dataclass(frozen=True)
class RecordBlock:
    """Some whole records of a file.

    Attributes:
        path: the file.
        first: the number, from 0, of the first record in the file.
        data: the records as they are in the file.
        starts: where in `data` each begins.
    """

    path: Path
    first: int
    data: bytes
    starts: list[int]

    def records(self) -> list[bytes]:
        """What is in the records.

        Raises:
            InputDataError: a record is not what its checksum says; a gzipped file has one of its own.
        """
        records = []
        data, unpack, checksum = self.data, _HEADER.unpack_from, google_crc32c.value
        checked = not codec_of(self.path)
        for number, start in enumerate(self.starts, self.first):
            begin = start + _HEADER.size
            length, _ = unpack(data, start)
            record = data[begin : begin + length]
            if checked and masked(checksum(record)) != _CHECKSUM.unpack_from(data, begin + length)[0]:
                raise InputDataError(
                    "a record cannot be read", where=f"{self.path}, record {number}", why="its checksum is another"
                )
            records.append(record)
        return records


def record_blocks(file: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[RecordBlock]:
    """Yields the records of a file in order, in blocks of about so many bytes, one record at the least.

    Raises:
        InputDataError: the file cannot be read, ends in the middle of a record, or holds something else.
    """
    kept, first = b"", 0
    try:
        with opened(file) as stream:
            while chunk := stream.read(max(block_bytes, len(kept))):
                data = kept + chunk
                starts, end = _starts(data, file, first)
                if starts:
                    yield RecordBlock(file, first, data, starts)
                    first += len(starts)
                kept = data[end:]
    except OSError as error:
        raise InputDataError("an input file cannot be read", where=str(file), why=str(error)) from error
    if kept:
        where = f"{file}, record {first}"
        raise InputDataError("a record cannot be read", where=where, why="the file ends in the middle of it")


def masked(crc: int) -> int:
    """A checksum as TFRecord files have it."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _starts(data: bytes, file: Path, first: int) -> tuple[list[int], int]:
    """Where the whole records in `data` begin, and where the last one ends."""
    starts: list[int] = []
    start, size = 0, len(data)
    while start + _HEADER.size <= size:
        length, expected = _HEADER.unpack_from(data, start)
        if length > _MOST_BYTES or masked(google_crc32c.value(data[start : start + 8])) != expected:
            where = f"{file}, record {first + len(starts)}"
            raise InputDataError(
                "a record cannot be read", where=where, why="this is no TFRecord file, or it is damaged"
            )
        end = start + _HEADER.size + length + _CHECKSUM.size
        if end > size:
            break
        starts.append(start)
        start = end
    return starts, start
