"""Files that are not what they were: cut off, overwritten, or of another program's making."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.protobuf.text_format import ParseError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Makes one error of whatever shows, while a file is read, that it is damaged.

    Args:
        path: of the file.

    Raises:
        ValueError: it is damaged; names it.
    """
    try:
        yield
    except (DecodeError, ParseError, json_format.Error, ValueError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
