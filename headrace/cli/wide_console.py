"""The console that answers and tables are printed to."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 200  # columns of a table that goes to a file or a pipe


def wide_console() -> "Console":
    """As wide as the terminal, and wide where there is none."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)  # brackets in data are no markup
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(highlight=False, markup=False, width=_WIDE)
