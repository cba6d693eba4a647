"""The files that a pattern means to Beam."""

from pathlib import Path

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from headrace.acceleration.not_equal import NotEqualError
from headrace.errors import InputDataError

_UNCOMPRESSED = (CompressionTypes.UNCOMPRESSED,)


def matched_files(pattern: str, compression: tuple[str, ...] = _UNCOMPRESSED) -> list[Path]:
    """The files that Beam would read, without the empty ones, which it passes over.

    Args:
        pattern: of paths on this machine.
        compression: what is read here; Beam knows it by the endings of names.

    Raises:
        InputDataError: no file matches.
        NotEqualError: a file is compressed otherwise.
    """
    found = FileSystems.match([pattern])[0].metadata_list
    if not found:
        raise InputDataError("there are no input files", where=pattern)
    files = [one.path for one in found if one.size_in_bytes]
    for file in files:
        if (kind := CompressionTypes.detect_compression_type(file)) not in compression:
            raise NotEqualError("the stock executor has to read this", where=file, why=f"it is compressed by {kind}")
    return [Path(file) for file in files]
