"""TFX's executor operators on both sides of a process boundary."""

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

from headrace.metadata.properties import CPU_SECONDS, LOG, PEAK_MEMORY_BYTES, WALL_SECONDS
from headrace.orchestration.node_process import NodeFailedError, NodeProcesses, Work
from headrace.orchestration.outcomes import Failure

_OPERATORS: dict[type[Message], type[BaseExecutorOperator]] = {
    PythonClassExecutableSpec: PythonExecutorOperator,
    BeamExecutableSpec: BeamExecutorOperator,
}


def execute(executor_spec: Message, platform_config: Message | None, invocation: bytes) -> bytes:
    """Runs an executor in this process, by TFX's own operator.

    Takes a serialized ExecutionInvocation and returns a serialized ExecutorOutput.
    """
    info = ExecutionInfo.from_proto(ExecutionInvocation.FromString(invocation))
    operator = _OPERATORS[type(executor_spec)](executor_spec, platform_config)
    return (operator.run_executor(info) or ExecutorOutput()).SerializeToString()


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
    ) -> None:
        """Takes what TFX's Launcher gives, and where the work is done and logged."""
        super().__init__(executor_spec, platform_config)
        self._processes = processes
        self._log = log

    def run_executor(self, execution_info: ExecutionInfo) -> ExecutorOutput:
        """Runs the executor; its resources become properties of the execution.

        Raises:
            NodeFailedError: it raised, or its process died.
        """
        invocation = execution_info.to_proto().SerializeToString()
        work = Work(self._executor_spec, self._platform_config, invocation, self._log)
        answer = self._processes.run(execution_info.pipeline_node.node_info.id, work)
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
        for name, value in {**resources, LOG: str(self._log)}.items():
            data_types_utils.set_metadata_value(output.execution_properties[name], value)
        return output


def process_operators(processes: NodeProcesses, log: Path) -> dict[type[Message], "partial[ProcessExecutorOperator]"]:
    """What Launcher takes as `custom_executor_operators`."""
    operator = partial(ProcessExecutorOperator, processes=processes, log=log)
    return dict.fromkeys(_OPERATORS, operator)
