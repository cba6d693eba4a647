"""What faults are made in, and which of them count: a project's rooms, its equivalent faults, and the draw."""

import random
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutants.faults import Fault, faults, is_possible

FOLDER = "mutants"  # of a project, with these two
ROOMS = "rooms.toml"
EQUIVALENT = "equivalent.toml"


class PlanError(Exception):
    """What is written about rooms or equivalent faults does not fit the code."""


@dataclass(frozen=True)
class Room:
    """A folder of code and the tests that look at it.

    Attributes:
        name: what it is called in the report.
        code: its folder, relative to the project's root.
        tests: folders of tests, relative to it, too.
    """

    name: str
    code: str
    tests: tuple[str, ...]

    def modules(self, root: Path) -> list[str]:
        """Its modules, relative to the project's root."""
        return sorted(str(file.relative_to(root)) for file in (root / self.code).rglob("*.py"))


@dataclass(frozen=True)
class Equivalent:
    """A fault that changes nothing anybody could notice, found again by its text wherever that stands in the module."""

    module: str
    operator: str
    was: str
    becomes: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """A project's rooms, by name, and the packages that are imported once, before anything of the project is."""

    rooms: dict[str, Room]
    imports: tuple[str, ...]

    @classmethod
    def of(cls, root: Path) -> "Plan":
        """The plan of the project at `root`."""
        listed = tomllib.loads((root / FOLDER / ROOMS).read_text())
        rooms = {name: Room(name, room["code"], tuple(room["tests"])) for name, room in listed["rooms"].items()}
        return cls(rooms, tuple(listed.get("imports", ())))


def equivalents(root: Path) -> list[Equivalent]:
    """The faults that do not count.

    Raises:
        PlanError: one of them is none of its module's faults any more.
    """
    file = root / FOLDER / EQUIVALENT
    listed = tomllib.loads(file.read_text()) if file.exists() else {}
    entries = [Equivalent(**entry) for entry in listed.get("equivalent", ())]
    made: dict[str, set[tuple[str, str, str]]] = {}
    for entry in entries:
        if entry.module not in made:
            code = root / entry.module
            found = faults(entry.module, code.read_text()) if code.exists() else ()
            made[entry.module] = {(fault.operator, fault.was, fault.becomes) for fault in found}
        if (entry.operator, entry.was, entry.becomes) not in made[entry.module]:
            raise PlanError(f"{file}: {entry.module} has no fault {entry.operator!r}: {entry.was} -> {entry.becomes}")
    return entries


def reason(fault: Fault, listed: Collection[Equivalent]) -> str | None:
    """Why a fault is equivalent; None if it is not."""
    for entry in listed:
        if (entry.module, entry.operator, entry.was, entry.becomes) == (
            fault.module, fault.operator, fault.was, fault.becomes,
        ):  # fmt: skip
            return entry.reason
    return None


def drawn(root: Path, modules: Sequence[str], number: int, seed: int) -> list[Fault]:
    """As many different faults as asked for, or all there are.

    Modules take turns, and in each its operators, so that neither the largest module nor the most frequent operator
    dominates. What is drawn from a module depends on the seed and on that module alone.
    """
    order = list(modules)
    random.Random(seed).shuffle(order)
    waiting = [_of_module(root, module, seed) for module in order]
    found: list[Fault] = []
    while waiting and len(found) < number:
        for faults_of_one in list(waiting):
            fault = next(faults_of_one, None)
            if fault is None:
                waiting.remove(faults_of_one)
            elif len(found) < number:
                found.append(fault)
    return found


def _of_module(root: Path, module: str, seed: int) -> Iterator[Fault]:
    draw = random.Random(f"{seed} {module}")
    source = (root / module).read_text()
    by_operator = defaultdict[str, dict[tuple[str, str], Fault]](dict)
    for fault in faults(module, source):
        by_operator[fault.operator].setdefault((fault.was, fault.becomes), fault)
    kinds = [draw.sample(list(some.values()), len(some)) for some in by_operator.values()]
    while kinds:
        draw.shuffle(kinds)
        for kind in kinds:
            fault = kind.pop()
            if is_possible(fault, source):
                yield fault
        kinds = [kind for kind in kinds if kind]
