"""Why stock InfraValidator did not bless a model: it logs the error of each attempt, and records none."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput

from headrace.contents.serving_check import NO_DOCKER, REASON
from headrace.orchestration.faults import failure_of

_INFRA_VALIDATOR = "tfx.components.infra_validator.executor.Executor"
_BLESSED = "blessed"  # the property of an InfraBlessing
_DOCKER = "DockerException"


@dataclass
class Logged:
    """The last error that was logged with its traceback."""

    error: BaseException | None = None


@contextmanager
def errors_logged() -> Iterator[Logged]:
    """Notes the errors that are logged meanwhile."""
    logged = Logged()

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                logged.error = record.exc_info[1]

    handler = Noting()
    logging.getLogger().addHandler(handler)
    try:
        yield logged
    finally:
        logging.getLogger().removeHandler(handler)


def record_reason(class_path: str, output: ExecutorOutput, logged: Logged) -> None:
    """Puts the reason on the blessing of an InfraValidator that gave none, where InfraCheck has it."""
    if class_path != _INFRA_VALIDATOR or logged.error is None:
        return
    failure = failure_of(logged.error)
    told = NO_DOCKER if failure.kind == _DOCKER else failure.kind
    for artifacts in output.output_artifacts.values():
        for one in artifacts.artifacts:
            if not one.custom_properties[_BLESSED].int_value:
                one.custom_properties[REASON].string_value = f"{told}: {failure.message}"
