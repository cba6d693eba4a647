"""Launches one node through TFX's Launcher, and says what came of it."""

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable.launcher import Launcher
from tfx.proto.orchestration.local_deployment_config_pb2 import LocalDeploymentConfig
from tfx.proto.orchestration.pipeline_pb2 import Pipeline, PipelineNode

from headrace.metadata import Execution, MetadataStore, Property, State
from headrace.metadata import properties as names
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.executors import process_operators
from headrace.orchestration.faults import failure_of
from headrace.orchestration.node_process import NodeFailedError, NodeProcesses
from headrace.orchestration.outcomes import Failure, NodeOutcome, NodeState

_STATES = {State.COMPLETE: NodeState.SUCCEEDED, State.CACHED: NodeState.CACHED}
_RESULT = "__execution_result__"  # where TFX keeps the error of a failed input resolution


class NodeLauncher:
    """Launches the nodes of one run; each call from a thread of its own."""

    def __init__(
        self,
        pipeline: Pipeline,
        deployment: LocalDeploymentConfig,
        store: MetadataStore,
        processes: NodeProcesses,
        log_folder: Path,
    ) -> None:
        """Takes a compiled pipeline with its parameters bound, and where nodes run and are logged."""
        self._pipeline = pipeline
        self._deployment = deployment
        self._store = store
        self._processes = processes
        self._log_folder = log_folder

    def launch(self, node: PipelineNode) -> NodeOutcome:
        """Runs driver, executor and publisher of `node`. Never raises: a failure is recorded and returned."""
        node_id = node.node_info.id
        log = self._log_folder / f"{node_id}.log"
        started = time.monotonic()
        failure: Failure | None = None
        resources: Mapping[str, Property] = {}
        try:
            execution_info = self._launcher(node, log).launch()
            execution_id = execution_info.execution_id if execution_info else None
        except NodeFailedError as error:
            failure, resources = error.failure, error.resources
        except Exception as error:  # of a driver or a publisher, or of Headrace
            logging.exception("%s failed outside its executor", node_id)
            failure = failure_of(error)
        if failure:
            execution = self._record_failure(node_id, failure, {**resources, names.LOG: str(log)})
        else:
            execution = self._store.execution(execution_id) if execution_id else None
        return _outcome(node_id, execution, failure, time.monotonic() - started, log if log.exists() else None)

    def _launcher(self, node: PipelineNode, log: Path) -> Launcher:
        node_id = node.node_info.id
        platform = self._deployment.node_level_platform_configs.get(node_id)
        return Launcher(
            pipeline_node=node,
            mlmd_connection=SharedMetadata(self._store),
            pipeline_info=self._pipeline.pipeline_info,
            pipeline_runtime_spec=self._pipeline.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(self._deployment, node_id),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(self._deployment, node_id),
            platform_config=getattr(platform, platform.WhichOneof("config")) if platform else None,
            custom_executor_operators=process_operators(self._processes, log),
        )

    def _record_failure(self, node_id: str, failure: Failure, more: Mapping[str, Property]) -> Execution | None:
        """Puts the error on the node's execution, which TFX leaves RUNNING where a driver failed."""
        run_id = self._pipeline.runtime_spec.pipeline_run_id.field_value.string_value
        execution = self._store.latest(self._pipeline.pipeline_info.id, run_id, node_id)
        if execution is None:
            return None
        facts = {
            names.ERROR_KIND: failure.kind,
            names.ERROR_MESSAGE: failure.message,
            names.ERROR_WHERE: failure.where,
            names.ERROR_WHY: failure.why,
        }
        self._store.annotate(execution.id, {**more, **facts}, State.FAILED)
        return execution


def _outcome(
    node: str, execution: Execution | None, failure: Failure | None, seconds: float, log: Path | None
) -> NodeOutcome:
    if failure is None and execution is None:
        return NodeOutcome(node, NodeState.SKIPPED, seconds)
    if failure is None and execution and execution.state not in _STATES:
        failure = _input_failure(execution)
    state = NodeState.FAILED if failure else _STATES[execution.state] if execution else NodeState.SKIPPED
    return NodeOutcome(node, state, seconds, execution.id if execution else None, log, failure)


def _input_failure(execution: Execution) -> Failure:
    """TFX's Launcher returns normally where inputs cannot be resolved, and leaves a traceback on the execution."""
    result = json.loads(str(execution.properties.get(_RESULT, "{}")))
    lines = str(result.get("resultMessage", "")).strip().splitlines()
    return Failure("inputs not resolved", lines[-1] if lines else f"the execution ended {execution.state}")
