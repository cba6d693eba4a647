"""What ML Metadata holds, as plain frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

Property = int | float | str | bool
# States of an artifact, in ML Metadata's words.
LIVE, MARKED_FOR_DELETION, DELETED = "LIVE", "MARKED_FOR_DELETION", "DELETED"
RESOLVER = "tfx.dsl.components.common.resolver.Resolver"
IMPORTER = "tfx.dsl.components.common.importer.Importer"
PIPELINE_BEGIN, PIPELINE_END = "tfx.orchestration.pipeline.Pipeline_begin", "tfx.orchestration.pipeline.Pipeline_end"
# Types of executions that hand on what others made, and make nothing.
RESOLVING_TYPES = frozenset({RESOLVER, PIPELINE_BEGIN, PIPELINE_END})


class State(StrEnum):
    """An execution's state, in ML Metadata's words."""

    UNKNOWN = "UNKNOWN"
    NEW = "NEW"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    CACHED = "CACHED"
    CANCELED = "CANCELED"

    @property
    def succeeded(self) -> bool:
        """Its outputs can be used."""
        return self in (State.COMPLETE, State.CACHED)


@dataclass(frozen=True)
class Run:
    """One run of a pipeline."""

    id: str  # TFX's pipeline_run_id
    pipeline: str
    started: datetime
    context_id: int
    properties: Mapping[str, Property] = field(default_factory=dict)


@dataclass(frozen=True)
class Execution:
    """One execution of a node."""

    id: int
    node: str  # the node's id within its pipeline; "inner.Trainer", if it is one of the sub-pipeline `inner`
    type: str  # the component's class path
    state: State
    started: datetime
    ended: datetime  # the last change: the end, where it has ended
    properties: Mapping[str, Property] = field(default_factory=dict)
    pipeline: str = ""  # the pipeline that runs; not the sub-pipeline in it
    run: str = ""  # the id of its run; empty where it is of none

    @property
    def seconds(self) -> float:
        """From its registration to its last change."""
        return (self.ended - self.started).total_seconds()


@dataclass(frozen=True)
class Artifact:
    """One artifact."""

    id: int
    type: str  # "Examples", "Model", ...
    uri: str  # the folder that holds it
    state: str  # LIVE, MARKED_FOR_DELETION, DELETED, ...
    created: datetime
    properties: Mapping[str, Property] = field(default_factory=dict)


def time_of(milliseconds: int) -> datetime:
    """ML Metadata's milliseconds since 1970, as a time in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
