"""Records of a TFRecord file, without TensorFlow."""

import struct
from collections.abc import Iterator
from pathlib import Path

_HEADER = struct.Struct("<QI")  # the record's length, and the length's checksum
_FOOTER_BYTES = 4  # the record's checksum


def read_records(path: Path) -> Iterator[bytes]:
    """The records of an uncompressed file, in order; their checksums are not looked at.

    Raises:
        ValueError: the file ends in the middle of a record.
    """
    data = path.read_bytes()
    start = 0
    while start < len(data):
        if start + _HEADER.size > len(data):
            raise ValueError(f"{path} ends in the middle of a record")
        length, _ = _HEADER.unpack_from(data, start)
        end = start + _HEADER.size + length
        if end + _FOOTER_BYTES > len(data):
            raise ValueError(f"{path} ends in the middle of a record")
        yield data[start + _HEADER.size : end]
        start = end + _FOOTER_BYTES
