import io
from pathlib import Path

import pytest
from rich.table import Table
from rich.tree import Tree

import headrace
from headrace.terminal import plain_console, wide_console

TEXT = "a[bold]:smile:/[0]"


@pytest.mark.parametrize("shown", [TEXT, Table(TEXT, title=TEXT), Tree(TEXT)], ids=["text", "table", "tree"])
def test_what_is_printed_is_shown_as_it_is(shown: object) -> None:
    file = io.StringIO()
    plain_console(file=file, width=80).print(shown)
    assert TEXT in file.getvalue()


def test_brackets_are_styles_where_that_is_asked_for_and_colons_are_no_pictures() -> None:
    file = io.StringIO()
    plain_console(file=file, markup=True).print("[bold]a[/]:smile:")
    assert file.getvalue() == "a:smile:\n"


def test_a_table_that_goes_to_a_pipe_is_wide(capsys: pytest.CaptureFixture[str]) -> None:
    wide_console().print("a long line " * 15)
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("a long line a long line")


def test_every_console_is_made_in_one_place() -> None:
    folder = Path(headrace.__file__).parent
    made = [file.name for file in folder.rglob("*.py") if " Console(" in file.read_text()]
    assert made == ["terminal.py"]
