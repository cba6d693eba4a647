"""How a store is opened: which one a project has, in a file or on a server."""

from pathlib import Path

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.errors import MetadataStoreError
from headrace.metadata.schema_versions import is_of_another_schema, of_another_schema
from headrace.metadata.server import Server, connected
from headrace.metadata.sqlite_file import is_sqlite_url, opened_file, path_of_url
from headrace.settings import Settings


def project_config(settings: Settings) -> mlmd.ConnectionConfig:
    """How ML Metadata is told of a project's store.

    Raises:
        MetadataStoreError: the URL that is set cannot be read.
    """
    if settings.metadata:
        return _config_of_url(settings.metadata.get_secret_value())
    return sqlite_config(settings.metadata_path)


def named_config(name: str) -> mlmd.ConnectionConfig:
    """How ML Metadata is told of the store that a path, or a URL, names.

    Raises:
        MetadataStoreError: the URL cannot be read.
    """
    is_url = "://" in name or is_sqlite_url(name)
    return _config_of_url(name) if is_url else sqlite_config(Path(name).expanduser())


def sqlite_config(path: Path) -> mlmd.ConnectionConfig:
    """How ML Metadata is told of a SQLite file."""
    return mlmd.ConnectionConfig(sqlite=mlmd.SqliteMetadataSourceConfig(filename_uri=str(path)))


def opened(config: mlmd.ConnectionConfig, *, to_read: bool = False) -> metadata_store.MetadataStore:
    """ML Metadata's handle of a store, which is made where it is missing.

    Args:
        config: how ML Metadata is told of it.
        to_read: nothing is to be written to it.

    Raises:
        MetadataStoreError: it cannot be opened. It is left as it was.
    """
    if server := Server.of(config):
        return connected(config, server)
    if config.sqlite.filename_uri:
        return opened_file(config, to_read=to_read)
    try:
        return metadata_store.MetadataStore(config)
    except RuntimeError as error:
        where = str(config.WhichOneof("config"))
        if is_of_another_schema(str(error)):
            raise of_another_schema(str(error), where) from error
        raise MetadataStoreError("the metadata store cannot be opened", where=where, why=str(error)) from error


def _config_of_url(url: str) -> mlmd.ConnectionConfig:
    return sqlite_config(path_of_url(url)) if is_sqlite_url(url) else Server.read(url).config()
