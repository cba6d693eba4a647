"""Launches one node to its end: all its inputs, all its attempts; and says what came of it."""

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tfx.orchestration.portable.importer_node_handler import ImporterNodeHandler
from tfx.orchestration.portable.resolver_node_handler import ResolverNodeHandler
from tfx.orchestration.portable.system_node_handler import SystemNodeHandler

from headrace.metadata import MetadataStore, State
from headrace.metadata.records import IMPORTER, PIPELINE_BEGIN, PIPELINE_END, RESOLVER
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.ends import Ends
from headrace.orchestration.faults import failure_of
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.launcher import AttemptFailedError, Done, NodeLauncher, error_properties
from headrace.orchestration.node_process import STOPPED, NodeProcesses
from headrace.orchestration.outcomes import Failure, NodeOutcome, NodeState
from headrace.orchestration.outputs_lock import OutputsLock
from headrace.settings import node_log_name

FIRST_PAUSE_SECONDS = 1.0  # before the second attempt; twice as long before each one after it
_ERROR_TYPE = re.compile(r"^[\w.]+: ")  # how a traceback's last line begins
_FOUND_NOTHING = " returned None."  # how TFX says that a resolver's strategy chose no artifacts
_RESULT = "__execution_result__"  # where TFX keeps the error of a failed input resolution

# Nodes without an executor. A sub-pipeline begins and ends with nodes that pass artifacts on, as a resolver does.
_SYSTEM_NODES: dict[str, type[SystemNodeHandler]] = {
    IMPORTER: ImporterNodeHandler,
    RESOLVER: ResolverNodeHandler,
    PIPELINE_BEGIN: ResolverNodeHandler,
    PIPELINE_END: ResolverNodeHandler,
}


class NodeLaunches:
    """Launches the nodes of one run; each call from a thread of its own."""

    def __init__(
        self,
        store: MetadataStore,
        processes: NodeProcesses,
        log_folder: Path,
        accelerated: bool,
        outputs_lock: OutputsLock,
        ends: Ends,
        code: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Takes what the run has.

        Args:
            store: the run's.
            processes: the run's.
            log_folder: where its nodes log to.
            accelerated: stand-ins may work.
            outputs_lock: the home's.
            ends: what records how executions end.
            code: of each node, as the run begins, which is what its process has.
        """
        self._store = store
        self._ends = ends
        self._processes = processes
        self._log_folder = log_folder
        self._accelerated = accelerated
        self._outputs_lock = outputs_lock
        self._code = code

    def log(self, node_id: str) -> Path:
        """The file that a node's executor logs to."""
        return self._log_folder / node_log_name(node_id)

    def launch(self, node: GraphNode) -> NodeOutcome:
        """Runs a node to its end. Never raises: a failure is recorded and returned."""
        handler = _SYSTEM_NODES.get(node.node.node_info.type.name)
        if handler:
            return self._timed(node, lambda: self._run_system_node(node, handler()))
        return self._timed(node, lambda: self._run_node(node))

    def skip(self, node: GraphNode) -> NodeOutcome:
        """Records that a node is skipped because one that it depends on was."""
        return self._timed(node, lambda: self._record_skip(node))

    def _timed(self, node: GraphNode, work: Callable[[], NodeOutcome]) -> NodeOutcome:
        started, log = time.monotonic(), self.log(node.id)
        try:
            outcome = work()
        except Exception as error:  # of Headrace, for nodes' own are recorded where they happen
            logging.exception("%s failed", node.id)
            self._ends.doubtful = True
            outcome = NodeOutcome(node.id, NodeState.FAILED, failure=failure_of(error))
        return replace(outcome, seconds=time.monotonic() - started, log=log if log.exists() else None)

    def _run_node(self, node: GraphNode) -> NodeOutcome:
        launcher = self._launcher(node)
        try:
            resolved = launcher.resolve()
        except AttemptFailedError as error:
            return _failed(node, error.failure, error.execution_id)
        if not resolved.inputs:
            launcher.skip(resolved, "its condition does not hold")
            return NodeOutcome(node.id, NodeState.SKIPPED)
        done: list[Done] = []
        attempts = 1
        for inputs in resolved.inputs:
            most = 1 + node.node.execution_options.max_execution_retries
            for attempt in range(1, most + 1):
                attempts = max(attempts, attempt)
                try:
                    done.append(launcher.attempt(resolved, inputs))
                    break
                except AttemptFailedError as error:
                    if attempt == most or not error.failure.retryable or self._processes.stopped:
                        return replace(_failed(node, error.failure, error.execution_id), attempts=attempts)
                    logging.warning("%s: attempt %d of %d failed: %s", node.id, attempt, most, error.failure)
                time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
        cached = all(one.state is NodeState.CACHED for one in done)
        state = NodeState.CACHED if cached else NodeState.SUCCEEDED
        return NodeOutcome(node.id, state, executions=tuple(one.execution_id for one in done), attempts=attempts)

    def _run_system_node(self, node: GraphNode, handler: SystemNodeHandler) -> NodeOutcome:
        connection = SharedMetadata(self._store)
        pipeline = node.pipeline
        with self._outputs_lock.using():
            info = handler.run(connection, node.node, pipeline.pipeline_info, pipeline.runtime_spec)
        execution = self._store.execution(info.execution_id) if info.execution_id else None
        if execution is None:
            return NodeOutcome(node.id, NodeState.SKIPPED)
        if execution.state.succeeded:
            return NodeOutcome(node.id, NodeState.SUCCEEDED, executions=(execution.id,))
        result = json.loads(str(execution.properties.get(_RESULT, "{}")))
        lines = str(result.get("resultMessage", "")).strip().splitlines()
        message = _ERROR_TYPE.sub("", lines[-1]) if lines else f"the execution ended {execution.state}"
        if node.may_make_nothing and message.endswith(_FOUND_NOTHING):
            self._store.annotate(execution.id, {}, State.COMPLETE)  # as LatestBlessedModelStrategy has it
            return NodeOutcome(node.id, NodeState.SUCCEEDED, executions=(execution.id,))
        failure = Failure("inputs not resolved", message, retryable=False)
        self._ends.record(execution.id, State.FAILED, error_properties(failure))
        return _failed(node, failure, execution.id)

    def _record_skip(self, node: GraphNode) -> NodeOutcome:
        if node.node.node_info.type.name not in _SYSTEM_NODES:
            launcher = self._launcher(node)
            launcher.skip(launcher.static(), "a node that it depends on was skipped")
        return NodeOutcome(node.id, NodeState.SKIPPED)

    def _launcher(self, node: GraphNode) -> NodeLauncher:
        return NodeLauncher(
            node,
            self._store,
            self._processes,
            self.log(node.id),
            self._accelerated,
            self._outputs_lock,
            self._ends,
            self._code.get(node.id, {}),
        )


def _failed(node: GraphNode, failure: Failure, execution_id: int) -> NodeOutcome:
    state = NodeState.CANCELED if failure == STOPPED else NodeState.FAILED
    return NodeOutcome(node.id, state, executions=(execution_id,), failure=failure)
