"""TFRecord files in blocks of whole records, plain or gzipped."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

from headrace.acceleration.byte_streams import codec_of, opened
from headrace.errors import InputDataError

BLOCK_BYTES = 4 << 20
_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")  # of the length, behind it; and of the record, behind it
_HEADER_BYTES = _LENGTH.size + _CHECKSUM.size
_MOST_BYTES = 1 << 31  # protobuf's limit; a length over it is not one


@dataclass(frozen=True)
class RecordBlock:
    """Some whole records of a file.

    Attributes:
        path: the file.
        first: the number, from 0, of the first record in the file.
        contents: what is in the records.
        checksums: of the contents, as the file has them; none if it is compressed: it has one of its own then.
    """

    path: Path
    first: int
    contents: list[bytes]
    checksums: list[int]

    def records(self) -> list[bytes]:
        """What is in the records.

        Raises:
            InputDataError: a record is not what its checksum says.
        """
        for number, (record, expected) in enumerate(zip(self.contents, self.checksums, strict=False), self.first):
            if masked(google_crc32c.value(record)) != expected:
                raise InputDataError(
                    "a record cannot be read", where=f"{self.path}, record {number}", why="its checksum is another"
                )
        return self.contents


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
                block, end = _block(data, file, first)
                if block.contents:
                    yield block
                    first += len(block.contents)
                kept = data[end:]
    except OSError as error:
        raise InputDataError("an input file cannot be read", where=str(file), why=str(error)) from error
    if kept:
        where = f"{file}, record {first}"
        raise InputDataError("a record cannot be read", where=where, why="the file ends in the middle of it")


def masked(crc: int) -> int:
    """A checksum as TFRecord files have it."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _block(data: bytes, file: Path, first: int) -> tuple[RecordBlock, int]:
    """The whole records in `data`, and where the last one ends."""
    contents: list[bytes] = []
    checksums: list[int] = []
    length_at, checksum_at, header, checksum = _LENGTH.unpack_from, _CHECKSUM.unpack_from, _HEADER_BYTES, _CHECKSUM.size
    plain, start, size = not codec_of(file), 0, len(data)
    while (begin := start + header) <= size:
        (length,) = length_at(data, start)
        # Of a compressed file the first record tells what it is; that it is whole is known without looking at each.
        unlike = (plain or not contents) and masked(google_crc32c.value(data[start : start + 8])) != checksum_at(
            data, start + _LENGTH.size
        )[0]
        if length > _MOST_BYTES or unlike:
            where = f"{file}, record {first + len(contents)}"
            raise InputDataError(
                "a record cannot be read", where=where, why="this is no TFRecord file, or it is damaged"
            )
        end = begin + length
        if end + checksum > size:
            break
        contents.append(data[begin:end])
        if plain:
            checksums += checksum_at(data, end)
        start = end + checksum
    return RecordBlock(file, first, contents, checksums), start
