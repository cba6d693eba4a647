"""Files as streams of bytes, decompressed by the endings of their names."""

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

_CODECS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


def codec_of(path: Path) -> str:
    """The name of the codec, as Arrow has it, that a file is compressed by; empty if it is not."""
    return _CODECS.get(path.suffix.lower(), "")


def opened(path: Path) -> BinaryIO:
    """Opens a file to be read in pieces.

    Raises:
        OSError: now or in reading: the file cannot be read, or is not compressed as its name says.
    """
    codec = codec_of(path)
    stream: BinaryIO = pa.input_stream(str(path), compression=codec) if codec else path.open("rb", buffering=0)
    return stream
