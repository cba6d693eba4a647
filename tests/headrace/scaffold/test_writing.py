import os
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.scaffold.writing import NewFolder, write_folders


def test_all_folders_are_written_with_all_their_files(tmp_path: Path) -> None:
    one = NewFolder(tmp_path / "deep" / "one", {"a.py": b"a", "more/b.py": b"b"})
    two = NewFolder(tmp_path / "two", {"c.py": b"c"})
    write_folders(tmp_path, [one, two])
    files = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"deep/one/a.py": "a", "deep/one/more/b.py": "b", "two/c.py": "c"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "two"]
    assert os.stat(tmp_path / "two").st_mode == os.stat(tmp_path / "deep").st_mode


def test_nothing_is_written_over_or_beside_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    folders = [NewFolder(tmp_path / name, {"a.py": b"a"}) for name in ("one", "two")]
    with pytest.raises(UserError, match="there is a folder two already"):
        write_folders(tmp_path, folders)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["two"]


@pytest.mark.parametrize("bad", ["", "a.py/below"])  # a folder where a file is to be, a file where a folder is to be
def test_what_fails_half_way_leaves_nothing_behind(tmp_path: Path, bad: str) -> None:
    folders = [NewFolder(tmp_path / "one", {"a.py": b"a"}), NewFolder(tmp_path / "two", {"a.py": b"a", bad: b"b"})]
    with pytest.raises(UserError, match="cannot be written"):
        write_folders(tmp_path, folders)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_somebody_makes_meanwhile_keeps_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(source: Path, target: Path) -> None:
        if target.name == "two":
            target.mkdir()
            (target / "theirs.py").touch()
        real(source, target)

    real = os.rename
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(UserError, match="cannot be written"):
        write_folders(tmp_path, [NewFolder(tmp_path / name, {"a.py": b"a"}) for name in ("one", "two")])
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["two", "two/theirs.py"]
