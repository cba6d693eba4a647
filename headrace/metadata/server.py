"""A metadata store on a server: MySQL or PostgreSQL, as one URL names it.

ML Metadata makes its tables in a database that is there; it makes no database here,
for one that is made by a mistyped name is found empty.
"""

import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from google.protobuf.message import Message
from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.errors import MetadataStoreError
from headrace.metadata.postgresql_texts import decode, encoded

MYSQL, POSTGRESQL = "mysql", "postgresql"
FORM = "postgresql://user:password@host:port/database, mysql://... or sqlite:///path"
_PORTS = {MYSQL: 3306, POSTGRESQL: 5432}
_PASSWORD_VARIABLES = {MYSQL: "MYSQL_PWD", POSTGRESQL: "PGPASSWORD"}  # of the servers' own clients
_ANSWER_SECONDS = 10.0  # to take a connection
_CREATION_SECONDS = 30.0  # for another process to make the tables
_PAUSE_SECONDS = 0.1
# What ML Metadata says where another process makes the tables at this moment.
_BEING_MADE = (
    "concurrent connection to the empty database", "duplicate key value", "already exists",
    "Duplicate entry", "try restarting transaction",  # MySQL's, of a deadlock and of a lock that was waited for in vain
    "deadlock detected",
)  # fmt: skip
# What MySQL would say of a refused login; ML Metadata loses it.
_REFUSED = (
    "it answers, and refuses the login: the user, the password or the host that the user may come from is wrong, "
    "or the user logs in by another plugin than mysql_native_password"
)
_CREATE = {
    MYSQL: "CREATE DATABASE {} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;",  # others take Taxi and taxi for one name
    POSTGRESQL: "CREATE DATABASE {};",
}


@dataclass(frozen=True)
class Server:
    """A database on a server."""

    kind: str  # MYSQL or POSTGRESQL
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str

    @classmethod
    def read(cls, url: str) -> "Server":
        """Takes a URL apart; what is special in a URL is %-encoded in its user, password and database.

        Raises:
            MetadataStoreError: it cannot be read. The message has no part of it that could be of a password.
        """
        try:
            parts = urlsplit(url)
            kind, port = parts.scheme, parts.port
            host, user, database = parts.hostname or "", parts.username or "", unquote(parts.path[1:])
        except ValueError:  # its text has the part that is wrong
            why = "its port or host is not valid; a special character in a password has to be %-encoded"
            raise _unreadable(why) from None
        if kind not in _PORTS:
            raise _unreadable("it begins neither with postgresql:// nor with mysql://")
        for value, name in ((host, "host"), (user, "user"), (database, "database")):
            if not value:
                raise _unreadable(f"it names no {name}")
        if parts.query or parts.fragment or "/" in database:
            raise _unreadable("there is something after the database; a special character in a password is %-encoded")
        return cls(kind, host, port or _PORTS[kind], unquote(user), unquote(parts.password or ""), database)

    @classmethod
    def of(cls, config: mlmd.ConnectionConfig) -> "Server | None":
        """The server of a pipeline's own configuration; None for another kind of store, or for a socket's file."""
        kind = config.WhichOneof("config")
        if kind not in _PORTS or not getattr(config, kind).host:
            return None
        own = getattr(config, kind)
        database = own.database if kind == MYSQL else own.dbname
        return cls(kind, own.host, int(own.port or _PORTS[kind]), own.user, own.password, database)

    def config(self) -> mlmd.ConnectionConfig:
        """How ML Metadata is told of it."""
        if self.kind == MYSQL:
            host = "127.0.0.1" if self.host == "localhost" else self.host  # a socket's file is meant by localhost
            mysql = mlmd.MySQLDatabaseConfig(
                host=host,
                port=self.port,
                user=self.user,
                password=self.password,
                database=self.database,
                skip_db_creation=True,
            )
            return mlmd.ConnectionConfig(mysql=mysql)
        postgresql = mlmd.PostgreSQLDatabaseConfig(
            host=self.host,
            port=str(self.port),
            user=_quoted(self.user),
            password=_quoted(self.password),
            dbname=_quoted(self.database),
            skip_db_creation=True,
        )
        return mlmd.ConnectionConfig(postgresql=postgresql)

    def __str__(self) -> str:
        """As a URL, without the password."""
        user, database = quote(self.user, safe=""), quote(self.database, safe="")
        return f"{self.kind}://{user}@{self.host}:{self.port}/{database}"


class ServedStore(metadata_store.MetadataStore):
    """ML Metadata's handle of a store on a server, which may be lost at any time."""

    def __init__(self, config: mlmd.ConnectionConfig, server: Server) -> None:
        """Connects; `server` is what errors name."""
        super().__init__(config)
        self._server = server

    def _call_method(self, method_name: str, request: Message, response: Message) -> None:
        """All that is asked goes through here; upstream has no public place for all of it."""
        is_postgresql = self._server.kind == POSTGRESQL
        try:
            super()._call_method(method_name, encoded(request) if is_postgresql else request, response)
        except mlmd_errors.InternalError as error:
            what, why = "the metadata store does not answer any more, or fails", str(error).partition("\n")[0]
            raise MetadataStoreError(what, where=str(self._server), why=why) from error
        if is_postgresql:
            decode(response)


def with_known_password(config: mlmd.ConnectionConfig, own: Server | None) -> mlmd.ConnectionConfig:
    """The configuration of a store, with the password that is known of its server where it has none.

    Args:
        config: of any store.
        own: the server that a setting names, with its password.
    """
    server = Server.of(config)
    if server is None or server.password not in ("", _quoted("")):
        return config
    if own and str(Server.of(own.config())) == str(server):
        return own.config()
    filled = mlmd.ConnectionConfig()
    filled.CopyFrom(config)
    password = os.environ.get(_PASSWORD_VARIABLES[server.kind], "")
    if server.kind == MYSQL:
        filled.mysql.password = password
    elif password:
        filled.postgresql.password = _quoted(password)
    return filled


def connected(config: mlmd.ConnectionConfig, server: Server) -> ServedStore:
    """Opens a store on a server; makes its tables where the database has none.

    Args:
        config: how ML Metadata is told of it.
        server: the same, for what is said of it.

    Raises:
        MetadataStoreError: the server does not answer or refuses, or there is no such database.
    """
    try:
        socket.create_connection((server.host, server.port), _ANSWER_SECONDS).close()
    except OSError as error:
        what, why = "the server of the metadata store does not answer", error.strerror or str(error)
        next_step = "start it, or correct the address (HEADRACE_METADATA, or metadata in [tool.headrace])"
        raise MetadataStoreError(what, where=str(server), why=why, next_step=next_step) from error
    deadline = time.monotonic() + _CREATION_SECONDS
    while True:
        with _native_log() as log:
            try:
                return ServedStore(config, server)
            except RuntimeError as error:
                message = str(error)
        if not any(words in message for words in _BEING_MADE) or time.monotonic() > deadline:
            raise _refused(server, message, log)
        time.sleep(_PAUSE_SECONDS)


def _refused(server: Server, message: str, log: list[str]) -> MetadataStoreError:
    """What is wrong, from ML Metadata's message and from what PostgreSQL's client has printed meanwhile."""
    said = " ".join([message, *log])
    if "Unknown database" in said or "does not exist" in said:
        return MetadataStoreError(
            "the database of the metadata store does not exist",
            where=str(server),
            next_step=f"in the server's own client: {_CREATE[server.kind].format(server.database)}",
        )
    # PostgreSQL's client quotes a configuration that it cannot read, the password in it.
    printed = [line.partition("PostgreSQL error:")[2] for line in log if "connection info string" not in line]
    if any(printed):
        why = next(filter(None, printed)).replace("FATAL:", "").strip()
    elif "mysql_real_connect failed" in message:
        why = _REFUSED
    else:
        why = message.rpartition("error: ")[2].split(" query:")[0].strip()
    return MetadataStoreError("the metadata store cannot be opened", where=str(server), why=why)


def _unreadable(why: str) -> MetadataStoreError:
    return MetadataStoreError(
        "the URL of the metadata store cannot be read",
        where="the setting 'metadata': HEADRACE_METADATA in the environment, or [tool.headrace] in pyproject.toml",
        why=why,
        next_step=f"set it to {FORM}",
    )


def _quoted(value: str) -> str:
    """As PostgreSQL's client reads a value, for ML Metadata hands it on as it is."""
    if value and not re.search(r"[\s'\\]", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@contextmanager
def _native_log() -> Iterator[list[str]]:
    """The lines that native code prints meanwhile: why PostgreSQL refuses stands nowhere else."""
    lines: list[str] = []
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            lines += file.read().decode(errors="replace").splitlines()
