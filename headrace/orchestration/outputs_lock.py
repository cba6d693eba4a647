"""Between runs, which take over outputs of earlier ones, and the clean-up, which removes them.

A run looks whether outputs are there, and records that it uses them; the clean-up looks
what is used, and marks the rest. Neither may happen in the middle of the other. Once
outputs are recorded as used, the clean-up keeps them; once they are marked, no run takes
them. So the lock is held for moments only, and runs and the clean-up go on at the same time.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headrace.settings import Settings


@dataclass(frozen=True)
class OutputsLock:
    """The lock of a home; its file stays."""

    path: Path

    @classmethod
    def of(cls, settings: Settings) -> "OutputsLock":
        """The lock of the home that is set; the home is there."""
        return cls(settings.home / "outputs.lock")

    @contextmanager
    def using(self) -> Iterator[None]:
        """For a run: any number of them at once, each in any number of threads."""
        with open(self.path, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    @contextmanager
    def marking(self) -> Iterator[None]:
        """For the clean-up: alone."""
        with open(self.path, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
