"""A store whose tables are those of another ML Metadata: what is said of it, and what to do."""

import re
import shlex

from headrace.errors import MetadataStoreError

# What ML Metadata says of it, and of nothing else.
_OTHER = re.compile(r"database version (\d+) is (older|greater) than library version (\d+)")


def is_of_another_schema(message: str) -> bool:
    """Whether ML Metadata refused a store because of its schema."""
    return _OTHER.search(message) is not None


def of_another_schema(message: str, where: str, *, is_file: bool = False) -> MetadataStoreError:
    """What is wrong, and what to do about it.

    Args:
        message: ML Metadata's, of which `is_of_another_schema` holds.
        where: the store.
        is_file: it is a SQLite file, which Headrace can upgrade.
    """
    found = _OTHER.search(message)
    assert found is not None
    version, order, known = found.groups()
    if order == "greater":
        return MetadataStoreError(
            "the metadata store was made by a newer ML Metadata; it was left as it is",
            where=where,
            why=f"its schema is {version}, and the ML Metadata that is installed knows {known}",
            next_step="use it with the environment that made it, or upgrade ml-metadata here",
        )
    next_step = "copy the database with the server's own tools, and let a migrating ML Metadata open the copy"
    if is_file:
        next_step = f"headrace upgrade {shlex.quote(where)}  # works on a copy; the old file is kept"
    return MetadataStoreError(
        "the metadata store is of an older schema; it was left as it is",
        where=where,
        why=f"its schema is {version}, and the ML Metadata that is installed reads {known}",
        next_step=next_step,
    )
