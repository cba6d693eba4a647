"""Executes a program without harm to the files that are there.

Many scripts empty their pipeline's root before they call run(), or clean up once it has returned. A plan executes them,
and must leave behind all that a run made. So what would remove or move a file that the program did not make itself does
nothing, and says that it succeeded (`guarded_functions.py`); what overwrites one is done, and undone in the end.
Python's audit events tell of what comes by another way, as by a function that was imported before: that is refused.

Not seen is what other programs do, and what C++ does by itself, such as a library that writes Parquet. A command that
says that it removes files is left out; others are started, and are said to have been. So are changes of a database of
SQLite: other processes may write to it meanwhile, and lose that if it were put back.
"""

import os
import stat
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from headrace.errors import DefinitionError, HeadraceError
from headrace.plan_guard.destructive_commands import is_destructive
from headrace.plan_guard.kept_copies import KeptCopies
from headrace.plan_guard.places import MadePlaces, is_rewritten, place_of

_HEADRACE = str(Path(__file__).parents[1]) + os.sep
_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep
_PACKAGES = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_WRITES = os.O_WRONLY | os.O_RDWR
_BEFORE, _AFTER = "before each run", "once it has run"


class LeftAlone:
    """What a program asked for, and was not done to the files that are there.

    Attributes:
        spared: what it would remove, move or change, and when, such as "removes /root before each run".
        undone: what it overwrote and is put back; known in the end.
        done: what was done because nobody can tell what it does.
        made: the files of its own.
        has_run: whether it has called run().
    """

    def __init__(self) -> None:
        """Begins with nothing."""
        self.spared: list[str] = []
        self.undone: list[str] = []
        self.done: list[str] = []
        self.made = MadePlaces()
        self.has_run = False
        self._gone = set[str]()  # what it takes to be removed, or moved away, with all that lies there
        self._again = set[str]()  # and what it takes to have made anew there
        self._copies = KeptCopies()
        self._kept = dict[str, str]()  # when it overwrote what a copy is kept of
        self._databases: dict[str, tuple[tuple[int, int], str]] = {}  # that it opened: size and time of then, and when
        self._ours = threading.local()  # whether Headrace itself is at work in a thread
        self._process = os.getpid()

    @property
    def is_ours(self) -> bool:
        """Whether what this thread does is not the program's."""
        return bool(getattr(self._ours, "depth", 0))

    @contextmanager
    def at_our_own_work(self) -> Iterator[None]:
        """What this thread does meanwhile is Headrace's to answer for."""
        self._ours.depth = getattr(self._ours, "depth", 0) + 1
        try:
            yield
        finally:
            self._ours.depth -= 1

    def is_users(self, place: str) -> bool:
        """Whether something is there that the program did not make."""
        return bool(place) and os.path.lexists(place) and place not in self.made

    def is_gone(self, place: str) -> bool:
        """Whether the program takes this to be removed."""
        return place not in self._again and any(str(one) in self._gone for one in (place, *Path(place).parents))

    def spare(self, what: str, *gone: str) -> None:
        """Notes what was not done, and which places the program now takes to be empty."""
        self._gone.update(gone)
        self._again = {one for one in self._again if not any(Path(one).is_relative_to(place) for place in gone)}
        _note(self.spared, f"{what} {self._when()}")

    def is_made_again(self, place: str) -> bool:
        """Whether the program makes anew what it takes to be removed; it is there, and from now on is so for it."""
        if not os.path.lexists(place) or not self.is_gone(place):
            return False
        self._again.add(place)
        return True

    def writes(self, place: str) -> None:
        """Notes that the program is about to make a file, or to overwrite it."""
        if os.path.isfile(place) and not is_rewritten(place):
            self._again.add(place)
            self.keep(place)
        self.made.add(place)

    def keep(self, place: str) -> None:
        """Sees to it that a file that the program is about to overwrite is put back."""
        if not self.is_users(os.path.realpath(place)) and os.stat(place).st_nlink == 1:
            return
        with self.at_our_own_work():
            try:
                self._copies.keep(os.path.realpath(place))
                self._kept.setdefault(os.path.realpath(place), self._when())
            except OSError as error:
                raise self.refused(f"overwrites {place}", f"a copy could not be kept: {error}") from error

    def will_be_put_back(self, place: str) -> bool:
        """Whether a copy of a file is kept."""
        return place in self._copies

    def starts(self, command: str) -> None:
        """Notes a command of the file's own, not one that a library needs to know the machine."""
        if _users_line():
            _note(self.done, f"starts `{command}` {self._when()}")

    def put_back(self) -> None:
        """Undoes what can be undone by now; says what was changed otherwise."""
        with self.at_our_own_work():
            for place in self._copies.put_back():
                _note(self.undone, f"overwrites {place} {self._kept[place]}")
        for place, (before, when) in self._databases.items():
            if os.path.exists(place) and _size_and_time(place) != before:
                _note(self.done, f"changes the database {place} {when}")
        self._databases.clear()

    def refused(self, what: str, why: str) -> HeadraceError:
        """An error for something that cannot be left out, nor undone."""
        return DefinitionError(
            f"the file {what}, which a plan can neither leave out nor undo",
            where=_users_line(),
            why=f"{why}; no file that was there has been changed",
            next_step="do that in a function that only a run calls, as a component does",
        )

    def on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Answers an audit event of Python's: what is about to be done."""
        if event == "open":
            self._on_open(*arguments)
        elif event in ("os.mkdir", "os.symlink", "os.link"):
            self.made.add(place_of(arguments[event != "os.mkdir"], arguments[-1]))
        elif event == "os.truncate":
            if os.path.isfile(arguments[0]):
                self.keep(place_of(os.path.realpath(arguments[0])))
        elif event == "sqlite3.connect":
            self._on_database(arguments[0])
        elif event == "os.exec" and os.getpid() == self._process:
            raise self.refused(
                f"has {arguments[0]!r} take the place of its process", "what another program does cannot be watched"
            )
        elif event == "os.exec" and is_destructive([os.fsdecode(one) for one in arguments[1]]):
            raise self.refused(f"starts {arguments[0]!r}", "it is started by a fork")
        elif event in _HARMS and (place := _HARMS[event](arguments)) and self.is_users(place):
            if event == "os.rmdir" and (not os.path.isdir(place) or os.listdir(place)):
                return  # fails by itself
            if event == "os.remove" and os.path.isdir(place):
                return
            if event == "os.rename" and not os.path.isdir(os.path.dirname(place_of(arguments[1], arguments[3]))):
                return
            if event == "os.chmod" and (self.will_be_put_back(place) or has_mode(place, arguments[1])):
                return
            raise self.refused(
                f"calls {event} on {place}", "it does so by a function that was taken by its name before"
            )

    def _on_open(self, path: Any, mode: str | None, flags: int) -> None:
        if not flags & _WRITES or isinstance(path, int):
            return
        place = os.path.realpath(os.fsdecode(path))
        if flags & os.O_CREAT or os.path.isfile(place):
            if flags & os.O_APPEND and os.path.lexists(place):
                return  # as to a log, which loses nothing
            self.writes(place)

    def _on_database(self, name: Any) -> None:
        place = os.path.realpath(os.fsdecode(name))
        if os.path.isfile(place) and place not in self.made:
            self._databases.setdefault(place, (_size_and_time(place), self._when()))
        elif not str(name).startswith((":", "file:")):
            self.made.add(place)

    def _when(self) -> str:
        return _AFTER if self.has_run else _BEFORE


_HARMS: dict[str, Callable[[tuple[Any, ...]], str]] = {
    "os.chmod": lambda given: place_of(given[0], given[2]),
    "os.chown": lambda given: place_of(given[0], given[3]),
    "os.remove": lambda given: place_of(given[0], given[1]),
    "os.rename": lambda given: place_of(given[0], given[2]),
    "os.rmdir": lambda given: place_of(given[0], given[1]),
}


def has_mode(place: str, mode: int) -> bool:
    """Whether a file has this mode already."""
    return stat.S_IMODE(os.stat(place).st_mode) == stat.S_IMODE(mode)


def _size_and_time(place: str) -> tuple[int, int]:
    status = os.stat(place)
    return status.st_size, status.st_mtime_ns


def _note(notes: list[str], what: str) -> None:
    if what not in notes:
        notes.append(what)


def _users_line() -> str:
    """`file:line` of the code of the user's that calls now, with nothing but Python's own between; or empty."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PACKAGES):
            return ""
        if os.path.isabs(file) and not file.startswith((_STANDARD_LIBRARY, _HEADRACE)):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
