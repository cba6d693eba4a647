"""TFX's Launcher, for any number of inputs and attempts, with a cache that knows the code.

Stock Launcher.launch() handles one set of inputs, takes up the execution of an earlier
attempt, and leaves no message on a failed one. The steps here are its own, in its
order, built of the same pieces; each set of inputs and each attempt is an execution.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfx.dsl.compiler.placeholder_utils import ResolutionContext
from tfx.orchestration import data_types_utils
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import cache_utils, execution_publish_utils, inputs_utils, outputs_utils
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.input_resolution.exceptions import InputResolutionError
from tfx.orchestration.portable.launcher import Launcher
from tfx.orchestration.portable.mlmd import context_lib
from tfx.types import Artifact

from headrace.errors import MetadataStoreError, typed
from headrace.metadata import MetadataStore, Property, State
from headrace.metadata import properties as names
from headrace.metadata.store import Context, MlmdExecution
from headrace.orchestration.cache_key import key_parts, with_code
from headrace.orchestration.cached_outputs import (
    changed_inputs,
    find_cached_outputs,
    imported_files,
    input_manifests,
    output_manifests,
)
from headrace.orchestration.code_fingerprint import code_of, digest_of
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.ends import Ends
from headrace.orchestration.executors import process_operators
from headrace.orchestration.faults import failure_of
from headrace.orchestration.full_disk import explained
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.module_files import as_written
from headrace.orchestration.node_facts import condition_inputs, input_files, row_counts
from headrace.orchestration.node_process import STOPPED, NodeFailedError, NodeProcesses
from headrace.orchestration.outcomes import Failure, NodeState
from headrace.orchestration.outputs_lock import OutputsLock
from headrace.orchestration.recordable import check_parameters
from headrace.settings import ORCHESTRATOR_LOG

Artifacts = Mapping[str, list[Artifact]]


@dataclass(frozen=True)
class Resolved:
    """What a node is to work on: one set of inputs for each execution; none, if it is to be skipped."""

    contexts: list[Context]
    parameters: dict[str, Any]
    inputs: tuple[Artifacts, ...]


@dataclass(frozen=True)
class Done:
    """An execution that succeeded."""

    execution_id: int
    state: NodeState


class AttemptFailedError(Exception):
    """An execution failed, and is recorded so."""

    def __init__(self, failure: Failure, execution_id: int) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.execution_id = execution_id


class NodeLauncher(Launcher):
    """Launches a node that has an executor."""

    def __init__(
        self,
        node: GraphNode,
        store: MetadataStore,
        processes: NodeProcesses,
        log: Path,
        accelerated: bool,
        outputs_lock: OutputsLock,
        ends: Ends,
        code: Mapping[str, str],
    ) -> None:
        """Takes a node, and what its run has.

        Args:
            node: that is launched.
            store: the run's.
            processes: the run's.
            log: the file that the node logs to.
            accelerated: stand-ins may work.
            outputs_lock: the home's.
            ends: what records how executions end.
            code: the node's as the run begins, which is what its process has.
        """
        node_id = node.node.node_info.id
        platform = node.deployment.node_level_platform_configs.get(node_id)
        executor_spec = runner_utils.extract_executor_spec(node.deployment, node_id)
        timeout = node.node.execution_options.execution_timeout_sec or None
        super().__init__(
            pipeline_node=node.node,
            mlmd_connection=SharedMetadata(store),
            pipeline_info=node.pipeline.pipeline_info,
            pipeline_runtime_spec=node.pipeline.runtime_spec,
            executor_spec=executor_spec,
            custom_driver_spec=runner_utils.extract_custom_driver_spec(node.deployment, node_id),
            platform_config=getattr(platform, platform.WhichOneof("config")) if platform else None,
            custom_executor_operators=process_operators(processes, log, timeout, accelerated),
        )
        self._store = store
        self._log = log
        self._folder = Path(outputs_utils.get_node_dir(node.pipeline.runtime_spec, node_id))
        self._outputs_lock = outputs_lock
        self._ends = ends
        self._code = code_of(node.node, executor_spec)
        self._code_at_start = code

    def static(self) -> Resolved:
        """The node's contexts and static parameters, its inputs not looked for."""
        with self._mlmd_connection as connection:
            contexts = context_lib.prepare_contexts(connection, self._pipeline_node.contexts)
        values = inputs_utils.resolve_parameters_with_schema(self._pipeline_node.parameters)
        return Resolved(contexts, data_types_utils.build_parsed_value_dict(values), ())

    def resolve(self) -> Resolved:
        """Finds what the node is to work on.

        Raises:
            AttemptFailedError: its inputs cannot be resolved.
        """
        static = self.static()
        try:
            with self._mlmd_connection as connection:
                inputs = inputs_utils.resolve_input_artifacts(
                    pipeline_node=self._pipeline_node, metadata_handle=connection
                )
        except InputResolutionError as error:
            logging.exception("%s: its inputs are not resolved", self._pipeline_node.node_info.id)
            execution_id = self._register(static.contexts, {}, static.parameters).id
            failure = self._outside(Failure("inputs not resolved", failure_of(error).message, retryable=False))
            raise self._failed(execution_id, failure, {}) from error
        return replace(static, inputs=tuple(inputs))

    def skip(self, resolved: Resolved, reason: str) -> int:
        """Records that the node is skipped; returns the execution that says so."""
        execution_id = self._register(resolved.contexts, {}, resolved.parameters).id
        self._store.annotate(execution_id, {names.SKIPPED: reason}, State.CANCELED)
        return execution_id

    def attempt(self, resolved: Resolved, inputs: Artifacts) -> Done:
        """One execution on one set of inputs: driver, cache, executor, publisher.

        Raises:
            AttemptFailedError: whatever went wrong; the execution says what.
        """
        contexts, parameters = list(resolved.contexts), dict(resolved.parameters)
        resources: Mapping[str, Property] = {}
        failure: Failure | None = None
        try:
            parameters |= self._dynamic_parameters(inputs)
        except InputResolutionError as error:
            logging.exception("%s: its parameters are not resolved", self._pipeline_node.node_info.id)
            failure = self._outside(failure_of(error))
        with self._outputs_lock.using():
            failure = failure or self._removed(inputs)
            execution = self._register(contexts, inputs, parameters)
        try:
            if failure is None:
                return self._work(execution, contexts, inputs, parameters)
        except NodeFailedError as error:
            node = self._pipeline_node.node_info.id
            failure = replace(error.failure, where=as_written(error.failure.where, node))
            resources = error.resources
        except Exception as error:  # of a driver or a publisher, or of Headrace
            logging.exception("%s failed outside its executor", self._pipeline_node.node_info.id)
            failure = self._outside(failure_of(error))
        raise self._failed(execution.id, failure, resources)

    def _work(
        self, execution: MlmdExecution, contexts: list[Context], inputs: Artifacts, parameters: dict[str, Any]
    ) -> Done:
        outputs = self._output_resolver.generate_output_artifacts(execution.id)
        if self._driver_operator:
            place = self._output_resolver.get_driver_output_uri()
            info = self._info(inputs, outputs, parameters, execution_output_uri=place)
            self._update_with_driver_output(self._driver_operator.run_driver(info), parameters, outputs)
        code = self._code | imported_files(inputs)
        parts = key_parts(self._pipeline_node, self._executor_spec, code, inputs, outputs, parameters)
        with self._outputs_lock.using(), self._mlmd_connection as connection:
            cache_context = cache_utils.get_cache_context(
                metadata_handle=connection,
                pipeline_node=self._pipeline_node,
                pipeline_info=self._pipeline_info,
                executor_spec=with_code(self._executor_spec, digest_of(code)),
                input_artifacts=inputs,
                output_artifacts=outputs,
                parameters=parameters,
            )
            facts = {names.KEY: parts.to_json(), names.CODE: digest_of(code), **input_files(parameters)}
            self._store.annotate(execution.id, facts | condition_inputs(self._pipeline_node))
            if self._pipeline_node.execution_options.caching_options.enable_cache and not self._edited(self._code):
                found = find_cached_outputs(connection, cache_context.name)
                if found.execution_id is not None:
                    return self._take(execution.id, [*contexts, cache_context], found.outputs, found.manifests)
                for damage in found.damages:
                    logging.warning("cached outputs of %s: %s", self._pipeline_node.node_info.id, damage)
        self._execute(
            self._info(
                inputs,
                outputs,
                parameters,
                execution_id=execution.id,
                execution_output_uri=self._output_resolver.get_executor_output_uri(execution.id),
                stateful_working_dir=self._output_resolver.get_stateful_working_directory(execution),
                tmp_dir=self._output_resolver.make_tmp_dir(execution.id),
            ),
            contexts,
            cache_context,
        )
        return Done(execution.id, NodeState.SUCCEEDED)

    def _execute(self, info: ExecutionInfo, contexts: list[Context], cache_context: Context) -> None:
        before = input_manifests(info.input_dict, self._folder.parent)
        try:
            output = self._run_executor(info)
        finally:
            if changed := changed_inputs(info.input_dict, before):
                logging.warning("%s: its inputs changed while it ran: %s", info.pipeline_node.node_info.id, changed)
                self._store.annotate(info.execution_id, {names.CHANGED_INPUTS: json.dumps(changed)})
            self._clean_up_stateless_execution_info(info)
        self._clean_up_stateful_execution_info(info)
        # An executor may have made several artifacts of one, each in a folder of its own below it.
        outputs = info.output_dict | data_types_utils.unpack_executor_output_artifacts(output.output_artifacts)
        manifests = output_manifests(outputs, self._folder.parent)
        made: dict[str, Property] = {names.LOG: str(self._log), names.OUTPUTS: manifests}
        made |= row_counts(info.output_dict, output, info.exec_properties)
        for name, value in made.items():
            data_types_utils.set_metadata_value(output.execution_properties[name], value)
        if edited := self._edited(code_of(self._pipeline_node, self._executor_spec)):
            logging.warning("%s was edited meanwhile: what it made is not for the cache", edited)
        else:
            contexts = [*contexts, cache_context]
        self._record_success(
            info.execution_id,
            lambda: self._publish_successful_execution(info.execution_id, contexts, info.output_dict, output),
        )

    def _edited(self, code: Mapping[str, str]) -> str:
        """A file that is not as it was when the run began; nobody can tell which of both the node's process has."""
        return next((name for name, digest in self._code_at_start.items() if code.get(name) != digest), "")

    def _take(self, execution_id: int, contexts: list[Context], outputs: Artifacts, manifests: str) -> Done:
        """Publishes cached outputs as this execution's; the metadata connection is entered."""
        self._store.annotate(execution_id, {names.OUTPUTS: manifests})
        executions = self._mlmd_connection.store.get_executions_by_id([execution_id])
        self._record_success(
            execution_id,
            lambda: execution_publish_utils.publish_cached_executions(
                self._mlmd_connection, contexts=contexts, executions=executions, output_artifacts_maps=[outputs]
            ),
        )
        return Done(execution_id, NodeState.CACHED)

    def _record_success(self, execution_id: int, record: Callable[[], None]) -> None:
        """Records that an execution succeeded: again, if the store's server was lost before it had done so."""
        try:
            record()
        except MetadataStoreError:
            logging.exception("execution %d may not be recorded", execution_id)
            found = self._store.execution(execution_id)
            if found is None or not found.state.succeeded:
                record()

    def _dynamic_parameters(self, inputs: Artifacts) -> dict[str, Any]:
        context = ResolutionContext(
            exec_info=self._info(inputs, {}, {}),
            executor_spec=self._executor_spec,
            platform_config=self._platform_config,
        )
        values: dict[str, Any] = inputs_utils.resolve_dynamic_parameters(self._pipeline_node.parameters, context)
        return values

    def _info(self, inputs: Artifacts, outputs: Artifacts, parameters: dict[str, Any], **more: Any) -> ExecutionInfo:
        return self._build_execution_info(
            input_dict={key: list(value) for key, value in inputs.items()},
            output_dict=outputs,
            exec_properties=parameters,
            top_level_pipeline_run_id=self._pipeline_runtime_spec.top_level_pipeline_run_id,
            **more,
        )

    def _register(self, contexts: list[Context], inputs: Artifacts, parameters: Mapping[str, Any]) -> MlmdExecution:
        check_parameters(self._pipeline_node.node_info.id, parameters)
        with self._mlmd_connection as connection:
            return execution_publish_utils.register_execution(
                metadata_handle=connection,
                execution_type=self._pipeline_node.node_info.type,
                contexts=contexts,
                input_artifacts=inputs,
                exec_properties=parameters,
            )

    def _removed(self, inputs: Artifacts) -> Failure | None:
        """Why inputs that were resolved a moment ago cannot be used: the clean-up took them meanwhile."""
        ids = [artifact.id for artifacts in inputs.values() for artifact in artifacts]
        with self._mlmd_connection as connection:
            found = connection.store.get_artifacts_by_id(ids) if ids else []
        for one in found:
            if one.state in (one.MARKED_FOR_DELETION, one.DELETED):
                message = f"{one.type} {one.id} was removed by headrace gc just now"
                return Failure("inputs removed", message, where=one.uri, retryable=False)
        return None

    def _outside(self, failure: Failure) -> Failure:
        """A failure outside the executor: its traceback is not in the node's log."""
        log = self._log.with_name(ORCHESTRATOR_LOG)
        return replace(failure, next_step=failure.next_step or typed("less", log))

    def _failed(self, execution_id: int, failure: Failure, resources: Mapping[str, Property]) -> AttemptFailedError:
        state = State.CANCELED if failure == STOPPED else State.FAILED
        failure = explained(failure, self._folder)
        facts = {**resources, **error_properties(failure), names.LOG: str(self._log)}
        self._ends.record(execution_id, state, facts)
        return AttemptFailedError(failure, execution_id)


def code_by_node(nodes: Sequence[GraphNode]) -> dict[str, dict[str, str]]:
    """The code of each node as it is now."""
    specs = {node.id: runner_utils.extract_executor_spec(node.deployment, node.node.node_info.id) for node in nodes}
    return {node.id: code_of(node.node, specs[node.id]) for node in nodes}


def error_properties(failure: Failure) -> dict[str, Property]:
    """A failure as properties of its execution."""
    return {
        names.ERROR_KIND: failure.kind,
        names.ERROR_MESSAGE: failure.message,
        names.ERROR_WHERE: failure.where,
        names.ERROR_WHY: failure.why,
        names.ERROR_NEXT: failure.next_step,
    }
