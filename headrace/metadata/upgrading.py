"""Upgrades a SQLite store of an older ML Metadata: a copy of it, which takes its place when it is whole."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml_metadata.metadata_store import metadata_store

from headrace.errors import MetadataStoreError, UserError
from headrace.metadata.connecting import sqlite_config
from headrace.metadata.sqlite_file import refusal

_COUNTED = ("Artifact", "Execution", "Event")  # tables that every schema has
_NEXT = "do the same again when no program uses it any more"


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade did."""

    old: Path  # where the file is that was upgraded, as it was
    before: int  # its schema
    now: int


def upgrade(path: Path) -> Upgraded | None:
    """Upgrades the store at `path` to the schema of the ML Metadata that is installed.

    Nobody can write to the store meanwhile. Wherever it is interrupted, `path` is the old file or the new one, whole.

    Returns:
        What was done; None where its schema is that already.

    Raises:
        UserError: there is no such file, or a program uses it.
        MetadataStoreError: it is no metadata store, or cannot be upgraded. It is left as it was.
    """
    if not path.is_file():
        raise UserError("there is no such file", where=str(path), next_step=f"ls {path.parent}")
    copy = path.with_name(f"{path.name}.upgrading")
    try:
        with _held(path) as held:
            before, counts = _schema(held), _counts(held)
            copy.unlink(missing_ok=True)
            # A second connection reads, for what is held is never copied; a plain copy of the file would let go of it.
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            now = _migrated(copy, counts, before)
            if now == before:
                return None
            old = path.with_name(f"{path.name}.schema{before}")
            old.unlink(missing_ok=True)
            os.link(path, old)
            os.replace(copy, path)
    except sqlite3.Error as error:
        raise refusal(path, str(error), to_read=False) from error
    except OSError as error:
        raise MetadataStoreError(
            "the metadata store cannot be upgraded; it was left as it is",
            where=str(path),
            why=error.strerror or str(error),
            next_step=f"ls -ld {path.parent} {path}",
        ) from error
    finally:
        copy.unlink(missing_ok=True)
    return Upgraded(old, before, now)


@contextmanager
def _held(path: Path) -> Iterator[sqlite3.Connection]:
    """The store, which others can only read meanwhile."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            # Its latest pages are in a file of their own, which would be taken for the new store's.
            connection.execute("PRAGMA journal_mode = DELETE")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            what = "a program writes to the metadata store"
            raise UserError(what, where=str(path), why=str(error), next_step=_NEXT) from error
        yield connection


def _migrated(copy: Path, counts: dict[str, int], before: int) -> int:
    """Has ML Metadata upgrade the copy, and returns its new schema.

    Raises:
        MetadataStoreError: it cannot, or something is missing afterwards.
    """
    try:
        metadata_store.MetadataStore(sqlite_config(copy), enable_upgrade_migration=True)
    except RuntimeError as error:
        raise refusal(copy, str(error), to_read=False) from error
    with closing(sqlite3.connect(copy)) as upgraded:
        if _counts(upgraded) != counts:
            raise MetadataStoreError(
                "the metadata store cannot be upgraded; it was left as it is",
                where=str(copy),
                why=f"ML Metadata lost records on the way from schema {before}: {counts} became {_counts(upgraded)}",
            )
        return _schema(upgraded)


def _schema(connection: sqlite3.Connection) -> int:
    """The version of the schema; 0 before it was written down."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= set(_COUNTED):
        raise sqlite3.DatabaseError("it has none of ML Metadata's tables")
    return int(connection.execute("SELECT schema_version FROM MLMDEnv").fetchone()[0]) if "MLMDEnv" in tables else 0


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _COUNTED}
