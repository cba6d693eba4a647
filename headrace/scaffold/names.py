"""Names of what is to be written."""

import keyword
import re
from pathlib import Path

from headrace.errors import UserError
from headrace.project import PROJECT_FILE, project_root

LONGEST = 24  # letters: what is written has lines that the formatter is to leave as they are
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def check_name(kind: str, name: str) -> None:
    """Checks that Python, and people, can take `name` for the folder of a new component or pipeline.

    Raises:
        UserError: they cannot; suggests a name that is like it.
    """
    if _NAME.fullmatch(name) and not keyword.iskeyword(name) and len(name) <= LONGEST:
        return
    nearest = _like(name)
    raise UserError(
        f"a {kind} cannot be called {name!r}",
        why=f"a name is small letters, digits and single underscores, at most {LONGEST}, and no word of Python's",
        next_step=f"headrace new {kind} {nearest}" if nearest else "",
    )


def class_name(name: str) -> str:
    """`RowCount` for `row_count`."""
    return "".join(word.capitalize() for word in name.split("_"))


def find_project() -> Path:
    """The root of the project around the working folder.

    Raises:
        UserError: there is none.
    """
    root = project_root()
    if not (root / PROJECT_FILE).is_file():
        raise UserError(
            "there is no project here",
            where=str(root),
            why=f"neither this folder nor one above it has a {PROJECT_FILE}",
            next_step="cd to the project",
        )
    return root


def _like(name: str) -> str:
    """A name that can be, made of one that cannot; or empty."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    like = re.sub(r"[^a-z0-9]+", "_", words).strip("_").lstrip("_0123456789")
    return f"my_{like}" if keyword.iskeyword(like) else like[:LONGEST].rstrip("_")
