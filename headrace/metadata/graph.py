"""Executions, artifacts and the events between them: what something was made from, and what was made from it.

Each step back or forth is two calls for all that it has reached, however much that is.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata.properties import CONDITION_INPUTS, KEY
from headrace.metadata.records import RESOLVING_TYPES, Artifact, Execution
from headrace.metadata.store import MetadataStore

# What is read under these keys is compared with, and nothing is made from it.
COMPARED_WITH = frozenset({"baseline_model", "ingested"})
_COMPARED = {"baseline_model": "model"}  # the keys of what is compared with it
# How TFX's keys begin for what a node does not take as an input: what its condition or a parameter of it reads.
IMPLICIT = "_"
_INPUTS = (mlmd.Event.INPUT, mlmd.Event.DECLARED_INPUT)
_OUTPUTS = (mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT)
_FOUND = (mlmd.Event.INTERNAL_OUTPUT,)
_AT_ONCE = 5000  # ids in a call
Found = TypeVar("Found")


@dataclass(frozen=True, order=True)
class Event:
    """An execution read an artifact, or made it."""

    execution: int
    artifact: int
    key: str  # of the node's input or output
    index: int  # among the artifacts under that key
    is_output: bool


@dataclass(frozen=True)
class Graph:
    """Records by id, and the events between them."""

    executions: Mapping[int, Execution]
    artifacts: Mapping[int, Artifact]
    events: tuple[Event, ...]
    found: tuple[Event, ...] = ()  # what resolvers chose of what others had made; `is_output` is set

    def inputs(self, execution_id: int) -> dict[str, list[Artifact]]:
        """What an execution read, by input key, as far as it is in the graph."""
        return self._by_key(self._of_execution.get(execution_id, ()), is_output=False)

    def outputs(self, execution_id: int) -> dict[str, list[Artifact]]:
        """What an execution made, by output key, as far as it is in the graph."""
        return self._by_key(self._of_execution.get(execution_id, ()), is_output=True)

    def producer(self, artifact_id: int) -> Execution | None:
        """The execution that made an artifact; None where it is not in the graph."""
        events = [one for one in self._of_artifact.get(artifact_id, ()) if one.is_output]
        return self.executions[min(one.execution for one in events)] if events else None

    def consumers(self, artifact_id: int) -> list[Execution]:
        """The executions that read an artifact, in the order they were registered."""
        ids = sorted({one.execution for one in self._of_artifact.get(artifact_id, ()) if not one.is_output})
        return [self.executions[one] for one in ids]

    def choosers(self, execution: Execution) -> dict[tuple[str, int], Execution]:
        """The resolvers that chose what an execution read, by input key and artifact.

        ML Metadata has no event between the two: it is a resolver of the same run that found what the execution read,
        unless a node of the run made that, or took it from the cache; then only what is compared with was chosen.
        """
        made = {one.artifact for one in self.events if one.is_output and self._is_of_run(one.execution, execution.run)}
        chosen = {
            one.artifact: one.execution for one in self.found if self._is_of_run(one.execution, execution.run)
        }  # the last one, where several found it
        read = [one for one in self._of_execution.get(execution.id, ()) if not one.is_output]
        return {
            (one.key, one.artifact): self.executions[chosen[one.artifact]]
            for one in read
            if one.artifact in chosen and (one.artifact not in made or one.key in COMPARED_WITH)
        }

    def of_type(self, *types: str) -> list[Artifact]:
        """The artifacts of some types, in the order they were recorded."""
        return sorted((one for one in self.artifacts.values() if one.type in types), key=lambda one: one.id)

    def _is_of_run(self, execution_id: int, run: str) -> bool:
        return bool(run) and self.executions[execution_id].run == run

    @cached_property
    def _of_execution(self) -> dict[int, list[Event]]:
        return _grouped(self.events, lambda event: event.execution)

    @cached_property
    def _of_artifact(self) -> dict[int, list[Event]]:
        return _grouped(self.events, lambda event: event.artifact)

    def _by_key(self, events: Iterable[Event], *, is_output: bool) -> dict[str, list[Artifact]]:
        found: dict[str, list[Artifact]] = {}
        for event in sorted(events, key=lambda one: (one.key, one.index)):
            if event.is_output == is_output:
                found.setdefault(event.key, []).append(self.artifacts[event.artifact])
        return found


class GraphReader:
    """Collects a graph from a store."""

    def __init__(self, store: MetadataStore) -> None:
        """Takes the store, which is only read."""
        self._store = store
        self._events: set[Event] = set()
        self._found: set[Event] = set()

    def add_upstream(self, artifact_ids: Iterable[int], *, inputs_only: bool = False) -> None:
        """Adds all that some artifacts were made from.

        An artifact may be the output of many executions: the one that made it, then those that took it from
        the cache, and resolvers that found it. The first made it. What is only compared with is not followed, nor what
        only a condition read: that decides whether a node runs, and nothing is made from it.

        Args:
            artifact_ids: of which.
            inputs_only: do not follow what parameters read either: it decides how a node works, and is nothing that
                it works on.
        """
        seen: set[int] = set()
        made_by: set[int] = set()
        front = set(artifact_ids)
        while front:
            seen |= front
            made = self._made(front)
            self._events |= made
            new = {event.execution for event in made} - made_by
            made_by |= new
            read = [event for event in self._by_execution(new) if not event.is_output]
            self._events |= set(read)
            worked_on = [one for one in read if one.key not in COMPARED_WITH]
            followed = [one for one in worked_on if not (inputs_only and one.key.startswith(IMPLICIT))]
            front = {event.artifact for event in self._but_for_conditions(followed)} - seen

    def add_downstream(self, artifact_ids: Iterable[int]) -> None:
        """Adds all that was made from some artifacts; what was taken from the cache was not made anew."""
        seen: set[int] = set()
        worked: set[int] = set()
        front = set(artifact_ids)
        while front:
            seen |= front
            read = [one for one in self._by_artifact(front) if not one.is_output and one.key not in COMPARED_WITH]
            read = self._but_for_conditions(read)
            new = self._that_worked({event.execution for event in read} - worked)
            worked |= new
            self._events |= {event for event in read if event.execution in worked}
            made = [event for event in self._by_execution(new) if event.is_output]
            self._events |= set(made)
            front = {event.artifact for event in made} - seen

    def add_findings(self, artifact_ids: Iterable[int], types: Collection[str]) -> None:
        """Adds what was found out about some artifacts: what read them, and made things of these types alone."""
        wanted = set(artifact_ids)
        readers = {event.execution for event in self._by_artifact(wanted) if not event.is_output}
        read = [one for one in self._by_execution(readers) if one.artifact in wanted and one.key not in COMPARED_WITH]
        events = self._by_execution(self._that_worked({event.execution for event in read if not event.is_output}))
        kinds = {
            one.id: one.type
            for one in self._store.artifacts_by_id({event.artifact for event in events if event.is_output})
        }
        made: dict[int, set[str]] = {}
        for event in events:
            if event.is_output:
                made.setdefault(event.execution, set()).add(kinds[event.artifact])
        finders = {execution for execution, its in made.items() if its <= set(types)}
        self._events |= {event for event in events if event.execution in finders}

    def add_executions(self, execution_ids: Iterable[int]) -> None:
        """Adds what some executions read and made, or took from the cache; of resolvers, what they found."""
        ids = list(execution_ids)
        self._events |= set(self._by_execution(ids))
        self._found |= set(_events(self._recorded(ids), _FOUND))

    def add_producers(self, artifact_ids: Iterable[int]) -> None:
        """Adds the executions that made some artifacts, and what these read."""
        made = self._made(artifact_ids)
        read = self._by_execution({event.execution for event in made})
        self._events |= made | {event for event in read if not event.is_output}

    def made_by(self, execution_ids: Iterable[int]) -> set[int]:
        """The artifacts that some executions made, or took from the cache."""
        return {event.artifact for event in self._by_execution(execution_ids) if event.is_output}

    def made(self) -> list[Artifact]:
        """The artifacts whose making was collected so far."""
        return self._store.artifacts_by_id({event.artifact for event in self._events if event.is_output})

    def artifacts(self, artifact_ids: Iterable[int] = ()) -> list[Artifact]:
        """The artifacts that were collected so far, and these."""
        events = self._events | self._found
        return self._store.artifacts_by_id({*artifact_ids, *(event.artifact for event in events)})

    def graph(
        self, artifact_ids: Iterable[int] = (), execution_ids: Iterable[int] = (), *, named: bool = True
    ) -> Graph:
        """What was collected; and these records, whether there are events of them or not.

        Args:
            artifact_ids: of artifacts.
            execution_ids: of executions.
            named: look for the pipeline, node and run of each execution, see `MetadataStore.executions_by_id`.
        """
        artifacts = self.artifacts(artifact_ids)
        worked = {*execution_ids, *(event.execution for event in self._events | self._found)}
        executions = {one.id: one for one in self._store.executions_by_id(worked, named=named)}
        # In a part of a run what a resolver had found before is recorded as if the resolver had made it.
        found = {one for one in self._events if one.is_output and executions[one.execution].type in RESOLVING_TYPES}
        return Graph(
            executions,
            {one.id: one for one in artifacts},
            tuple(sorted(self._events - found)),
            tuple(sorted(self._found | found)),
        )

    def _made(self, artifact_ids: Iterable[int]) -> set[Event]:
        """Of each artifact the event in which it was made: its first as an output."""
        first: dict[int, Event] = {}
        for event in self._by_artifact(artifact_ids):
            if event.is_output and (event.artifact not in first or event.execution < first[event.artifact].execution):
                first[event.artifact] = event
        return set(first.values())

    def _that_worked(self, execution_ids: set[int]) -> set[int]:
        found = self._in_bulk(execution_ids, self._store.handle.get_executions_by_id)
        return {one.id for one in found if one.last_known_state == mlmd.Execution.COMPLETE}

    def _but_for_conditions(self, read: Iterable[Event]) -> list[Event]:
        """Without what only conditions read: what is recorded to be so; all that is implicit, where nothing is."""
        events = list(read)
        ids = {one.execution for one in events if one.key.startswith(IMPLICIT)}
        found = {one.id: one for one in self._in_bulk(ids, self._store.handle.get_executions_by_id)}

        def only_a_condition_read(event: Event) -> bool:
            if not event.key.startswith(IMPLICIT):
                return False
            own = found[event.execution].custom_properties
            if CONDITION_INPUTS in own:
                return event.key in json.loads(own[CONDITION_INPUTS].string_value)
            return KEY not in own  # with one, Headrace recorded it, and it has no condition

        return [one for one in events if not only_a_condition_read(one)]

    def _by_artifact(self, ids: Iterable[int]) -> list[Event]:
        return _events(self._in_bulk(ids, self._store.handle.get_events_by_artifact_ids))

    def _by_execution(self, ids: Iterable[int]) -> list[Event]:
        events = _events(self._recorded(ids))
        return [*events, *_compared_with_itself(events)]

    def _recorded(self, execution_ids: Iterable[int]) -> list[mlmd.Event]:
        return self._in_bulk(execution_ids, self._store.handle.get_events_by_execution_ids)

    def _in_bulk(self, ids: Iterable[int], ask: Callable[[Sequence[int]], Iterable[Found]]) -> list[Found]:
        ordered = sorted(set(ids))
        with self._store.lock:
            return [one for start in range(0, len(ordered), _AT_ONCE) for one in ask(ordered[start : start + _AT_ONCE])]


def _events(recorded: Iterable[mlmd.Event], kinds: Collection[int] = (*_INPUTS, *_OUTPUTS)) -> list[Event]:
    return [
        Event(one.execution_id, one.artifact_id, *_path(one), is_output=one.type not in _INPUTS)
        for one in recorded
        if one.type in kinds
    ]


def _compared_with_itself(events: Iterable[Event]) -> Iterator[Event]:
    """That a model was read, where it was its own baseline: ML Metadata keeps one event of what was read twice."""
    for its in _grouped((one for one in events if not one.is_output), lambda event: event.execution).values():
        keys = {one.key for one in its}
        yield from (
            replace(one, key=_COMPARED[one.key])
            for one in its
            if one.key in _COMPARED and _COMPARED[one.key] not in keys
        )


def _path(event: mlmd.Event) -> tuple[str, int]:
    """The key and the index; other tools' events may lack either."""
    steps = event.path.steps
    key = next((step.key for step in steps if step.WhichOneof("value") == "key"), "")
    return key, next((step.index for step in steps if step.WhichOneof("value") == "index"), 0)


def _grouped(events: Iterable[Event], key: Callable[[Event], int]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(key(event), []).append(event)
    return found
