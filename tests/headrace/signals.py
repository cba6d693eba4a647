"""Ctrl-C and a closed terminal, also where the tests were started by nohup or in the background of a script."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_IGNORED_IN_THE_BACKGROUND = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)  # HUP by nohup


def as_in_the_foreground() -> None:
    """For `preexec_fn` of a process that is sent these signals: what ignores them hands that on to its children."""
    for number in _IGNORED_IN_THE_BACKGROUND:
        signal.signal(number, signal.SIG_DFL)


def as_by_nohup_in_a_script() -> None:
    """For `preexec_fn` of a process that ignores what ends those in the foreground."""
    for number in _IGNORED_IN_THE_BACKGROUND:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def ctrl_c_interrupts() -> Iterator[None]:
    """Has SIGINT interrupt this process, as Python does by itself in the foreground."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
