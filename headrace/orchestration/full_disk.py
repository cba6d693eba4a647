"""What is said where no space is left: which disk, whoever noticed it and wherever that was told."""

import errno
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from headrace.errors import HomeError, MetadataStoreError
from headrace.metadata.sqlite_file import MetadataFileError
from headrace.orchestration.outcomes import Failure

_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
_WORDS = re.compile("No space left on device|Disk quota exceeded|database or disk is full")
_PATH = re.compile(r"""['"](/[^'"]+)['"]""")


def explained(failure: Failure, folder: Path) -> Failure:
    """A failure with the place where no space was left, if that was it.

    Args:
        failure: of a node.
        folder: where the node's outputs belong, for an error that names no file.
    """
    if not _WORDS.search(failure.message):
        return failure
    named = _PATH.search(failure.message)
    is_store = failure.kind == MetadataFileError.__name__
    place = Path(named[1]) if named else Path(failure.where) if is_store else folder
    return replace(failure, why=f"no space was left on the disk of {place}", next_step=_look_at(place))


@contextmanager
def space_is_needed(home: Path) -> Iterator[None]:
    """Makes one message of a disk that is full, or has no room for one file more, before a run has begun."""
    try:
        yield
    except MetadataStoreError as error:
        if not _WORDS.search(str(error)):
            raise
        place = Path(error.where)
        raise MetadataStoreError(error.what, where=error.where, why=error.why, next_step=_look_at(place)) from error
    except OSError as error:
        if error.errno not in _NUMBERS:
            raise
        place = Path(str(error.filename)) if error.filename else home
        raise HomeError(
            "nothing can be written: no space is left",
            where=str(place),
            why=error.strerror or str(error),
            next_step=_look_at(place),
        ) from error


def _look_at(place: Path) -> str:
    there = next((one for one in (place, *place.parents) if one.exists()), place)
    return f"df -h {shlex.quote(str(there))}; df -i {shlex.quote(str(there))}; headrace gc"
