"""How many nodes may start now: one for each core, and more while those at work leave cores idle.

A node that waits, for a network or a clock, needs no core; if it held one back, the nodes behind it would wait
with it. A thread that the kernel says could run, or reads a disk, needs a core, whether it has one or not: so
other load on the machine does not make nodes look idle.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

LOOK_SECONDS = 0.1  # between two looks at the nodes at work
_LOOKS = 5  # in a row at which a core has to be left, for one node more to start
_MOST_PER_CORE = 4  # nodes at work, however idle they are: each takes memory
_NEED_A_CORE = {"R", "D"}  # states of a thread in /proc: running or ready to, waiting for a disk


class Slots:
    """Says how many more nodes may start."""

    def __init__(self, max_parallel: int | None, processes: Callable[[], Iterable[int]]) -> None:
        """Takes the most nodes at once, if somebody has set it, and what tells the process groups at work."""
        self._cores = len(os.sched_getaffinity(0))
        self._is_set = max_parallel is not None
        self._processes = processes
        self._idle_looks = 0
        self.most = max_parallel or self._cores * _MOST_PER_CORE  # at once, whatever they do

    def free(self, working: int) -> int:
        """How many nodes may start, where so many are at work; to be asked again at the next look."""
        if self._is_set:
            return self.most - working
        if working < self._cores:
            return self._cores - working
        if working == self.most or _cores_needed(set(self._processes())) >= self._cores:
            self._idle_looks = 0
            return 0
        self._idle_looks = (self._idle_looks + 1) % _LOOKS
        return 0 if self._idle_looks else 1


def _cores_needed(groups: set[int]) -> int:
    """How many threads of the processes of these groups could use a core just now."""
    return sum(state in _NEED_A_CORE for group in _process_folders(groups) for state in _thread_states(group))


def _process_folders(groups: set[int]) -> Iterator[Path]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if int(_fields(folder / "stat")[2]) in groups:
                yield folder


def _thread_states(process: Path) -> Iterator[str]:
    for stat in process.glob("task/*/stat"):
        with suppress(OSError):
            yield _fields(stat)[0]


def _fields(stat: Path) -> list[str]:
    return stat.read_text().rpartition(")")[2].split()  # behind the name, which may hold anything
