"""A metadata store in a SQLite file: how it is opened, and what is said where it cannot be.

Only a file of which SQLite says that it is damaged, or no database at all, is called broken:
one that is locked, cannot be written, or cannot be reached is as good as it ever was.
"""

import errno
import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.protobuf.message import Message
from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.errors import MetadataStoreError
from headrace.metadata.schema_versions import is_of_another_schema, of_another_schema

_SCHEME = "sqlite:///"
_BROKEN = ("file is not a database", "file is encrypted", "disk image is malformed")  # SQLite's words
_LOCKED = ("Concurrent writes aborted", "database is locked", "database table is locked")
_FULL, _NO_SPACE = "disk is full", "the metadata store cannot be written: No space left on device"
# After the first, each call raises the other.
_BROKEN_OFF = (mlmd_errors.InternalError, mlmd_errors.FailedPreconditionError)
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


class MetadataFileError(MetadataStoreError):
    """SQLite cannot do what was asked; none of it is done."""


class MetadataGoneError(MetadataFileError):
    """Somebody removed the file, and all that was recorded in it."""


class FileStore(metadata_store.MetadataStore):
    """ML Metadata's handle of a store in a file, which takes calls again once what was in the way is gone.

    ML Metadata leaves a transaction open that SQLite could not write, for want of space, and refuses all that is asked
    from then on. So the connection is given up, and the next call makes another.
    """

    def __init__(self, config: mlmd.ConnectionConfig) -> None:
        """Connects."""
        super().__init__(config)
        self._config = config
        self._is_open = True

    def _call_method(self, method_name: str, request: Message, response: Message) -> None:
        """All that is asked goes through here; upstream has no public place for all of it."""
        path = Path(self._config.sqlite.filename_uri)
        try:
            if not self._is_open and path.exists():  # else SQLite would make another
                super().__init__(self._config)
                self._is_open = True
            if self._is_open:
                super()._call_method(method_name, request, response)
                return
        except (*_BROKEN_OFF, RuntimeError) as error:
            self._metadata_store = None  # rolls back
            self._is_open = False
            if path.exists():
                raise _fails(path, str(error)) from error
        raise MetadataGoneError("the metadata store is gone", where=str(path), why="its file was removed")


def is_sqlite_url(name: str) -> bool:
    """Whether a URL names a SQLite file: sqlite:///relative or sqlite:////absolute, as SQLAlchemy has it."""
    return name.lower().startswith("sqlite:")


def path_of_url(url: str) -> Path:
    """The file that such a URL names.

    Raises:
        MetadataStoreError: it names none.
    """
    path = url[len(_SCHEME) :] if url.lower().startswith(_SCHEME) else ""
    if not path or path.startswith(":memory:"):
        raise MetadataStoreError(
            "the URL of the metadata store cannot be read",
            where=url,
            why="it names no file",
            next_step="set it to sqlite:///a/relative/path or sqlite:////an/absolute/path",
        )
    return Path(path)


def opened_file(config: mlmd.ConnectionConfig, *, to_read: bool) -> metadata_store.MetadataStore:
    """ML Metadata's handle of a SQLite store, which is made where it is missing.

    Args:
        config: how ML Metadata is told of it.
        to_read: nothing is to be written; so it may be where nothing can be.

    Raises:
        MetadataStoreError: it cannot be opened. It is left as it was.
    """
    path = Path(config.sqlite.filename_uri)
    try:
        if not to_read:
            _check_writable(path)
        with _alone(path, optional=to_read and path.exists()):
            return FileStore(config)
    except OSError as error:
        raise _unreachable(path, error.strerror or str(error), to_read=to_read) from error
    except RuntimeError as error:
        raise refusal(path, str(error), to_read=to_read) from error


def _check_writable(path: Path) -> None:
    """SQLite opens a file that cannot be written, and fails when it is written to.

    Raises:
        OSError: it cannot be written.
    """
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "the file cannot be written")


@contextmanager
def _alone(path: Path, *, optional: bool) -> Iterator[None]:
    """Two processes that create one SQLite store at once would each find half of the other's tables."""
    try:
        lock_file = open(path.with_suffix(".lock"), "w")  # noqa: SIM115 - closed below
    except OSError as error:
        if not optional or error.errno not in _READ_ONLY:
            raise
        yield  # nobody creates anything in a folder that cannot be written
        return
    with lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def refusal(path: Path, message: str, *, to_read: bool) -> MetadataStoreError:
    """What is wrong with a file, and what to do, from what ML Metadata says of it."""
    why = _reason(message)
    if is_of_another_schema(message):
        return of_another_schema(message, str(path), is_file=True)
    if any(words in message for words in _LOCKED):
        return MetadataStoreError(
            "the metadata store is locked by another program; nothing is wrong with it",
            where=str(path),
            why="a program holds a lock on the file, and did not let go of it while this command waited",
            next_step=f"fuser -v {shlex.quote(str(path))}  # says which; when it has ended, do the same again",
        )
    if any(words in message for words in _BROKEN):
        file = shlex.quote(str(path))
        return MetadataStoreError(
            "the metadata store cannot be opened; it was left as it is",
            where=str(path),
            why=why,
            next_step=f"mv {file} {file}.broken  # then run again: a new store is made, the old one is kept",
        )
    if _FULL in why:
        return MetadataStoreError(_NO_SPACE, where=str(path), why=why)
    return _unreachable(path, why, to_read=to_read)


def _fails(path: Path, message: str) -> MetadataFileError:
    why = _reason(message)
    what = _NO_SPACE if _FULL in why else "the metadata store fails"
    return MetadataFileError(what, where=str(path), why=why)


def _reason(message: str) -> str:
    return message.partition("\n")[0].removeprefix("Error when executing query: ").split(" query:")[0]


def _unreachable(path: Path, why: str, *, to_read: bool) -> MetadataStoreError:
    verb = "read" if to_read else "read and written"
    return MetadataStoreError(
        f"the metadata store cannot be {verb}; nothing is wrong with it, as far as is known",
        where=str(path),
        why=f"{why}{_of_whom(path)}",
        next_step=f"ls -ld {shlex.quote(str(path.parent))} {shlex.quote(str(path))}",
    )


def _of_whom(path: Path) -> str:
    """What of the path is in the way."""
    if path.is_dir():
        return ": it is a folder"
    if not path.parent.is_dir():
        return f": there is no folder {path.parent}"
    return ""
