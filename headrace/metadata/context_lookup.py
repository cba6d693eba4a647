"""Contexts by type and name, where ML Metadata says in two ways that there is none."""

from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd


def context_named(handle: metadata_store.MetadataStore, type_name: str, name: str) -> mlmd.Context | None:
    """The context of a type and a name, or None."""
    try:
        return handle.get_context_by_type_and_name(type_name, name)
    except mlmd_errors.NotFoundError:  # ML Metadata 1.17 raises where later ones return None
        return None


def contexts_of_type(handle: metadata_store.MetadataStore, name: str) -> list[mlmd.Context]:
    """All contexts of a type."""
    try:
        return list(handle.get_contexts_by_type(name))
    except mlmd_errors.NotFoundError:  # nothing was run yet
        return []
