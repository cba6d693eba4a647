"""The gate's work: reads what ExampleValidator recorded, and refuses or blesses."""

from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0.anomalies_pb2 import AnomalyInfo
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance

from headrace.contents.anomalies import Anomaly, read_anomalies
from headrace.errors import AnomaliesFoundError

_SHOWN = 10  # anomalies in the message
ArtifactMap = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Fails on anomalies at or over the severity."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Runs the gate.

        Raises:
            AnomaliesFoundError: there are such anomalies; names feature, split, span and anomaly.
        """
        given = {one.id: one for one in input_dict["anomalies"]}.values()  # two channels may bring the same one
        found = [(one, read_anomalies(Path(one.uri))) for one in given]
        refused = [
            (artifact, anomaly)
            for artifact, anomalies in found
            for anomaly in anomalies
            if _at_or_over(anomaly, exec_properties["severity"])
        ]
        if refused:
            artifacts = list({artifact.id: artifact for artifact, _ in refused}.values())
            raise AnomaliesFoundError(
                f"{len(refused)} {'anomaly' if len(refused) == 1 else 'anomalies'} in the data{_spans(artifacts)}",
                where=", ".join(artifact.uri for artifact in artifacts),
                why=_why(refused),
                next_step=_next_step(artifacts[0], exec_properties.get("schema_file")),
            )
        blessing = get_single_instance(output_dict["blessing"])
        blessing.tolerated = sum(len(anomalies) for _, anomalies in found)


def _at_or_over(anomaly: Anomaly, severity: str) -> bool:
    return AnomalyInfo.Severity.Value(anomaly.severity) >= AnomalyInfo.Severity.Value(severity)


def _spans(artifacts: list[Artifact]) -> str:
    spans = sorted({artifact.span for artifact in artifacts if artifact.span})
    return f" of span {', '.join(map(str, spans))}" if spans else ""


def _why(refused: list[tuple[Artifact, Anomaly]]) -> str:
    """The first anomalies, each once, and what shows the others."""
    told: dict[str, Artifact] = {}
    for artifact, anomaly in refused:
        told.setdefault(_told(artifact, anomaly), artifact)
    left = list(told.values())[_SHOWN:]
    commands = dict.fromkeys(f"headrace show {artifact.id}" for artifact in left)
    more = [f"{len(left)} more: {', '.join(commands)}"] if left else []
    return "; ".join([*list(told)[:_SHOWN], *more])


def _told(artifact: Artifact, anomaly: Anomaly) -> str:
    """The anomaly in words; TFX says 0 where the data have no spans."""
    words = str(anomaly).strip()
    return f"span {artifact.span}: {words}" if artifact.span else words


def _next_step(artifact: Artifact, schema_file: str | None) -> str:
    return f"headrace show {artifact.id}  # then put the data right, or allow this in {schema_file or 'the schema'}"
