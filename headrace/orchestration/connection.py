"""One metadata connection for the whole run, shared by the threads that launch nodes."""

from types import TracebackType
from typing import Self

from tfx.orchestration.metadata import Metadata

from headrace.metadata import MetadataStore


class SharedMetadata(Metadata):
    """TFX's Metadata over one open handle: whoever enters it has it alone until leaving.

    TFX opens a handle each time it enters; with nodes at work at the same time, those
    would be several owners of one SQLite file in one process.
    """

    def __init__(self, store: MetadataStore) -> None:
        """Shares the handle and the lock of `store`."""
        super().__init__(None)
        self._shared = store

    def __enter__(self) -> Self:
        self._shared.lock.acquire()
        self._store = self._shared.handle
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._shared.lock.release()
