"""Keeps copies of files that a program is about to overwrite, and puts them back."""

import filecmp
import os
import shutil
import tempfile
from contextlib import suppress


class KeptCopies:
    """Copies of files as they were, of one process: what a forked one overwrites, that one has to put back."""

    def __init__(self) -> None:
        """Begins with none."""
        self._copies: dict[str, str] = {}  # by the file's own path
        self._folder = ""
        self._process = os.getpid()

    def __contains__(self, path: str) -> bool:
        return path in self._copies

    def keep(self, path: str) -> None:
        """Keeps a copy of a file, if there is none yet.

        Raises:
            OSError: it cannot be read, or there is no room for it.
        """
        if self._process != os.getpid():
            self._copies, self._folder, self._process = {}, "", os.getpid()
        if path not in self._copies:
            self._folder = self._folder or tempfile.mkdtemp(prefix="headrace-plan-")
            self._copies[path] = shutil.copy2(path, os.path.join(self._folder, str(len(self._copies))))

    def put_back(self) -> list[str]:
        """Makes each file what it was; returns those that had become others.

        One whose contents are the same is not touched, but for its times: it may be somebody's lock.
        """
        if self._process != os.getpid():
            return []
        changed = []
        for path, copy in self._copies.items():
            if os.path.isfile(path) and filecmp.cmp(path, copy, shallow=False):
                with suppress(OSError):
                    shutil.copystat(copy, path)
            else:
                _restore(copy, path)
                changed.append(path)
        if self._folder:
            shutil.rmtree(self._folder)
        self._copies, self._folder = {}, ""
        return changed


def _restore(copy: str, path: str) -> None:
    """A new file in its place, for the program may still write to the one that is there; not of one with more names."""
    if os.path.isfile(path) and os.stat(path).st_nlink > 1:
        shutil.copy2(copy, path)
        return
    beside = f"{path}.headrace-plan"
    try:
        shutil.copy2(copy, beside)
        os.replace(beside, path)
    except OSError:  # nothing can be made in its folder
        shutil.copy2(copy, path)
