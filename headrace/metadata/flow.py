"""What executions read and made: all that a store knows of it, read at once."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata.records import Run
from headrace.metadata.store import MetadataStore

_READ = (mlmd.Event.INPUT, mlmd.Event.DECLARED_INPUT, mlmd.Event.INTERNAL_INPUT)
_MADE = (mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT)
_EXECUTIONS_A_CALL = 1000


@dataclass(frozen=True)
class Flow:
    """The ids of artifacts, by the ids of executions."""

    read: Mapping[int, Set[int]]
    made: Mapping[int, Set[int]]  # a cached execution made what it took over
    named: Mapping[int, Set[int]]  # all of them, and what a resolver hands on, which it did not make

    @classmethod
    def of(cls, store: MetadataStore, executions: Iterable[int]) -> "Flow":
        """Reads what these executions read and made."""
        ids, read, made, named = list(executions), dict[int, set[int]](), dict[int, set[int]](), dict[int, set[int]]()
        for first in range(0, len(ids), _EXECUTIONS_A_CALL):
            with store.lock:
                events = store.handle.get_events_by_execution_ids(ids[first : first + _EXECUTIONS_A_CALL])
            for event in events:
                named.setdefault(event.execution_id, set()).add(event.artifact_id)
                if event.type in _READ or event.type in _MADE:
                    kind = read if event.type in _READ else made
                    kind.setdefault(event.execution_id, set()).add(event.artifact_id)
        return cls(read, made, named)

    @cached_property
    def makers(self) -> dict[int, list[int]]:
        """The executions that made each artifact, the first one first."""
        makers: dict[int, list[int]] = {}
        for execution in sorted(self.made):
            for artifact in self.made[execution]:
                makers.setdefault(artifact, []).append(execution)
        return makers

    def behind(self, executions: Iterable[int]) -> set[int]:
        """These executions, those that made what they read, and so on."""
        found, new = set[int](), set(executions)
        while new:
            found |= new
            read = {artifact for execution in new for artifact in self.read.get(execution, ())}
            new = {maker for artifact in read for maker in self.makers.get(artifact, ())} - found
        return found


def executions_by_run(store: MetadataStore, runs: Iterable[Run]) -> dict[str, set[int]]:
    """The ids of the executions of each run, by the run's id."""
    with store.lock:
        return {run.id: {one.id for one in store.handle.get_executions_by_context(run.context_id)} for run in runs}
