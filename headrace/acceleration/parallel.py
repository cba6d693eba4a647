"""Work on many things at once, answers in the order of the things."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def in_order(
    pool: Executor, work: Callable[[Thing], Answer], things: Iterable[Thing], *, ahead: int
) -> Iterator[Answer]:
    """Yields `work(thing)` for each of `things`, in their order, done in `pool`.

    Args:
        pool: where the work is done.
        work: what is done with each thing.
        things: taken one by one, only as the work goes on.
        ahead: how many things are at work, or done and not yet taken, at the most; it bounds the memory.

    Raises:
        Exception: what `work` raised for the first thing, in their order, for which it did.
    """
    pending: deque[Future[Answer]] = deque()
    try:
        for thing in things:
            if len(pending) >= ahead:
                yield pending.popleft().result()
            pending.append(pool.submit(work, thing))
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
