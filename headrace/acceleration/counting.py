"""Tells a node's log now and then how many examples are done; the console shows it beside the node."""

import logging
import time
from collections.abc import Iterable, Iterator

import pyarrow as pa

_PAUSE_SECONDS = 0.5  # between two lines


class Count:
    """Counts examples, from any one thread."""

    def __init__(self) -> None:
        self._examples = 0
        self._told = time.monotonic()

    def add(self, examples: int) -> None:
        """Takes note that so many more are done."""
        self._examples += examples
        now = time.monotonic()
        if now - self._told >= _PAUSE_SECONDS:
            self._told = now
            logging.info("%s examples so far", f"{self._examples:,}")


def counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Hands batches on, and counts their rows."""
    count = Count()
    for batch in batches:
        count.add(batch.num_rows)
        yield batch
