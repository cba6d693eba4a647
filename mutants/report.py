"""What came of each fault, as lines of JSON, and the rate by room, as a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mutants.faults import Fault


class Outcome(StrEnum):
    """What came of a fault."""

    NOTICED = "noticed"
    TIMED_OUT = "timed out"  # noticed, too: a test took much longer than it does
    SURVIVED = "survived"
    NOT_REACHED = "not reached"  # survived: no test calls the function
    EQUIVALENT = "equivalent"  # does not count


@dataclass(frozen=True)
class Judged:
    """A fault and what came of it.

    Attributes:
        room: the name of its room.
        fault: the fault.
        outcome: what came of it.
        by: the test that noticed it, or the reason why it is equivalent.
        said: what that test said.
        tests: how many tests were to look at it.
        seconds: how long they took.
    """

    room: str
    fault: Fault
    outcome: Outcome
    by: str = ""
    said: str = ""
    tests: int = 0
    seconds: float = 0

    @property
    def is_noticed(self) -> bool:
        """Whether a test noticed it."""
        return self.outcome in {Outcome.NOTICED, Outcome.TIMED_OUT}

    def record(self) -> dict[str, object]:
        """A line of the report."""
        fault = self.fault
        return {
            "room": self.room, "module": fault.module, "line": fault.line, "operator": fault.operator,
            "was": fault.was, "becomes": fault.becomes, "outcome": self.outcome, "by": self.by, "said": self.said,
            "tests": self.tests, "seconds": round(self.seconds, 1),
        }  # fmt: skip

    def __str__(self) -> str:
        """A line for who waits."""
        fault = self.fault
        by = f" by {self.by}" if self.is_noticed else ""
        return f"{self.outcome}{by}, {self.seconds:.1f} s: {fault.module}:{fault.line} {fault.operator}"


def table(judged: Iterable[Judged]) -> str:
    """The rates by room, in Markdown."""
    by_room: dict[str, list[Judged]] = {}
    for one in judged:
        by_room.setdefault(one.room, []).append(one)
    lines = ["| room | faults | equivalent | noticed | survived | rate |", "|---|---|---|---|---|---|"]
    for room, ones in by_room.items():
        equivalent = sum(one.outcome is Outcome.EQUIVALENT for one in ones)
        noticed, count = sum(one.is_noticed for one in ones), len(ones) - equivalent
        rate = f"{noticed / count:.0%}" if count else "-"
        lines.append(f"| {room} | {len(ones)} | {equivalent} | {noticed} | {count - noticed} | {rate} |")
    return "\n".join(lines)
