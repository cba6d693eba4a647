"""What a store is called: its file, or its server and database; never with a password."""

import os

from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata.server import Server


def address_of(config: mlmd.ConnectionConfig) -> str:
    """The absolute path of a SQLite file, or a server's URL without its password; empty for what has no such name."""
    if server := Server.of(config):
        return str(server)
    file = config.sqlite.filename_uri
    if not file or file.startswith((":memory:", "file:")):
        return ""
    return os.path.realpath(file)
