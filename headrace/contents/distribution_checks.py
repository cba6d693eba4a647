"""What TFX's DistributionValidator measured, of features that did not drift too, read without TensorFlow."""

from dataclasses import dataclass
from pathlib import Path

from tensorflow_metadata.proto.v0 import anomalies_pb2

from headrace.contents.anomalies import FILE_NAME
from headrace.contents.damage import reading

_PREFIX = "SplitPair-"  # of the folder of a split and that it was compared with
_MEASURES = {
    "L_INFTY": "L-infinity distance",
    "JENSEN_SHANNON_DIVERGENCE": "Jensen-Shannon divergence",
    "NORMALIZED_ABSOLUTE_DIFFERENCE": "normalized absolute difference",
}


@dataclass(frozen=True)
class DistributionCheck:
    """How far a feature's distribution is from that in other data, and how far it may be."""

    splits: str  # the split and that it was compared with, as TFX has them: "eval_train"
    feature: str
    measure_name: str  # "L-infinity distance"
    distance: float
    threshold: float

    @property
    def drifted(self) -> bool:
        """It is farther than it may be."""
        return self.distance > self.threshold


def read_distribution_checks(folder: Path) -> list[DistributionCheck]:
    """The checks below the `folder` of the ExampleAnomalies artifact of a DistributionValidator.

    There are none where there was no data to compare with; and none of a feature that could not be compared, which is
    an anomaly.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: a file is damaged.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    found = []
    for path in sorted(folder.glob(f"{_PREFIX}*/{FILE_NAME}")):
        with reading(path):
            anomalies = anomalies_pb2.Anomalies.FromString(path.read_bytes())
        splits = path.parent.name.removeprefix(_PREFIX)
        for info in anomalies.drift_skew_info:
            for one in (*info.drift_measurements, *info.skew_measurements):
                name = anomalies_pb2.DriftSkewInfo.Measurement.Type.Name(one.type)
                measure = _MEASURES.get(name, name)
                found.append(DistributionCheck(splits, ".".join(info.path.step), measure, one.value, one.threshold))
    return found
