"""How a store is opened: which one a project has, and what is said where that fails."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.errors import MetadataStoreError
from headrace.metadata.server import Server, connected
from headrace.settings import Settings


def project_config(settings: Settings) -> mlmd.ConnectionConfig:
    """How ML Metadata is told of a project's store.

    Raises:
        MetadataStoreError: the URL that is set cannot be read.
    """
    if settings.metadata:
        return Server.read(settings.metadata.get_secret_value()).config()
    return sqlite_config(settings.metadata_path)


def sqlite_config(path: Path) -> mlmd.ConnectionConfig:
    """How ML Metadata is told of a SQLite file."""
    return mlmd.ConnectionConfig(sqlite=mlmd.SqliteMetadataSourceConfig(filename_uri=str(path)))


def opened(config: mlmd.ConnectionConfig) -> metadata_store.MetadataStore:
    """ML Metadata's handle of a store, which is made where it is missing.

    Raises:
        MetadataStoreError: it cannot be opened. It is left as it was.
    """
    if server := Server.of(config):
        return connected(config, server)
    file = config.sqlite.filename_uri
    try:
        with _alone(Path(file)) if file else nullcontext():
            return metadata_store.MetadataStore(config)
    except (RuntimeError, OSError) as error:
        aside = f"mv {file} {file}.broken  # then run again: a new store is made, the old one is kept"
        raise MetadataStoreError(
            "the metadata store cannot be opened; it was left as it is",
            where=file or config.WhichOneof("config"),
            why=str(error).removeprefix("Error when executing query: ").split(" query:")[0],
            next_step=aside if file else "",
        ) from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two processes that create one SQLite store at once would each find half of the other's tables."""
    with open(path.with_suffix(".lock"), "w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield
