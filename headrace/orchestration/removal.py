"""Removes outputs that nothing live or recent came from; their records stay.

First all of them are marked for deletion: from then on no run takes them. Then each goes
from the disk, and is marked as deleted. Wherever that ends, by a kill or with the machine,
no record that is LIVE is without its files, and what is marked is found again the next time.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import HeadraceError, HomeError, UserError, typed
from headrace.metadata import MetadataStore
from headrace.metadata.records import DELETED, MARKED_FOR_DELETION
from headrace.orchestration.clean_up import Removal, clean_up
from headrace.orchestration.outputs_lock import OutputsLock
from headrace.settings import Settings

_AT_ONCE = 50  # that are marked as deleted in one write


@dataclass(frozen=True)
class Measured:
    """One output that may go, or is gone, and what it took on the disk."""

    removal: Removal
    bytes: int


def measured(found: Iterable[Removal]) -> list[Measured]:
    """Measures what may go."""
    return [Measured(removal, _size(removal.place)) for removal in found]


def remove(
    settings: Settings, store: MetadataStore, keep_runs: int, others: Sequence[MetadataStore] = ()
) -> list[Measured]:
    """Removes what may go; runs may go on at the same time.

    Args:
        settings: of the project whose home is cleaned up.
        store: the project's.
        keep_runs: how many runs of each pipeline are recent.
        others: stores whose artifacts may be the same files; all of those stay.

    Raises:
        UserError: another clean-up is at work, or nothing can be written in the home.
        HeadraceError: some could not be removed; the others are.
    """
    with _alone(settings):
        with OutputsLock.of(settings).marking():
            found = clean_up(settings, store, keep_runs, others)
            store.mark_artifacts(_artifacts(found), MARKED_FOR_DELETION)
        gone: list[Measured] = []
        errors: list[tuple[Removal, OSError]] = []
        for first in range(0, len(found), _AT_ONCE):
            several = []
            for removal in found[first : first + _AT_ONCE]:
                try:
                    several.append(Measured(removal, _remove(removal.place)))
                except OSError as error:
                    errors.append((removal, error))
            store.mark_artifacts(_artifacts(one.removal for one in several), DELETED)
            gone += several
    if errors:
        stuck, reason = errors[0]
        raise HeadraceError(
            f"{len(errors)} of {len(found)} outputs could not be removed; no run uses them any more",
            where=str(stuck.place),
            why=reason.strerror or str(reason),
            next_step="headrace gc --yes",
        )
    return gone


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    settings.make_home()
    path = settings.home / "gc.lock"
    try:
        file = open(path, "ab")  # noqa: SIM115
    except OSError as error:  # somebody else's
        raise HomeError(
            "the home folder cannot be cleaned up",
            where=str(path),
            why=error.strerror or str(error),
            next_step=typed("ls", "-l", path),
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError("another clean-up is at work", where=str(path), next_step="wait for its end") from error
        yield


def _artifacts(removals: Iterable[Removal]) -> list[int]:
    return [one.artifact_id for one in removals if one.artifact_id is not None]


def _remove(place: Path) -> int:
    """Removes a folder, or a file and the folder that TFX made for it alone; returns the bytes that it took."""
    if os.path.realpath(place.parent) != str(place.parent):  # somebody has put a link there meanwhile
        raise OSError(errno.ELOOP, "a folder above it has become a link")
    size = _size(place)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif os.path.lexists(place):
        place.unlink()
        if not any(place.parent.iterdir()):
            place.parent.rmdir()
    return size


def _size(place: Path) -> int:
    """Bytes of the files at a place; 0 where nothing is."""
    if not place.is_dir() or place.is_symlink():
        return place.lstat().st_size if os.path.lexists(place) else 0
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(place) for name in names)
