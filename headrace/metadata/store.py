"""The metadata store: questions in, plain records out.

One process, one owner: ML Metadata's Python handle is not thread-safe, so every
call takes the store's lock. No query uses `filter_query`, which ML Metadata 1.21
has no more.
"""

import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Self

from google.protobuf.json_format import MessageToDict
from ml_metadata import errors as mlmd_errors
from ml_metadata.metadata_store import ListOptions, OrderByField, metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.errors import MetadataStoreError
from headrace.metadata.contexts import NODE, PIPELINE, PIPELINE_RUN, node_of, pipeline_of
from headrace.metadata.records import Artifact, Execution, Property, Run, State, time_of
from headrace.metadata.server import Server, connected
from headrace.settings import Settings

# For callers, who do not import ml_metadata.
ConnectionConfig, Context, MlmdExecution, Value = mlmd.ConnectionConfig, mlmd.Context, mlmd.Execution, mlmd.Value

_JSON_VALUE = "__value__"  # the field under which TFX keeps a JSON value that is no object
_READS_A_CALL = 20  # executions that can be read in bulk in the time of one call
_WRITES_A_CALL = 500


class MetadataStore:
    """Reads a metadata store, and writes what TFX does not."""

    def __init__(self, handle: metadata_store.MetadataStore) -> None:
        """Wraps an open handle; `open` and `connect` are the ways in."""
        self.handle = handle
        self.lock = RLock()

    @classmethod
    def of_project(cls, settings: Settings) -> Self:
        """Opens a project's store, to read it: the one on the server that is set, or else the SQLite file.

        Raises:
            MetadataStoreError: it cannot be opened, or there is no file yet.
        """
        return cls.connect(project_config(settings)) if settings.metadata else cls.open(settings.metadata_path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens the SQLite store at `path`, to read it.

        Raises:
            MetadataStoreError: there is no such file, or it is no metadata store. It is left as it was.
        """
        if not path.exists():
            raise MetadataStoreError(
                "nothing is recorded yet: there is no metadata store", where=str(path), next_step="headrace run NAME"
            )
        return cls.connect(sqlite_config(path))

    @classmethod
    def connect(cls, config: mlmd.ConnectionConfig) -> Self:
        """Opens a store, and makes it where it is missing.

        Raises:
            MetadataStoreError: it cannot be opened. It is left as it was.
        """
        if server := Server.of(config):
            return cls(connected(config, server))
        file = config.sqlite.filename_uri
        try:
            with _alone(Path(file)) if file else nullcontext():
                return cls(metadata_store.MetadataStore(config))
        except (RuntimeError, OSError) as error:
            aside = f"mv {file} {file}.broken  # then run again: a new store is made, the old one is kept"
            raise MetadataStoreError(
                "the metadata store cannot be opened; it was left as it is",
                where=file or config.WhichOneof("config"),
                why=str(error).removeprefix("Error when executing query: ").split(" query:")[0],
                next_step=aside if file else "",
            ) from error

    def pipelines(self) -> list[str]:
        """The names of all pipelines, those of sub-pipelines too."""
        with self.lock:
            return [context.name for context in self._contexts_of_type(PIPELINE)]

    def runs(self, pipeline: str | None = None, limit: int | None = None) -> list[Run]:
        """The runs of a pipeline, or of all, the newest first; at most `limit` of them."""
        with self.lock:
            contexts = self._contexts_of_type(PIPELINE_RUN)
            nodes = {context.name for context in self._contexts_of_type(NODE)}
            parents: dict[int, list[str]] = {}
            for parent in self._contexts_of_type(PIPELINE):
                for child in self.handle.get_children_contexts_by_context(parent.id):
                    parents.setdefault(child.id, []).append(parent.name)
        runs = []
        for context in contexts:
            name = pipeline_of(context.name, parents.get(context.id, []), nodes)
            if name is not None and pipeline in (None, name):
                started = time_of(context.create_time_since_epoch)
                runs.append(Run(context.name, name, started, context.id, _properties(context)))
        return sorted(runs, key=lambda run: (run.started, run.context_id), reverse=True)[:limit]

    def executions(self, run: Run | None = None) -> list[Execution]:
        """The executions of a run, or all, in the order they were registered."""
        if run:
            return self.executions_of([run])[run.id]
        with self.lock:
            return self._executions(self.handle.get_executions())

    def executions_of(self, runs: Iterable[Run]) -> dict[str, list[Execution]]:
        """The executions of some runs, by the run's id, each run's in the order they were registered."""
        with self.lock:
            found = {run.id: self.handle.get_executions_by_context(run.context_id) for run in runs}
            every = [execution for executions in found.values() for execution in executions]
            records = self._executions(every, with_runs=False)
        by_id = {record.id: record for record in records}
        return {
            run_id: [replace(by_id[one], run=run_id) for one in sorted(each.id for each in ones)]
            for run_id, ones in found.items()
        }

    def unfinished_without_run(self, pipeline: str) -> list[Execution]:
        """The executions of a pipeline that are NEW or RUNNING and of no run, as an ASYNC pipeline's are."""
        with self.lock:
            context = self._context(PIPELINE, pipeline)
            found = self.handle.get_executions_by_context(context.id) if context else []
            unfinished = [one for one in found if one.last_known_state in (mlmd.Execution.NEW, mlmd.Execution.RUNNING)]
            types = {
                one.id: {around.type for around in self.handle.get_contexts_by_execution(one.id)} for one in unfinished
            }
            return self._executions([one for one in unfinished if PIPELINE_RUN not in types[one.id]])

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
            return self._executions(self.handle.get_executions_by_id(ids), named=named) if ids else []

    def artifacts_by_id(self, artifact_ids: Iterable[int]) -> list[Artifact]:
        """Some artifacts, in the order they were recorded; ids that there are not are left out."""
        ids = sorted(artifact_ids)
        with self.lock:
            found = self.handle.get_artifacts_by_id(ids) if ids else []
            return [self._artifact(one) for one in sorted(found, key=lambda one: one.id)]

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
            return [self._artifact(one) for one in sorted(found, key=lambda one: one.id)]

    def artifact(self, artifact_id: int) -> Artifact | None:
        """One artifact, or None."""
        found = self.artifacts_by_id([artifact_id])
        return found[0] if found else None

    def artifacts_at(self, uri: str) -> list[Artifact]:
        """The artifacts of a folder, in the order they were recorded."""
        with self.lock:
            found = self.handle.get_artifacts_by_uri(uri)
            return [self._artifact(one) for one in sorted(found, key=lambda one: one.id)]

    def artifact_of_name(self, name: str) -> Artifact | None:
        """The artifact that has this name in ML Metadata, or None; Headrace gives none, other runners do."""
        with self.lock:
            for kind in self.handle.get_artifact_types():
                if found := self.handle.get_artifact_by_type_and_name(kind.name, name):
                    return self._artifact(found)
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
            context = self._context(PIPELINE_RUN, run_id)
            if context is None:
                return None
            found = self._executions(self.handle.get_executions_by_context(context.id))
        executions = [one for one in found if (one.pipeline, one.node) == (pipeline, node)]
        return executions[-1] if executions else None

    def annotate(self, execution_id: int, properties: Mapping[str, Property], state: State | None = None) -> None:
        """Adds custom properties to an execution, and changes its state if one is given."""
        with self.lock:
            [execution] = self.handle.get_executions_by_id([execution_id])
            for name, value in properties.items():
                _set(execution.custom_properties[name], value)
            if state:
                execution.last_known_state = mlmd.Execution.State.Value(state)
            self.handle.put_executions([execution])

    def annotate_run(self, run_id: str, properties: Mapping[str, Property]) -> None:
        """Adds custom properties to a run; does nothing where it has no context, as one of an ASYNC pipeline."""
        with self.lock:
            context = self._context(PIPELINE_RUN, run_id)
            if context is None:
                return
            for name, value in properties.items():
                _set(context.custom_properties[name], value)
            self.handle.put_contexts([context])

    def mark_artifacts(self, artifact_ids: Sequence[int], state: str) -> None:
        """Puts artifacts into a state, such as DELETED; all of them or, if it is interrupted, some."""
        for first in range(0, len(artifact_ids), _WRITES_A_CALL):
            with self.lock:
                found = self.handle.get_artifacts_by_id(artifact_ids[first : first + _WRITES_A_CALL])
                for artifact in found:
                    artifact.state = mlmd.Artifact.State.Value(state)
                self.handle.put_artifacts(found)

    def _context(self, type_name: str, name: str) -> mlmd.Context | None:
        try:
            return self.handle.get_context_by_type_and_name(type_name, name)
        except mlmd_errors.NotFoundError:  # ML Metadata 1.17 raises where later ones return None
            return None

    def _contexts_of_type(self, name: str) -> list[mlmd.Context]:
        try:
            return list(self.handle.get_contexts_by_type(name))
        except mlmd_errors.NotFoundError:  # nothing was run yet
            return []

    def _events(self, execution_id: int, kinds: tuple[int, ...]) -> dict[str, list[Artifact]]:
        with self.lock:
            events = [one for one in self.handle.get_events_by_execution_ids([execution_id]) if one.type in kinds]
            found = {one.id: one for one in self.handle.get_artifacts_by_id([event.artifact_id for event in events])}
        by_key: dict[str, list[Artifact]] = {}
        for event in events:
            by_key.setdefault(event.path.steps[0].key, []).append(self._artifact(found[event.artifact_id]))
        return by_key

    def _executions(
        self, executions: Sequence[mlmd.Execution], *, named: bool = True, with_runs: bool = True
    ) -> list[Execution]:
        ids = [execution.id for execution in executions]
        nodes = self._nodes(ids, with_runs=with_runs) if named else dict.fromkeys(ids, ("", "", ""))
        return [
            Execution(
                execution.id,
                nodes[execution.id][1],
                execution.type,
                State(mlmd.Execution.State.Name(execution.last_known_state)),
                time_of(execution.create_time_since_epoch),
                time_of(execution.last_update_time_since_epoch),
                _properties(execution),
                nodes[execution.id][0],
                nodes[execution.id][2],
            )
            for execution in sorted(executions, key=lambda one: one.id)
        ]

    def _nodes(self, execution_ids: Sequence[int], *, with_runs: bool) -> dict[int, tuple[str, str, str]]:
        """The pipeline, the node and the run of each execution."""
        if not execution_ids:
            return {}
        names: dict[int, list[str]] = {execution_id: [] for execution_id in execution_ids}
        runs: dict[int, str] = {}
        newest = self.handle.get_executions(ListOptions(limit=1, order_by=OrderByField.ID, is_asc=False))
        # One call an execution asked for, or one a node, which reads all executions there are: whichever costs less.
        if len(names) * _READS_A_CALL < newest[0].id:
            for execution_id in names:
                contexts = self.handle.get_contexts_by_execution(execution_id)
                names[execution_id] = [context.name for context in contexts if context.type == NODE]
                of_runs = [context.name for context in contexts if context.type == PIPELINE_RUN]
                runs[execution_id] = min(of_runs, key=len, default="")  # not that of a sub-pipeline's part
        else:
            for context in self._contexts_of_type(NODE):
                for execution in self.handle.get_executions_by_context(context.id):
                    if execution.id in names:
                        names[execution.id].append(context.name)
            for context in self._contexts_of_type(PIPELINE_RUN) if with_runs else ():
                for execution in self.handle.get_executions_by_context(context.id):
                    known = runs.get(execution.id)
                    runs[execution.id] = context.name if known is None else min(known, context.name, key=len)
        pipelines = [context.name for context in self._contexts_of_type(PIPELINE)]
        return {one: (*node_of(own, pipelines), runs.get(one, "")) for one, own in names.items()}

    def _artifact(self, artifact: mlmd.Artifact) -> Artifact:
        return Artifact(
            artifact.id,
            artifact.type,
            artifact.uri,
            mlmd.Artifact.State.Name(artifact.state),
            time_of(artifact.create_time_since_epoch),
            _properties(artifact),
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two processes that create one SQLite store at once would each find half of the other's tables."""
    with open(path.with_suffix(".lock"), "w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def project_config(settings: Settings) -> mlmd.ConnectionConfig:
    """How ML Metadata is told of a project's store.

    Raises:
        MetadataStoreError: the URL that is set cannot be read.
    """
    if settings.metadata:
        return Server.read(settings.metadata.get_secret_value()).config()
    return sqlite_config(settings.metadata_path)


def sqlite_config(path: Path) -> mlmd.ConnectionConfig:
    """How ML Metadata is told of a SQLite file."""
    return mlmd.ConnectionConfig(sqlite=mlmd.SqliteMetadataSourceConfig(filename_uri=str(path)))


def _properties(node: mlmd.Execution | mlmd.Artifact | mlmd.Context) -> dict[str, Property]:
    """Properties and custom properties; a JSON value of TFX's as text, protos left out."""
    values: dict[str, Property] = {}
    for name, value in [*node.properties.items(), *node.custom_properties.items()]:
        kind = value.WhichOneof("value")
        if kind in ("int_value", "double_value", "string_value", "bool_value"):
            values[name] = getattr(value, kind)
        elif kind == "struct_value":
            found = MessageToDict(value.struct_value)
            inner = found.get(_JSON_VALUE, found)
            # A map of protobuf's has no order of its own.
            values[name] = inner if isinstance(inner, str) else json.dumps(inner, sort_keys=True)
    return values


def _set(target: mlmd.Value, value: Property) -> None:
    match value:
        case bool():
            target.bool_value = value
        case int():
            target.int_value = value
        case float():
            target.double_value = value
        case _:
            target.string_value = value
