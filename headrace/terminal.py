"""Where text for a person goes: shown as it is, whatever brackets and colons are in it."""

import os
from typing import TextIO

from rich.console import Console

_WIDE = 200  # columns of a table that goes to a file or a pipe


def plain_console(*, file: TextIO | None = None, markup: bool = False, width: int | None = None) -> Console:
    """A console that prints to people.

    Rich takes brackets for styles, and `:smile:` for a picture: in paths, names and errors they are neither.

    Args:
        file: that it prints to; standard output as it is at each print by itself.
        markup: brackets are styles; who prints escapes those in data.
        width: in columns; that of the terminal by itself.
    """
    return Console(file=file, highlight=False, markup=markup, emoji=False, width=width)


def wide_console() -> Console:
    """A console for tables: as wide as the terminal, and wide where there is none."""
    console = plain_console()
    return console if console.is_terminal or "COLUMNS" in os.environ else plain_console(width=_WIDE)
