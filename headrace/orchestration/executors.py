"""TFX's executor operators, on the far side of a process boundary."""

import sys
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

from headrace.metadata.properties import CPU_SECONDS, PEAK_MEMORY_BYTES, WALL_SECONDS
from headrace.orchestration.code_fingerprint import python_spec
from headrace.orchestration.node_process import NodeFailedError, NodeProcesses, Work
from headrace.orchestration.outcomes import Failure

_OPERATORS: dict[type[Message], type[BaseExecutorOperator]] = {
    PythonClassExecutableSpec: PythonExecutorOperator,
    BeamExecutableSpec: BeamExecutorOperator,
}


def execute(work: Work) -> bytes:
    """Runs an executor in this process, by TFX's own operator; returns a serialized ExecutorOutput."""
    if work.main_file and _is_of_main(work.executor_spec):
        from headrace.orchestration.definition import load_as_main

        load_as_main(work.main_file)
    info = ExecutionInfo.from_proto(ExecutionInvocation.FromString(work.invocation))
    operator = _OPERATORS[type(work.executor_spec)](work.executor_spec, work.platform_config)
    output = (operator.run_executor(info) or ExecutorOutput()).SerializeToString()
    return bytes(output)


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
    ) -> None:
        """Takes what TFX's Launcher gives, and where the work is done, logged, and for how long at the most."""
        super().__init__(executor_spec, platform_config)
        self._processes = processes
        self._log = log
        self._timeout_seconds = timeout_seconds

    def run_executor(self, execution_info: ExecutionInfo) -> ExecutorOutput:
        """Runs the executor; what it used is among the execution properties of its output.

        Raises:
            NodeFailedError: it raised, its process died, or it took too long.
        """
        main_file = getattr(sys.modules["__main__"], "__file__", None)
        work = Work(
            self._executor_spec,
            self._platform_config,
            execution_info.to_proto().SerializeToString(),
            self._log,
            Path(main_file) if main_file else None,
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
    processes: NodeProcesses, log: Path, timeout_seconds: float | None
) -> dict[type[Message], "partial[ProcessExecutorOperator]"]:
    """What Launcher takes as `custom_executor_operators`."""
    operator = partial(ProcessExecutorOperator, processes=processes, log=log, timeout_seconds=timeout_seconds)
    return dict.fromkeys(_OPERATORS, operator)


def _is_of_main(executor_spec: Message) -> bool:
    python = python_spec(executor_spec)
    return python is not None and str(python.class_path).startswith("__main__.")
