"""The folders of splits, vocabularies and records, as TFX leaves them."""

import struct
from pathlib import Path

import pytest

from headrace.contents.splits import files_by_split, split_folders
from headrace.contents.tfrecords import read_records
from headrace.contents.vocabularies import read_vocabularies


def test_splits_and_pairs_of_them_are_known_by_their_name(tmp_path: Path) -> None:
    for name in ("Split-train", "Split-eval", "SplitPair-train_eval", "other"):
        (tmp_path / name).mkdir()
    assert split_folders(tmp_path) == {
        "eval": tmp_path / "Split-eval",
        "train": tmp_path / "Split-train",
        "train_eval": tmp_path / "SplitPair-train_eval",
    }
    assert list(split_folders(tmp_path)) == ["eval", "train", "train_eval"]
    assert files_by_split(tmp_path, "x")["train"] == tmp_path / "Split-train" / "x"


def test_a_file_in_the_folder_itself_is_of_all_splits(tmp_path: Path) -> None:
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "x").touch()
    assert files_by_split(tmp_path, "x") == {"all splits": tmp_path / "x"}


def test_a_folder_without_a_split_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(FileNotFoundError) as raised:
        split_folders(tmp_path)
    assert str(raised.value) == f"no Split-* folder in {tmp_path}"
    with pytest.raises(FileNotFoundError):
        files_by_split(tmp_path, "x")


def record(data: bytes) -> bytes:
    return struct.pack("<QI", len(data), 0) + data + bytes(4)


def test_records_are_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(record(b"one") + record(b"") + record(b"three"))
    assert list(read_records(path)) == [b"one", b"", b"three"]
    path.write_bytes(b"")
    assert list(read_records(path)) == []


@pytest.mark.parametrize("cut", [1, 4, 5, 9, 18, 19])
def test_a_file_that_ends_within_a_record_is_an_error_after_those_before(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "records"
    path.write_bytes((record(b"one") + record(b"last"))[:-cut])
    records = read_records(path)
    with pytest.raises(ValueError, match="ends in the middle of a record"):
        assert [next(records), next(records)] == [b"one"]


def test_vocabularies_are_read_in_the_order_of_their_values(tmp_path: Path) -> None:
    assets = tmp_path / "transform_fn" / "assets"
    (assets / "folder").mkdir(parents=True)
    (assets / "b").write_bytes(b"y\nx\n")
    (assets / "a").write_bytes(b"\xff\n")
    (assets / "c.gz").write_bytes(b"compressed")
    assert read_vocabularies(tmp_path) == {"a": (b"\xff",), "b": (b"y", b"x")}
    assert list(read_vocabularies(tmp_path)) == ["a", "b"]


def test_a_transform_graph_without_assets_has_no_vocabulary_and_without_a_graph_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no transform_fn in"):
        read_vocabularies(tmp_path)
    (tmp_path / "transform_fn").mkdir()
    assert read_vocabularies(tmp_path) == {}
