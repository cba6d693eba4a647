"""TFX's executor operators, on the far side of a process boundary."""

import logging
from copy import deepcopy
from functools import partial
from pathlib import Path

from google.protobuf.message import Message
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable.base_executor_operator import BaseExecutorOperator
from tfx.orchestration.portable.beam_executor_operator import BeamExecutorOperator
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.python_executor_operator import PythonExecutorOperator
from tfx.proto.orchestration.executable_spec_pb2 import BeamExecutableSpec, PythonClassExecutableSpec
from tfx.proto.orchestration.execution_invocation_pb2 import ExecutionInvocation
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput
from tfx.utils.import_utils import import_class_by_path

from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.stand_ins import stand_in_for
from headrace.metadata.properties import CPU_SECONDS, EXECUTOR, PEAK_MEMORY_BYTES, STOCK_REASON, WALL_SECONDS
from headrace.orchestration.code_fingerprint import python_spec
from headrace.orchestration.faults import explain
from headrace.orchestration.infra_reason import errors_logged, record_reason
from headrace.orchestration.node_process import NodeFailedError, NodeProcesses, Work
from headrace.orchestration.outcomes import Failure
from headrace.orchestration.recordable import check_recordable
from headrace.orchestration.stock_checks import check_stock
from headrace.orchestration.unwritten_values import unwritten

_OPERATORS: dict[type[Message], type[BaseExecutorOperator]] = {
    PythonClassExecutableSpec: PythonExecutorOperator,
    BeamExecutableSpec: BeamExecutorOperator,
}


def execute(work: Work) -> bytes:
    """Runs an executor in this process, by TFX's own operator; returns a serialized ExecutorOutput.

    Where one of Headrace's can stand in for the stock executor, it does; where it cannot promise the same
    result, the stock one works after all. The output says which did it.
    """
    if work.definitions is not None:
        work.definitions.restore()
    _import_executor(work.executor_spec)
    if work.accelerated and (spec := _stand_in(work.executor_spec)) is not None:
        try:
            return _run(spec, work)
        except NotEqualError as error:  # before anything was written
            logging.warning("the stock executor does the work: %s", error)
            return _run_after_all(work, error)
    return _run(work.executor_spec, work)


def _run_after_all(work: Work, left: NotEqualError) -> bytes:
    """Runs the stock executor on what a stand-in left to it; where that fails, both reasons belong to the answer."""
    reason = left.why or left.what
    try:
        return _run(work.executor_spec, work, reason)
    except Exception as error:
        where = f", in {left.where}" if left.where else ""
        explain(
            error, f"Headrace's faster executor does not do this, and left it to TFX's: {reason}{where}", left.next_step
        )
        raise


def _run(executor_spec: Message, work: Work, reason: str = "") -> bytes:
    info = ExecutionInfo.from_proto(ExecutionInvocation.FromString(work.invocation))
    operator = _OPERATORS[type(executor_spec)](executor_spec, work.platform_config)
    python = python_spec(executor_spec)
    class_path = str(python.class_path) if python else ""
    check_stock(class_path, info)
    with errors_logged() as logged:
        try:
            output = operator.run_executor(info) or ExecutorOutput()
        except Exception as error:
            if missing := unwritten(info):
                explain(error, "; ".join(missing), "set its .value in the component that makes it")
            raise
    record_reason(class_path, output, logged)
    check_recordable(output)
    facts = {EXECUTOR: class_path, STOCK_REASON: reason}
    for name, value in facts.items():
        if value:
            data_types_utils.set_metadata_value(output.execution_properties[name], value)
    return bytes(output.SerializeToString())


def _stand_in(executor_spec: Message) -> Message | None:
    spec = deepcopy(executor_spec)
    python = python_spec(spec)
    if python is None or not (class_path := stand_in_for(python.class_path)):
        return None
    python.class_path = class_path
    return spec


class ProcessExecutorOperator(BaseExecutorOperator):
    """Stands in for TFX's operators in the orchestrator: hands the work to a process of its own."""

    SUPPORTED_EXECUTOR_SPEC_TYPE = list(_OPERATORS)
    SUPPORTED_PLATFORM_CONFIG_TYPE: list[type[Message]] = []

    def __init__(
        self,
        executor_spec: Message,
        platform_config: Message | None = None,
        *,
        processes: NodeProcesses,
        log: Path,
        timeout_seconds: float | None = None,
        accelerated: bool = True,
    ) -> None:
        """Takes what TFX's Launcher gives; where the work is done and logged, for how long at the most, and how."""
        super().__init__(executor_spec, platform_config)
        self._processes = processes
        self._log = log
        self._timeout_seconds = timeout_seconds
        self._accelerated = accelerated

    def run_executor(self, execution_info: ExecutionInfo) -> ExecutorOutput:
        """Runs the executor; what it used is among the execution properties of its output.

        Raises:
            NodeFailedError: it raised, its process died, or it took too long.
        """
        work = Work(
            self._executor_spec,
            self._platform_config,
            execution_info.to_proto().SerializeToString(),
            self._log,
            self._processes.definitions,
            self._accelerated,
        )
        answer = self._processes.run(execution_info.pipeline_node.node_info.id, work, self._timeout_seconds)
        resources = {
            WALL_SECONDS: answer.wall_seconds,
            CPU_SECONDS: answer.cpu_seconds,
            PEAK_MEMORY_BYTES: answer.peak_memory_bytes,
        }
        if isinstance(answer.result, Failure):
            raise NodeFailedError(answer.result, resources)
        output = ExecutorOutput.FromString(answer.result)
        if output.execution_result.code:
            message = output.execution_result.result_message
            raise NodeFailedError(Failure(f"error code {output.execution_result.code}", message), resources)
        for name, value in resources.items():
            data_types_utils.set_metadata_value(output.execution_properties[name], value)
        return output


def process_operators(
    processes: NodeProcesses, log: Path, timeout_seconds: float | None, accelerated: bool
) -> dict[type[Message], "partial[ProcessExecutorOperator]"]:
    """What Launcher takes as `custom_executor_operators`."""
    operator = partial(
        ProcessExecutorOperator,
        processes=processes,
        log=log,
        timeout_seconds=timeout_seconds,
        accelerated=accelerated,
    )
    return dict.fromkeys(_OPERATORS, operator)


def _import_executor(executor_spec: Message) -> None:
    """Imports the module of an executor, and so the artifact types that it knows, before any artifact is made."""
    if (python := python_spec(executor_spec)) is not None:
        import_class_by_path(python.class_path)
