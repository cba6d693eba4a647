"""Records of many splits, written to all their files or to none."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from headrace.acceleration.counting import Count
from headrace.acceleration.splitting import Indices
from headrace.acceleration.tfrecord_writing import Compressed, Records, TFRecordFile, compress

Pieces = list[tuple[int, Compressed]]  # compressed records, each with the index of its split


def pieces_of(records: Records, splits: Indices | None) -> Pieces:
    """Compresses records, those of each split together.

    Args:
        records: of any splits.
        splits: the index of each record's; None if all are of the first.
    """
    whole = records.closed()
    if splits is None:
        return [(0, compress(whole))]
    return [(one, compress(whole.filter(pa.array(splits == one)))) for one in np.unique(splits).tolist()]


class SplitFiles:
    """A file for each split; all have their names only when `keep` was called."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Opens a file in each of `folders`, which are made where they are not there."""
        with ExitStack() as stack:
            self._files = [stack.enter_context(TFRecordFile(folder)) for folder in folders]
            self._open = stack.pop_all()
        self._count = Count()

    def write(self, pieces: Pieces, first: int = 0) -> None:
        """Writes pieces to the files of their splits, which are counted from the file `first`."""
        for index, piece in pieces:
            self._files[first + index].write(piece)
            self._count.add(piece.records)

    @property
    def records(self) -> list[int]:
        """How many records were written to each file so far."""
        return [file.records for file in self._files]

    def keep(self) -> None:
        """Ends the files and gives them their names."""
        for file in self._files:
            file.end()
        for file in self._files:
            file.keep()

    def __enter__(self) -> "SplitFiles":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes away the files that were not kept."""
        self._open.__exit__(kind, error, trace)
