"""Puts faults into the code, one at a time, and tells which of them no test notices.

Each fault is drawn at random and written into a copy of the project; a process forked from this one, which has
imported TFX but nothing of the project, runs the tests on it that call the function, in any process. The copy comes
first on PYTHONPATH, so commands, warm servers and nodes that a test starts have the fault, too, unless the test sets
that variable itself. Tests outside of the room's folders are not asked: a rate is a lower bound.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pytest

from mutants.baseline import Baseline, FailingTestsError
from mutants.faults import Fault
from mutants.forks import NoAnswerError, in_fork, prepare
from mutants.plan import Equivalent, Plan, PlanError, Room, drawn, equivalents, reason
from mutants.report import Judged, Outcome, table
from mutants.session import run_tests
from mutants.tree import Tree

_TIMES_AS_LONG = 5  # as without the fault
_START_SECONDS = 60  # pytest and what it imports, on a busy machine


@dataclass(frozen=True)
class Trial:
    """Faults in one room."""

    tree: Tree
    room: str
    faults: Sequence[Fault]
    baseline: Baseline
    equivalent: Sequence[Equivalent]
    asked: argparse.Namespace
    folder: Path

    def judge(self, fault: Fault) -> Judged:
        """Runs the tests on a fault."""
        why = reason(fault, self.equivalent)
        if why is not None:
            return Judged(self.room, fault, Outcome.EQUIVALENT, why)
        names = self.baseline.tests_of(fault, self.asked.patience)
        if not names:
            return Judged(self.room, fault, Outcome.NOT_REACHED)
        began = time.monotonic()
        outcome, by, said = self._ran(fault, names)
        return Judged(self.room, fault, outcome, by, said, len(names), time.monotonic() - began)

    def _ran(self, fault: Fault, names: Sequence[str]) -> tuple[Outcome, str, str]:
        limits = {name: self.asked.grace + _TIMES_AS_LONG * self.baseline.tests[name].seconds for name in names}
        files = list(dict.fromkeys(name.partition("::")[0] for name in names))
        longest = _START_SECONDS + sum(limits.values())  # for what hangs in native code, which no signal interrupts
        with self.tree.with_fault(fault):
            try:
                ran = in_fork(
                    lambda: run_tests(self.tree, files, limits, self.asked.seed), self.folder / "tests.log", longest
                )
            except TimeoutError:
                return Outcome.TIMED_OUT, "all tests", ""
            except NoAnswerError as error:
                return Outcome.NOTICED, "the end of the process", str(error)[-200:]
        if ran["code"] in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return Outcome.SURVIVED, "", ""
        by, said = ran["failures"][0] if ran["failures"] else ("conftest.py", "")
        return (Outcome.TIMED_OUT if "Timeout (>" in said else Outcome.NOTICED), by, said


def main() -> None:
    """Draws faults in each room, and prints what came of them; exit code 2 if the plan or the tests do not hold."""
    asked = _asked()
    root, deadline = asked.root.resolve(), time.monotonic() + asked.budget
    judged: list[Judged] = []
    try:
        plan, equivalent = Plan.of(root), equivalents(root)
        rooms = [room for name, room in plan.rooms.items() if not asked.room or name in asked.room]
        prepare(plan.imports)
        with tempfile.TemporaryDirectory(prefix="headrace-mutants-") as made, asked.report.open("w") as report:
            trials = _trials(root, rooms, equivalent, asked, Path(made))
            for trial, fault in _in_turn(trials):
                if time.monotonic() > deadline:
                    print("the budget is used up")
                    break
                judged.append(trial.judge(fault))
                print(f"{len(judged)} {judged[-1]}", flush=True)
                print(json.dumps(judged[-1].record()), file=report, flush=True)
    except (PlanError, FailingTestsError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"\n{table(sorted(judged, key=lambda one: list(plan.rooms).index(one.room)))}")


def _trials(
    root: Path, rooms: Sequence[Room], equivalent: Sequence[Equivalent], asked: argparse.Namespace, made: Path
) -> list[Trial]:
    tree, baselines = Tree(root, made / "tree"), dict[str, Baseline]()
    for number, tests in enumerate(dict.fromkeys(tests for room in rooms for tests in room.tests)):
        print(f"{tests}, without a fault ...", flush=True)
        folder = made / str(number)
        folder.mkdir()
        baselines[tests] = Baseline.of(tree, tests, folder, asked.seed)
    trials = []
    for room in rooms:
        modules = [module for module in room.modules(root) if asked.module in (None, module)]
        faults = drawn(root, modules, asked.faults, asked.seed)
        baseline = Baseline.together(baselines[tests] for tests in room.tests)
        trials.append(Trial(tree, room.name, faults, baseline, equivalent, asked, made))
    return trials


def _in_turn(trials: Sequence[Trial]) -> Iterator[tuple[Trial, Fault]]:
    """A fault of each room in turn, so that a budget is for all of them."""
    for together in zip_longest(*([(trial, fault) for fault in trial.faults] for trial in trials)):
        yield from filter(None, together)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=Path(), help="the project, with mutants/rooms.toml")
    parser.add_argument("--room", action="append", help="one of those, may be repeated; all by default")
    parser.add_argument("--module", help="one file, such as headrace/lineage/live.py")
    parser.add_argument("--faults", type=int, default=60, help="how many to draw in each room")
    parser.add_argument("--seed", type=int, default=1, help="of the draw, and of hypothesis")
    parser.add_argument("--budget", type=float, default=math.inf, help="seconds until no other fault is tried")
    parser.add_argument("--patience", type=float, default=60, help="seconds of tests that a fault is worth")
    parser.add_argument("--grace", type=float, default=20, help="seconds a test may take beyond 5 times its own")
    parser.add_argument("--report", type=Path, default=Path("mutants.jsonl"), help="where to write a line a fault")
    return parser.parse_args()


if __name__ == "__main__":
    main()
