"""Reports on data frames, by way of statistics as a pipeline records them."""

from pathlib import Path

import pandas as pd
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.drift_monitor.comparison import Recorded, compare
from components.drift_monitor.rules import Rules
from headrace.contents.drift import ComparedData, Drift
from headrace.contents.statistics import read_statistics
from headrace.testing.frames import statistics_of


def read(statistics: statistics_pb2.DatasetFeatureStatisticsList, folder: Path) -> Recorded:
    """Statistics as a report takes them."""
    path = folder / "Split-train" / "FeatureStats.pb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(statistics.SerializeToString())
    split = read_statistics(folder)["train"]
    return Recorded(ComparedData((1,), (0,), split.examples), (split,))


def recorded(frame: pd.DataFrame, folder: Path) -> Recorded:
    """The statistics of a frame's rows."""
    return read(statistics_of(frame), folder)


def report(before: pd.DataFrame, after: pd.DataFrame, folder: Path, rules: Rules | None = None) -> Drift:
    """How the rows moved."""
    return compare(recorded(before, folder / "before"), recorded(after, folder / "after"), rules or Rules())
