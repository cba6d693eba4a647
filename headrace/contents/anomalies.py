"""Anomalies that ExampleValidator or DistributionValidator recorded, read without TensorFlow."""

from dataclasses import dataclass
from pathlib import Path

from tensorflow_metadata.proto.v0 import anomalies_pb2

from headrace.contents.damage import reading
from headrace.contents.splits import files_by_split

FILE_NAME = "SchemaDiff.pb"  # what both write, one a split or pair of splits
DATASET = "(whole dataset)"  # stands for a feature's name where all of the data is meant


@dataclass(frozen=True, order=True)
class Anomaly:
    """One finding of data validation, in TFDV's words."""

    split: str
    feature: str
    severity: str  # WARNING or ERROR
    summary: str  # "Unexpected string values"
    description: str  # "Examples contain values missing from the schema: Barter (~4%)."

    def __str__(self) -> str:
        return f"{self.feature} in split {self.split}: {self.summary}: {self.description}"


def read_anomalies(folder: Path) -> list[Anomaly]:
    """The anomalies below an ExampleAnomalies artifact's `folder`, by split and feature; Transform's know no splits.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no anomalies.
        ValueError: a file is damaged.
    """
    found = []
    for split, path in files_by_split(folder, FILE_NAME).items():
        with reading(path):
            anomalies = anomalies_pb2.Anomalies.FromString(path.read_bytes())
        for feature, info in anomalies.anomaly_info.items():
            found.append(_anomaly(split, feature, info))
        if anomalies.HasField("dataset_anomaly_info"):
            found.append(_anomaly(split, DATASET, anomalies.dataset_anomaly_info))
    return sorted(found)


def _anomaly(split: str, feature: str, info: anomalies_pb2.AnomalyInfo) -> Anomaly:
    severity = anomalies_pb2.AnomalyInfo.Severity.Name(info.severity)
    # DistributionValidator leaves but the reasons.
    summary = info.short_description or "; ".join(reason.short_description for reason in info.reason)
    description = info.description or " ".join(reason.description for reason in info.reason)
    return Anomaly(split, feature, severity, summary, description)
