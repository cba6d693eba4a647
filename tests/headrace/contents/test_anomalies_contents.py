"""Anomalies as ExampleValidator writes them."""

from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2

from headrace.contents.anomalies import DATASET, Anomaly, read_anomalies


def write(folder: Path, split: str, anomalies: anomalies_pb2.Anomalies) -> None:
    path = folder / f"Split-{split}" / "SchemaDiff.pb"
    path.parent.mkdir()
    path.write_bytes(anomalies.SerializeToString())


def test_anomalies_come_by_split_and_feature(tmp_path: Path) -> None:
    found = anomalies_pb2.Anomalies()
    info = found.anomaly_info["payment"]
    info.severity = anomalies_pb2.AnomalyInfo.ERROR
    info.short_description, info.description = "Unexpected string values", "Barter (~4%)."
    found.dataset_anomaly_info.severity = anomalies_pb2.AnomalyInfo.WARNING
    found.dataset_anomaly_info.short_description = "Low number of examples"
    write(tmp_path, "eval", found)
    write(tmp_path, "train", anomalies_pb2.Anomalies())
    assert read_anomalies(tmp_path) == [
        Anomaly("eval", DATASET, "WARNING", "Low number of examples", ""),
        Anomaly("eval", "payment", "ERROR", "Unexpected string values", "Barter (~4%)."),
    ]


def test_what_two_splits_differ_in_is_told_by_its_reasons(tmp_path: Path) -> None:
    found = anomalies_pb2.Anomalies()
    info = found.anomaly_info["origin"]
    info.severity = anomalies_pb2.AnomalyInfo.ERROR
    info.reason.add(short_description="High Linfty distance", description="It is 0.024 (up to six digits).")
    path = tmp_path / "SplitPair-train_eval" / "SchemaDiff.pb"
    path.parent.mkdir()
    path.write_bytes(found.SerializeToString())
    assert read_anomalies(tmp_path) == [
        Anomaly("train_eval", "origin", "ERROR", "High Linfty distance", "It is 0.024 (up to six digits).")
    ]


def test_no_anomalies_is_an_empty_list(tmp_path: Path) -> None:
    write(tmp_path, "train", anomalies_pb2.Anomalies())
    assert read_anomalies(tmp_path) == []


def test_transforms_anomalies_are_of_all_splits(tmp_path: Path) -> None:
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["payment"].severity = anomalies_pb2.AnomalyInfo.ERROR
    (tmp_path / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    assert [(one.split, one.feature) for one in read_anomalies(tmp_path)] == [("all splits", "payment")]


def test_a_folder_without_splits_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Split-"):
        read_anomalies(tmp_path)
