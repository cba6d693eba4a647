"""What people call a run: its id, the beginning of one that no other has, or the latest."""

from collections.abc import Sequence
from difflib import get_close_matches

from headrace.errors import UnknownNameError

LATEST = "latest"
_SHOWN = 5  # ids in a message


def resolve_run(name: str, ids: Sequence[str]) -> str:
    """The id that `name` stands for.

    Args:
        name: an id, a prefix that only one id has, or "latest".
        ids: of the runs there are, the newest first.

    Raises:
        UnknownNameError: there is none, or more than one.
    """
    if not ids:
        what = "no run is recorded yet" if name == LATEST else f"there is no run {name!r}: none is recorded yet"
        raise UnknownNameError(what, next_step="headrace run NAME")
    if name == LATEST:
        return ids[0]
    begin = [name] if name in ids else [one for one in ids if one.startswith(name)]
    if len(begin) == 1:
        return begin[0]
    what = f"there is no run {name!r}"
    if len(begin) > 1:
        what = f"{len(begin)} runs begin with {name!r}"
        why = _some(begin)
    elif near := get_close_matches(name, [*ids, LATEST], n=1, cutoff=0.5):
        why = f"did you mean {near[0]!r}?"
    else:
        why = f"the newest: {_some(ids)}"
    raise UnknownNameError(what, why=why, next_step="headrace runs list")


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
