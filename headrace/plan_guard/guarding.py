"""Stands guard over the files of a machine while a program is executed that is not to harm them."""

import atexit
import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from headrace.plan_guard.guarded_functions import GuardedFunctions
from headrace.plan_guard.left_alone import LeftAlone

_active: LeftAlone | None = None
_is_hooked = False


def active() -> LeftAlone | None:
    """What stands guard over this thread now, if anything does."""
    return None if _active is None or _active.is_ours else _active


@contextmanager
def left_alone() -> Iterator[LeftAlone]:
    """Leaves the files alone meanwhile; longer, where they are already left alone until this process ends."""
    if _active is not None:
        try:
            yield _active
        finally:
            _active.put_back()
        return
    guard = _begin()
    functions = GuardedFunctions(guard)
    try:
        yield guard
    finally:
        guard.put_back()
        functions.end()
        _end()


def leave_alone_until_exit(modules: Iterable[str] = ()) -> None:
    """Leaves the files alone for as long as this process lives: threads of the program may outlive its code.

    Args:
        modules: that the program may import, and that are replaced only where they have been imported.
    """
    for module in modules:
        importlib.import_module(module)
    guard = _begin()
    atexit.register(guard.put_back)
    GuardedFunctions(guard)


def _begin() -> LeftAlone:
    global _active, _is_hooked
    if not _is_hooked:
        sys.addaudithook(_on_event)  # for ever: Python takes none back
        _is_hooked = True
    _active = LeftAlone()
    return _active


def _end() -> None:
    global _active
    _active = None


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if (guard := active()) is not None and (event == "open" or event.startswith(("os.", "sqlite3."))):
        with suppress(OSError, TypeError, ValueError):  # no path of this machine: what is asked for fails by itself
            guard.on_event(event, arguments)
