"""Executes a program without the files that it removes being removed.

Many scripts empty their pipeline's root before they call run(). A plan executes them as far as that call, and must
leave behind all that a run made.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

# What removes files, whoever calls it: pathlib calls os, and TFX's fileio calls gfile.
_REMOVING = {
    "os": ("remove", "removedirs", "rmdir", "unlink"),
    "shutil": ("rmtree",),
    "tensorflow": ("io.gfile.remove", "io.gfile.rmtree"),
}


class Spared:
    """What a program asked to remove, and what was left alone.

    Attributes:
        paths: absolute, in the order in which the program asked.
    """

    def __init__(self) -> None:
        """Begins with nothing."""
        self.paths: list[str] = []
        self._made: set[Path] = set()  # folders that the program made itself: it may remove them
        self._replaced: list[tuple[Any, str, Callable[..., Any]]] = []
        self._is_removing = False

    def begin(self) -> None:
        """From now on nothing is removed."""
        for module, names in _REMOVING.items():
            if module in sys.modules:
                for name in names:
                    self._replace(sys.modules[module], name, self._removing)
        self._replace(os, "mkdir", self._noting)

    def end(self) -> None:
        """From now on what is asked to be removed is removed."""
        while self._replaced:
            owner, name, stock = self._replaced.pop()
            setattr(owner, name, stock)

    def _replace(
        self, module: ModuleType, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        owner: Any = module
        *path, name = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        stock = getattr(owner, name)
        self._replaced.append((owner, name, stock))
        setattr(owner, name, wrapper(stock))

    def _removing(self, remove: Callable[..., Any]) -> Callable[..., Any]:
        def spare(path: Any, *arguments: Any, **options: Any) -> None:
            absolute = Path(os.path.abspath(os.fsdecode(path)))
            if self._is_removing or not self._made.isdisjoint((absolute, *absolute.parents)):
                before, self._is_removing = self._is_removing, True  # by the functions that are replaced here
                try:
                    remove(path, *arguments, **options)
                finally:
                    self._is_removing = before
            elif os.path.lexists(absolute) and str(absolute) not in self.paths:
                self.paths.append(str(absolute))

        return spare

    def _noting(self, mkdir: Callable[..., None]) -> Callable[..., None]:
        def note(path: Any, *arguments: Any, **options: Any) -> None:
            mkdir(path, *arguments, **options)
            self._made.add(Path(os.path.abspath(os.fsdecode(path))))

        return note


@contextmanager
def left_alone() -> Iterator[Spared]:
    """Removes no file meanwhile, or until the yielded object's `end`, but what the program made itself."""
    spared = Spared()
    spared.begin()
    try:
        yield spared
    finally:
        spared.end()
