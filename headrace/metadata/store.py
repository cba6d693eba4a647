"""The metadata store: questions in, plain records out.

One process, one owner: ML Metadata's Python handle is not thread-safe, so every
call takes the store's lock. No query uses `filter_query`, which ML Metadata 1.21
has no more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Self

from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.errors import MetadataStoreError
from headrace.metadata.address import address_of
from headrace.metadata.connecting import opened, project_config, sqlite_config
from headrace.metadata.context_lookup import context_named, contexts_of_type
from headrace.metadata.contexts import NODE, PIPELINE, PIPELINE_RUN, pipeline_of
from headrace.metadata.execution_records import execution_records
from headrace.metadata.messages import artifact_of, properties_of, set_value
from headrace.metadata.other_runs import PIPELINE_TYPE, other_runs
from headrace.metadata.patience import PatientHandle
from headrace.metadata.records import Artifact, Execution, Property, Run, State, time_of
from headrace.settings import Settings

__all__ = [
    "ConnectionConfig", "Context", "MetadataStore", "MlmdExecution", "Value", "project_config", "sqlite_config",
]  # fmt: skip

# For callers, who do not import ml_metadata.
ConnectionConfig, Context, MlmdExecution, Value = mlmd.ConnectionConfig, mlmd.Context, mlmd.Execution, mlmd.Value

_WRITES_A_CALL = 500


class MetadataStore:
    """Reads a metadata store, and writes what TFX does not."""

    def __init__(self, handle: metadata_store.MetadataStore, address: str = "") -> None:
        """Wraps an open handle; `open` and `connect` are the ways in. Without its address, it cannot be named."""
        self.handle = handle
        self.lock = RLock()
        self.address = address  # see `address_of`

    @classmethod
    def of_project(cls, settings: Settings) -> Self:
        """Opens a project's store, to read it: the one on the server that is set, or else the SQLite file.

        Raises:
            MetadataStoreError: it cannot be opened, or there is no file yet.
        """
        return cls.of_config(project_config(settings))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens the SQLite store at `path`, to read it.

        Raises:
            MetadataStoreError: there is no such file, or it is no metadata store. It is left as it was.
        """
        return cls.of_config(sqlite_config(path))

    @classmethod
    def of_config(cls, config: mlmd.ConnectionConfig) -> Self:
        """Opens a store, to read it.

        Raises:
            MetadataStoreError: it cannot be opened, or there is no such file. It is left as it was.
        """
        path = config.sqlite.filename_uri
        if path and not Path(path).exists():
            raise MetadataStoreError(
                "nothing is recorded yet: there is no metadata store", where=path, next_step="headrace run NAME"
            )
        return cls(opened(config, to_read=True), address_of(config))

    @classmethod
    def connect(cls, config: mlmd.ConnectionConfig) -> Self:
        """Opens a store, and makes it where it is missing.

        Raises:
            MetadataStoreError: it cannot be opened, or not be written. It is left as it was.
        """
        return cls(opened(config), address_of(config))

    def wait_for(self, config: mlmd.ConnectionConfig, tell: Callable[[str], None]) -> None:
        """From now on, waits while the store is locked or its server is away, as a run does.

        Args:
            config: how it was opened.
            tell: is told that the run waits, once each time.
        """
        self.handle = PatientHandle(self.handle, lambda: opened(config), tell)

    def pipelines(self) -> list[str]:
        """The names of all pipelines, those of sub-pipelines too."""
        with self.lock:
            own = [one.name for kind in (PIPELINE, PIPELINE_TYPE) for one in contexts_of_type(self.handle, kind)]
            others = [run.pipeline for run in other_runs(self.handle) if run.pipeline]
        return list(dict.fromkeys([*own, *others]))

    def runs(self, pipeline: str | None = None, limit: int | None = None) -> list[Run]:
        """The runs of a pipeline, or of all, the newest first; at most `limit` of them."""
        with self.lock:
            contexts = contexts_of_type(self.handle, PIPELINE_RUN)
            nodes = {context.name for context in contexts_of_type(self.handle, NODE)}
            parents: dict[int, list[str]] = {}
            for parent in contexts_of_type(self.handle, PIPELINE):
                for child in self.handle.get_children_contexts_by_context(parent.id):
                    parents.setdefault(child.id, []).append(parent.name)
            runs = [run for run in other_runs(self.handle) if pipeline in (None, run.pipeline)]
        for context in contexts:
            name = pipeline_of(context.name, parents.get(context.id, []), nodes)
            if name is not None and pipeline in (None, name):
                started = time_of(context.create_time_since_epoch)
                runs.append(Run(context.name, name, started, context.id, properties_of(context)))
        # Ids tell the order in which they were recorded; a clock may have been set back in between.
        return sorted(runs, key=lambda run: run.context_id, reverse=True)[:limit]

    def executions(self, run: Run | None = None) -> list[Execution]:
        """The executions of a run, or all, in the order they were registered."""
        if run:
            return self.executions_of([run])[run.id]
        with self.lock:
            return execution_records(self.handle, self.handle.get_executions())

    def executions_of(self, runs: Iterable[Run]) -> dict[str, list[Execution]]:
        """The executions of some runs, by the run's id, each run's in the order they were registered."""
        asked = list(runs)
        pipelines = {run.id: run.pipeline for run in asked}
        with self.lock:
            found = {run.id: self.handle.get_executions_by_context(run.context_id) for run in asked}
            every = [execution for executions in found.values() for execution in executions]
            records = execution_records(self.handle, every, with_runs=False)
        by_id = {record.id: record for record in records}
        return {
            run_id: [
                replace(by_id[one], run=run_id, pipeline=by_id[one].pipeline or pipelines[run_id])
                for one in sorted(each.id for each in ones)
            ]
            for run_id, ones in found.items()
        }

    def unfinished_without_run(self, pipeline: str) -> list[Execution]:
        """The executions of a pipeline that are NEW or RUNNING and of no run, as an ASYNC pipeline's are."""
        with self.lock:
            context = context_named(self.handle, PIPELINE, pipeline)
            found = self.handle.get_executions_by_context(context.id) if context else []
            unfinished = [one for one in found if one.last_known_state in (mlmd.Execution.NEW, mlmd.Execution.RUNNING)]
            types = {
                one.id: {around.type for around in self.handle.get_contexts_by_execution(one.id)} for one in unfinished
            }
            return execution_records(self.handle, [one for one in unfinished if PIPELINE_RUN not in types[one.id]])

    def execution(self, execution_id: int) -> Execution | None:
        """One execution, or None."""
        found = self.executions_by_id([execution_id])
        return found[0] if found else None

    def executions_by_id(self, execution_ids: Iterable[int], *, named: bool = True) -> list[Execution]:
        """Some executions, in the order they were registered; ids that there are not are left out.

        Args:
            execution_ids: of which.
            named: look for their pipeline, node and run, which takes a call for each; without, these are empty.
        """
        ids = sorted(execution_ids)
        with self.lock:
            return execution_records(self.handle, self.handle.get_executions_by_id(ids), named=named) if ids else []

    def artifacts_by_id(self, artifact_ids: Iterable[int]) -> list[Artifact]:
        """Some artifacts, in the order they were recorded; ids that there are not are left out."""
        ids = sorted(artifact_ids)
        with self.lock:
            found = self.handle.get_artifacts_by_id(ids) if ids else []
            return [artifact_of(one) for one in sorted(found, key=lambda one: one.id)]

    def artifacts(self, artifact_type: str | None = None) -> list[Artifact]:
        """The artifacts of a type ("Model"), or all, in the order they were recorded."""
        with self.lock:
            if artifact_type is None:
                found = self.handle.get_artifacts()
            else:
                try:
                    found = self.handle.get_artifacts_by_type(artifact_type)
                except mlmd_errors.NotFoundError:
                    found = []
            return [artifact_of(one) for one in sorted(found, key=lambda one: one.id)]

    def artifact(self, artifact_id: int) -> Artifact | None:
        """One artifact, or None."""
        found = self.artifacts_by_id([artifact_id])
        return found[0] if found else None

    def artifacts_at(self, uri: str) -> list[Artifact]:
        """The artifacts of a folder, in the order they were recorded."""
        with self.lock:
            found = self.handle.get_artifacts_by_uri(uri)
            return [artifact_of(one) for one in sorted(found, key=lambda one: one.id)]

    def artifact_of_name(self, name: str) -> Artifact | None:
        """The artifact that has this name in ML Metadata, or None; Headrace gives none, other runners do."""
        with self.lock:
            for kind in self.handle.get_artifact_types():
                if found := self.handle.get_artifact_by_type_and_name(kind.name, name):
                    return artifact_of(found)
        return None

    def inputs(self, execution_id: int) -> dict[str, list[Artifact]]:
        """What an execution read, by input key."""
        return self._events(execution_id, (mlmd.Event.INPUT, mlmd.Event.DECLARED_INPUT))

    def outputs(self, execution_id: int) -> dict[str, list[Artifact]]:
        """What an execution made, by output key."""
        return self._events(execution_id, (mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT))

    def latest(self, pipeline: str, run_id: str, node: str) -> Execution | None:
        """The newest execution of a node in a run, or None."""
        with self.lock:
            context = context_named(self.handle, PIPELINE_RUN, run_id)
            if context is None:
                return None
            found = execution_records(self.handle, self.handle.get_executions_by_context(context.id))
        executions = [one for one in found if (one.pipeline, one.node) == (pipeline, node)]
        return executions[-1] if executions else None

    def annotate(self, execution_id: int, properties: Mapping[str, Property], state: State | None = None) -> None:
        """Adds custom properties to an execution, and changes its state if one is given."""
        with self.lock:
            [execution] = self.handle.get_executions_by_id([execution_id])
            for name, value in properties.items():
                set_value(execution.custom_properties[name], value)
            if state:
                execution.last_known_state = mlmd.Execution.State.Value(state)
            self.handle.put_executions([execution])

    def annotate_run(self, run_id: str, properties: Mapping[str, Property]) -> None:
        """Adds custom properties to a run; does nothing where it has no context, as one of an ASYNC pipeline."""
        with self.lock:
            context = context_named(self.handle, PIPELINE_RUN, run_id)
            if context is None:
                return
            for name, value in properties.items():
                set_value(context.custom_properties[name], value)
            self.handle.put_contexts([context])

    def mark_artifacts(self, artifact_ids: Sequence[int], state: str) -> None:
        """Puts artifacts into a state, such as DELETED; all of them or, if it is interrupted, some."""
        for first in range(0, len(artifact_ids), _WRITES_A_CALL):
            with self.lock:
                found = self.handle.get_artifacts_by_id(artifact_ids[first : first + _WRITES_A_CALL])
                for artifact in found:
                    artifact.state = mlmd.Artifact.State.Value(state)
                self.handle.put_artifacts(found)

    def _events(self, execution_id: int, kinds: tuple[int, ...]) -> dict[str, list[Artifact]]:
        with self.lock:
            events = [one for one in self.handle.get_events_by_execution_ids([execution_id]) if one.type in kinds]
            found = {one.id: one for one in self.handle.get_artifacts_by_id([event.artifact_id for event in events])}
        by_key: dict[str, list[Artifact]] = {}
        for event in events:  # those of other tools may have no key
            key = next((step.key for step in event.path.steps if step.WhichOneof("value") == "key"), "")
            by_key.setdefault(key, []).append(artifact_of(found[event.artifact_id]))
        return by_key
