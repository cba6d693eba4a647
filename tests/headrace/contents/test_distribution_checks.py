"""What TFX's DistributionValidator measured."""

from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2

from headrace.contents.distribution_checks import DistributionCheck, read_distribution_checks

Measurement = anomalies_pb2.DriftSkewInfo.Measurement


def write(folder: Path, splits: str, **distances: float) -> None:
    anomalies = anomalies_pb2.Anomalies()
    for feature, distance in distances.items():
        info = anomalies.drift_skew_info.add()
        info.path.step.append(feature)
        info.drift_measurements.add(type=Measurement.L_INFTY, value=distance, threshold=0.25)
    path = folder / f"SplitPair-{splits}" / "SchemaDiff.pb"
    path.parent.mkdir()
    path.write_bytes(anomalies.SerializeToString())


def test_each_feature_has_its_distance_and_its_threshold_whether_or_not_it_drifted(tmp_path: Path) -> None:
    write(tmp_path, "eval_train", origin=0.5, carrier=0.25)
    origin, carrier = read_distribution_checks(tmp_path)
    assert origin == DistributionCheck("eval_train", "origin", "L-infinity distance", 0.5, 0.25)
    assert (origin.drifted, carrier.drifted) == (True, False)


def test_pairs_of_splits_come_in_order(tmp_path: Path) -> None:
    write(tmp_path, "train_train", origin=0.5)
    write(tmp_path, "eval_eval", origin=0.125)
    found = read_distribution_checks(tmp_path)
    assert [(one.splits, one.distance) for one in found] == [("eval_eval", 0.125), ("train_train", 0.5)]


def test_what_had_nothing_to_be_compared_with_has_no_checks(tmp_path: Path) -> None:
    assert read_distribution_checks(tmp_path) == []


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        read_distribution_checks(tmp_path / "gone")
