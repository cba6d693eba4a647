"""The gate's specification: what goes in, what comes out, which parameters it takes."""

from enum import StrEnum

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel
from tfx.types.artifact import Artifact, Property, PropertyType
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import ExampleAnomalies
from tfx.types.system_artifacts import Statistics

from components.anomaly_gate.executor import Executor
from headrace.errors import ParameterError


class Severity(StrEnum):
    """TFDV's severities, the milder first."""

    WARNING = "WARNING"
    ERROR = "ERROR"


class DataBlessing(Artifact):
    """That data passed the gate: written only where it did."""

    TYPE_NAME = "DataBlessing"
    TYPE_ANNOTATION = Statistics
    PROPERTIES = {"tolerated": Property(PropertyType.INT)}  # anomalies below the severity


class AnomalyGateSpec(ComponentSpec):
    """Channels and parameters of AnomalyGate."""

    PARAMETERS = {
        "severity": ExecutionParameter(type=str),
        "schema_file": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {"anomalies": ChannelParameter(type=ExampleAnomalies)}
    OUTPUTS = {"blessing": ChannelParameter(type=DataBlessing)}


class AnomalyGate(BaseComponent):
    """Stops the run on anomalies; ExampleValidator by itself only records them.

    A node that must not see bad data waits for the gate: `node.add_upstream_node(gate)`.
    """

    SPEC_CLASS = AnomalyGateSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(self, anomalies: BaseChannel, severity: str = Severity.ERROR, schema_file: str | None = None) -> None:
        """Builds the node.

        Args:
            anomalies: ExampleValidator's output, or the union of several: one artifact or more.
            severity: the mildest that stops the run, `WARNING` or `ERROR`.
            schema_file: the schema's source, which a person edits where the data are right; the message names it.

        Raises:
            ParameterError: there is no such severity.
        """
        if severity not in list(Severity):
            raise ParameterError(f"AnomalyGate knows no severity {severity!r}", why=f"TFDV's are {', '.join(Severity)}")
        super().__init__(
            AnomalyGateSpec(
                anomalies=anomalies,
                severity=str(severity),
                schema_file=schema_file,
                blessing=Channel(type=DataBlessing),
            )
        )
