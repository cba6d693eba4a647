"""The stores that the runs of a home used, each noted in a file of its own.

So any number of runs may note theirs at once, and none waits for another. There is no password in a note: that of
the project's own server is a setting.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from headrace.settings import FILE_NAME

FOLDER = "stores"  # below the home
_DIGITS = 16  # of a digest


@dataclass(frozen=True)
class KnownStore:
    """A store that runs used."""

    address: str  # as `address_of` has it
    note: Path  # that says so; without it, the store is not known any more


def remember(home: Path, address: str) -> None:
    """Notes that a run used a store; the home's own needs no note.

    Args:
        home: the run's.
        address: the store's; one that has none cannot be found again.
    """
    name = hashlib.sha256(address.encode()).hexdigest()[:_DIGITS]
    path = home / FOLDER / f"{name}.json"
    if address in ("", os.path.realpath(home / FILE_NAME)) or path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(f".{uuid4().hex}")
    try:
        draft.write_text(json.dumps({"store": address}), encoding="utf-8")
        os.replace(draft, path)  # complete before it has its name
    finally:
        draft.unlink(missing_ok=True)


def forget(home: Path, address: str) -> None:
    """Removes the note of a store whose file is gone; a run that uses the store again notes it anew."""
    for one in known_stores(home):
        if one.address == address and not os.path.exists(address):
            with suppress(OSError):  # a home that is only read; then it is said each time
                one.note.unlink()


def known_stores(home: Path) -> list[KnownStore]:
    """The stores that the runs of a home used, by their addresses."""
    found = []
    for path in (home / FOLDER).glob("*.json"):
        try:
            found.append(KnownStore(str(json.loads(path.read_bytes())["store"]), path))
        except (OSError, ValueError, KeyError, TypeError):  # removed in this moment, or edited
            continue
    return sorted(found, key=lambda one: one.address)
