"""Gzipped TFRecord files, compressed by several threads."""

import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import google_crc32c
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headrace.acceleration.example_encoding import Examples, by_length, join
from headrace.acceleration.tfrecord_reading import masked

FILE_NAME = "data_tfrecord-00000-of-00001.gz"
# The fastest: the files are read a few times, and then only by this machine.
_LEVEL = 1
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_DEFLATE_BLOCK = b"\x03\x00"
_RECORD_HEADER_BYTES = 12


@dataclass(frozen=True)
class Compressed:
    """A piece of a gzip stream, and what it was before."""

    plain: pa.Buffer
    deflated: bytes
    records: int


@dataclass(frozen=True)
class Records:
    """Examples as TFRecords without their last part, and the examples themselves."""

    opened: pa.BinaryArray
    payloads: Sequence[bytes]

    @classmethod
    def of(cls, examples: Examples) -> "Records":
        """Puts each example behind its length and the length's checksum."""
        headers, _ = by_length(examples.lengths, _record_header)
        opened = join([headers, *examples.parts])
        data, bounds = _content(opened)
        whole, ends = data.to_pybytes(), bounds.tolist()
        return cls(opened, [whole[start + _RECORD_HEADER_BYTES : end] for start, end in pairwise(ends)])

    @classmethod
    def of_serialized(cls, payloads: Sequence[bytes]) -> "Records":
        """Puts each of what is serialized already behind its length and the length's checksum."""
        headers, _ = by_length(np.array([len(one) for one in payloads], np.int64), _record_header)
        return cls(join([headers, pa.array(payloads, pa.binary())]), payloads)

    def closed(self) -> pa.BinaryArray:
        """The whole records, each with the checksum of its example."""
        checksum = google_crc32c.value
        crcs = np.array([checksum(payload) for payload in self.payloads], np.uint32)
        checksums = (crcs >> np.uint32(15) | crcs << np.uint32(17)) + np.uint32(0xA282EAD8)
        footers = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(4), len(crcs), [None, pa.py_buffer(checksums.astype("<u4"))]
        )
        return join([self.opened, footers.cast(pa.binary())])


def compress(records: pa.BinaryArray) -> Compressed:
    """Compresses records, so that pieces one after another are one stream."""
    plain, _ = _content(records)
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Compressed(plain, deflate.compress(plain) + deflate.flush(zlib.Z_FULL_FLUSH), len(records))


class TFRecordFile:
    """A file to which pieces are written in turn; it has its name only when `keep` was called.

    Attributes:
        records: how many were written so far.
    """

    def __init__(self, folder: Path, name: str = FILE_NAME) -> None:
        """Opens a file in `folder`, which is made where it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / name
        self._unfinished = folder / f".{name}.unfinished"
        self._file = self._unfinished.open("wb")
        self._file.write(_GZIP_HEADER)
        self._crc = 0
        self._bytes = 0
        self.records = 0

    def write(self, piece: Compressed) -> None:
        """Writes a piece."""
        self._file.write(piece.deflated)
        self._crc = zlib.crc32(piece.plain, self._crc)
        self._bytes += len(piece.plain)
        self.records += piece.records

    def end(self) -> None:
        """Ends the file: all of it is written then, and only its name is not yet its own."""
        self._file.write(_LAST_DEFLATE_BLOCK + struct.pack("<II", self._crc, self._bytes & 0xFFFFFFFF))
        self._file.close()

    def keep(self) -> None:
        """Ends the file, if it is not ended, and gives it its name."""
        if not self._file.closed:
            self.end()
        os.replace(self._unfinished, self._path)

    def __enter__(self) -> "TFRecordFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes the file away, if it was not kept."""
        self._file.close()
        self._unfinished.unlink(missing_ok=True)


def _content(records: pa.BinaryArray) -> tuple[pa.Buffer, npt.NDArray[np.int32]]:
    """All bytes of an array, one record after another, and where in them each begins, and the last one ends."""
    _, offsets, data = records.buffers()
    bounds = np.frombuffer(offsets, np.int32)[records.offset : records.offset + len(records) + 1]
    return data[int(bounds[0]) : int(bounds[-1])], bounds - bounds[0]


def _record_header(length: int) -> bytes:
    packed = struct.pack("<Q", length)
    return packed + struct.pack("<I", masked(google_crc32c.value(packed)))
