"""The gate's work: reads what ExampleValidator recorded, and refuses or blesses."""

from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0.anomalies_pb2 import AnomalyInfo
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance

from headrace.contents.anomalies import Anomaly, read_anomalies
from headrace.errors import AnomaliesFoundError

ArtifactMap = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Fails on anomalies at or over the severity."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Runs the gate.

        Raises:
            AnomaliesFoundError: there are such anomalies; names feature, split and anomaly.
        """
        artifact = get_single_instance(input_dict["anomalies"])
        anomalies = read_anomalies(Path(artifact.uri))
        refused = [anomaly for anomaly in anomalies if _at_or_over(anomaly, exec_properties["severity"])]
        if refused:
            raise AnomaliesFoundError(
                f"{len(refused)} {'anomaly' if len(refused) == 1 else 'anomalies'} in the data",
                where=artifact.uri,
                why="; ".join(str(anomaly) for anomaly in refused),
                next_step=f"headrace show {artifact.id}",
            )
        blessing = get_single_instance(output_dict["blessing"])
        blessing.tolerated = len(anomalies)


def _at_or_over(anomaly: Anomaly, severity: str) -> bool:
    return AnomalyInfo.Severity.Value(anomaly.severity) >= AnomalyInfo.Severity.Value(severity)
