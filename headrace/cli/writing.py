"""Files that commands write for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace.errors import UserError


@contextmanager
def writing(what: str, where: Path | str, next_step: str) -> Iterator[None]:
    """Makes one message of a file that cannot be written.

    Args:
        what: it is: "the page".
        where: it goes.
        next_step: what to type then.

    Raises:
        UserError: it could not be written.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise UserError(f"{what} cannot be written", where=str(where), why=why, next_step=next_step) from error
