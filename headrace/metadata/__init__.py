"""ML Metadata as plain frozen records: the only room that imports ml_metadata."""

from headrace.metadata.messages import recordable
from headrace.metadata.records import Artifact, Execution, Property, Run, State
from headrace.metadata.store import MetadataStore

__all__ = ["Artifact", "Execution", "MetadataStore", "Property", "Run", "State", "recordable"]
