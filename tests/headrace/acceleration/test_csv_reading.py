"""Records and cells of files, beside the stock executor's reader and the stock decoder."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headrace.acceleration import csv_blocks
from headrace.acceleration.csv_blocks import blocks
from headrace.acceleration.csv_reading import read_cells
from headrace.acceleration.not_equal import NotEqualError
from headrace.errors import InputDataError
from tests.headrace.acceleration.csv_stock import stock_rows

texts = st.lists(
    st.sampled_from(["a", "5", "é", ",", ",", '"', '"', "\n", "\n", "\r\n", "\r", " ", "\0", "\ufeff"]), max_size=24
)
well_formed = st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=6)
reused_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def rows_of(file: Path, columns: int, block_bytes: int = 1 << 20) -> list[list[bytes]]:
    rows: list[list[bytes]] = []
    for block in blocks(file, block_bytes):
        cells = [column.to_pylist() for column in read_cells(block, columns)]
        rows += [[cell or b"" for cell in row] for row in zip(*cells, strict=True)]
    return rows


def write(folder: Path, content: str | bytes) -> Path:
    file = folder / "x.csv"
    file.write_bytes(b"a,b\n" + (content.encode() if isinstance(content, str) else content))
    return file


@reused_folder
@given(texts, st.integers(1, 40))
@example(list('1,2\n"x\ny",3\n'), 1)
@example(list('5" pipe,3\n6" pipe,4\n'), 5)
@example(list('a"b,c"\n'), 5)
@example(list("1,2\r3,4\n"), 5)
@example(list("1,2\r\n\r\n\n3,4"), 3)
@example(list('""\n'), 3)
@example(list('"","a""b"\n'), 30)
@example(list('"""",""""""\n'), 30)
@example(list('"a\r\nb",\r\n'), 30)
@example(list('"a\n\nb",""\n"","c"'), 30)
def test_cells_are_those_of_the_stock_decoder(tmp_path: Path, text: list[str], block_bytes: int) -> None:
    file = write(tmp_path, "".join(text))
    try:
        found = rows_of(file, 2, block_bytes)
    except InputDataError:
        with pytest.raises(ValueError, match=r"."):
            check_width(stock_rows(file))
        return
    expected = stock_rows(file)
    check_width(expected)
    assert found == [row for row in expected if row]


@reused_folder
@given(well_formed, st.integers(1, 40))
def test_what_the_csv_module_wrote(tmp_path: Path, rows: list[tuple[str, str]], block_bytes: int) -> None:
    file = tmp_path / "written.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("a", "b"), *rows])
    assert rows_of(file, 2, block_bytes) == stock_rows(file)


def check_width(rows: list[list[bytes]]) -> None:
    if any(row and len(row) != 2 for row in rows):
        raise ValueError("a row has too few or too many cells")


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("1,2\n3\n4,5\n", 3, "it has 1 cells"),
        ("1,2\n\n3,4,5\n", 4, "it has 3 cells"),
        ('1,2\n"x\ny",4\n5\n', 5, "it has 1 cells"),
        ('1,2\n3,"4\n5,6\n', 3, "unbalanced"),
        ('1,2\na"b,"c\n', 3, "never ends"),
        ('1,2\n5" a\n6" b,2\n', 3, "new-line character"),
        (b"1,2\n3,4\n\xff,5\n", 4, "not UTF-8"),
        ("1,2\n3,4\r5,6\n", 3, "new-line character"),
        ("1,2\n" + "x" * 200_000 + ",5\n", 3, "field larger"),
    ],
)
def test_what_is_refused_has_a_line(tmp_path: Path, content: str | bytes, line: int, why: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(InputDataError) as caught:
        rows_of(file, 2)
    assert caught.value.where == f"{file}, line {line}"
    assert why in caught.value.why


@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
def test_line_numbers_go_on_from_block_to_block(tmp_path: Path, block_bytes: int) -> None:
    file = write(tmp_path, '1,2\n"x\ny",4\n' * 5 + "5\n")
    with pytest.raises(InputDataError, match="line 17"):
        rows_of(file, 2, block_bytes)


def test_no_line_after_the_header(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "header.csv").write_bytes(b"a,b")
    assert list(blocks(tmp_path / "empty.csv")) == list(blocks(tmp_path / "header.csv")) == []


def test_a_record_too_long_for_memory_is_left_to_the_stock_executor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_blocks, "RECORD_BYTES", 100)
    with pytest.raises(NotEqualError, match="line 3"):
        list(blocks(write(tmp_path, '1,2\n"' + "x" * 300 + '",3\n'), 10))
