"""What lies at a place of this machine, as short digests: of names, sizes and times of change, never of contents.

Contents are not read: that would cost as much as some nodes do.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from os.path import realpath
from pathlib import Path

REMOTE = "remote"  # the manifest of a place that is on no disk of this machine
ELSEWHERE = "elsewhere"  # of one that no pipeline's root holds: anything may lie there, so it is not walked


def local_manifest(place: Path) -> str:
    """Short digests of the names and sizes, and of the times of change, of all files at a place that is there."""
    files = sorted(_files(place))
    return f"{_digest((name, size) for name, size, _ in files)}-{_digest((time,) for *_, time in files)}"


def has_times(manifest: str) -> bool:
    """Whether a manifest tells the times of change; one of an older Headrace does not."""
    return "-" in manifest


def are_same(manifest: str, now: str) -> bool:
    """Whether files are what they were, as far as the manifest of then tells."""
    return manifest == now or (not has_times(manifest) and manifest == now.partition("-")[0])


def files_digest(place: str) -> str:
    """A short digest of the names, sizes and times of change of all files at a place of this machine."""
    return _digest(sorted(_files(Path(place))))


def is_below(uri: str, folder: Path) -> bool:
    """Whether a place lies in a folder of this machine, and is not the folder itself."""
    return "://" not in uri and Path(realpath(folder)) in Path(realpath(uri)).parents


def holds(uri: str, folder: Path) -> bool:
    """Whether a place of this machine is a folder, or has it in it."""
    place = Path(realpath(uri)) if "://" not in uri else None
    return place is not None and (place == Path(realpath(folder)) or place in Path(realpath(folder)).parents)


def _digest(rows: Iterable[tuple[object, ...]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(("\0".join(map(str, row)) + "\n").encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _files(place: Path) -> Iterator[tuple[str, int, int]]:
    """Name, size in bytes, and time of the last change in nanoseconds, of each file but Python's bytecode.

    Whoever imports a module from there writes bytecode beside it. What goes meanwhile, or cannot be looked at, is
    not there.
    """
    if place.is_file():
        status = place.stat()
        yield "", status.st_size, status.st_mtime_ns
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = Path(folder, name)
            with suppress(OSError):
                status = path.lstat()
                yield path.relative_to(place).as_posix(), status.st_size, status.st_mtime_ns
