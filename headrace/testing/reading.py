"""How artifacts of each type are read; imported when one is."""

from collections.abc import Callable, Mapping
from pathlib import Path

from headrace.contents.anomalies import read_anomalies
from headrace.contents.drift import read_drift
from headrace.contents.evaluation import read_evaluation
from headrace.contents.schema import read_schema
from headrace.contents.statistics import read_statistics
from headrace.testing.frames import read_frames

READERS: Mapping[str, Callable[[Path], object]] = {
    "DriftReport": read_drift,
    "ExampleAnomalies": read_anomalies,
    "ExampleStatistics": read_statistics,
    "Examples": read_frames,
    "ModelEvaluation": read_evaluation,
    "Schema": read_schema,
}
