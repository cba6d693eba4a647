"""A handle for a run, which waits while its store cannot be used.

Another process may hold the lock of a SQLite file for minutes, and a server may be restarted. Work that is done
is not to be lost by that.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import metadata_store

from headrace.errors import MetadataStoreError
from headrace.metadata.sqlite_file import MetadataFileError

PATIENCE_SECONDS = 600.0  # in which a store may be locked, or its server away, until what needs it fails
_PAUSE_SECONDS = 0.5
_LOCKED = "the metadata store is locked by another process"


class PatientHandle:
    """ML Metadata's handle: its methods return when the store can be used again."""

    def __init__(
        self,
        handle: metadata_store.MetadataStore,
        reopen: Callable[[], metadata_store.MetadataStore],
        tell: Callable[[str], None],
    ) -> None:
        """Takes a handle, what opens another one, and who is told that the run waits."""
        self._handle = handle
        self._reopen = reopen
        self._tell = tell
        self._waits_since: float | None = None

    def __getattr__(self, name: str) -> Any:
        """A method of the handle's, which waits."""
        found = getattr(self._handle, name)
        return partial(self._call, name) if callable(found) else found

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        reopened = False
        while True:
            try:
                result = getattr(self._handle, name)(*arguments, **options)
            except mlmd_errors.AbortedError as error:  # nothing of it is done
                self._wait(MetadataStoreError(_LOCKED, why=str(error), next_step="end what holds it, then run again"))
            except mlmd_errors.InternalError as error:  # of a store that is neither a file nor on a server known here
                raise MetadataStoreError("the metadata store fails", why=str(error).partition("\n")[0]) from error
            except MetadataFileError:  # a disk that is full, for one: nobody knows for how long
                raise
            except MetadataStoreError:
                if reopened:
                    raise
                self._connect()
                reopened = True
                if not name.startswith("get"):  # it may be done, and only the answer be lost: the caller has to look
                    raise
            else:
                self._waits_since = None
                return result

    def _connect(self) -> None:
        while True:
            try:
                self._handle = self._reopen()
            except MetadataStoreError as error:
                self._wait(error)
            else:
                self._waits_since = None
                return

    def _wait(self, error: MetadataStoreError) -> None:
        if self._waits_since is None:
            self._waits_since = time.monotonic()
            self._tell(f"{error.what}; the run waits for it")
        if time.monotonic() - self._waits_since > PATIENCE_SECONDS:
            raise error
        time.sleep(_PAUSE_SECONDS)
