"""Where a path leads, and which files a program made itself."""

import os
from typing import Any

_NOT_FILES = ("/dev/", "/proc/", "/sys/")
_MEMORY = "/dev/shm/"  # what lies there is a file
_REWRITTEN = ("__pycache__", "_wheels")  # folders that Python and TFX write whenever a program is executed


def place_of(path: Any, folder: int | None = None) -> str:
    """The place of an entry, the links of the folders above it followed; empty for what is none.

    Args:
        path: a path, or the descriptor of an open file.
        folder: the descriptor of the folder that a relative path begins at.
    """
    try:
        if isinstance(path, int):
            return os.readlink(f"/proc/self/fd/{path}")
        name = os.fsdecode(path)
        if folder is not None and folder >= 0:
            name = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), name)
        above, last = os.path.split(name)
        if last in ("", ".", ".."):  # a slash at its end follows a link
            return os.path.realpath(name)
        return os.path.join(os.path.realpath(above), last)
    except (OSError, TypeError, ValueError):
        return ""


def is_rewritten(path: str) -> bool:
    """Whether a file is one that libraries write again as they like: a device, bytecode, a cache of the user's."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    is_no_file = path.startswith(_NOT_FILES) and not path.startswith(_MEMORY)
    is_cached = path.startswith(os.path.join(os.path.realpath(cache), ""))
    return is_no_file or is_cached or any(f"/{name}/" in path for name in _REWRITTEN)


class MadePlaces:
    """What a program made itself: it may remove and change that."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._places = set[str]()

    def __contains__(self, place: str) -> bool:
        """Whether it made this, or a folder that this lies in."""
        while place not in self._places:
            above = os.path.dirname(place)
            if above == place:
                return False
            place = above
        return True

    def add(self, place: str) -> None:
        """Notes what is about to be made, with the folders that are missing above it; nothing that is there already."""
        while place and not os.path.lexists(place):
            self._places.add(place)
            place = os.path.dirname(place)
