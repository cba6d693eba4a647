"""Tests without a fault: they pass, take their time, and call functions; which of them may notice a fault."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from statistics import mean

from mutants import touched
from mutants.faults import Fault
from mutants.forks import in_fork
from mutants.session import TestRun, run_tests
from mutants.tree import Tree

_LIMIT_SECONDS = 3600


class FailingTestsError(Exception):
    """Tests fail without a fault."""


@dataclass(frozen=True)
class Baseline:
    """Tests by name, and the functions they call, with the phases in which they do."""

    tests: dict[str, TestRun]
    calls: dict[touched.Place, dict[str, set[str]]]

    @classmethod
    def of(cls, tree: Tree, tests: str, folder: Path, seed: int) -> "Baseline":
        """Runs all tests in a folder of the copy.

        Raises:
            FailingTestsError: one of them fails, and once more by itself.
        """
        notes = folder / "touched"
        notes.touch()
        notes.chmod(0o666)  # some tests become another user

        def work() -> object:
            touched.follow(str(tree.root), str(notes))
            return run_tests(tree, [tests], None, seed)

        with tree.following(notes):
            ran = in_fork(work, folder / "baseline.log", _LIMIT_SECONDS)
        failed = dict(ran["failures"])
        if failed:  # the machine may have been busy
            files = list(dict.fromkeys(name.partition("::")[0] for name in failed))
            limits = dict.fromkeys(failed, _LIMIT_SECONDS)
            again = in_fork(lambda: run_tests(tree, files, limits, seed), folder / "again.log", _LIMIT_SECONDS)
            if again["code"] != 0:
                raise FailingTestsError("\n".join(f"{name}: {said}" for name, said in again["failures"]))
        return cls({name: TestRun(**test) for name, test in ran["tests"].items()}, touched.read(notes))

    @classmethod
    def together(cls, several: Iterable["Baseline"]) -> "Baseline":
        """Those of several folders as one."""
        tests: dict[str, TestRun] = {}
        calls = defaultdict[touched.Place, dict[str, set[str]]](dict)
        for one in several:
            tests |= one.tests
            for place, phases in one.calls.items():
                calls[place] |= phases
        return cls(tests, dict(calls))

    def tests_of(self, fault: Fault, patience: float) -> list[str]:
        """The tests that may notice a fault, in the order in which they are asked.

        Those that call the function it is in, be it in another process; outside of functions those that call any of the
        module's, or all where none does. The file named after the module comes first, then those with quick tests.

        Args:
            fault: the fault.
            patience: how many seconds of tests to run at most, as long as they took without a fault.
        """
        if fault.function is not None:
            found = self._callers([(fault.module, fault.function)])
        else:
            found = self._callers(place for place in self.calls if place[0] == fault.module) or set(self.tests)
        by_file = defaultdict[str, list[str]](list)
        for name in self.tests:
            if name in found:
                by_file[name.partition("::")[0]].append(name)
        own = f"test_{PurePath(fault.module).name}"

        def order(file: str) -> tuple[bool, float]:
            return PurePath(file).name != own, mean(self.tests[name].seconds for name in by_file[file])

        chosen, left = list[str](), patience
        for name in (name for file in sorted(by_file, key=order) for name in by_file[file]):
            if chosen and self.tests[name].seconds > left:
                continue
            chosen.append(name)
            left -= self.tests[name].seconds
        return chosen

    def _callers(self, places: Iterable[touched.Place]) -> set[str]:
        """The tests that call one of these functions, or share a fixture with one that does while it is set up."""
        found = set[str]()
        for place in places:
            for name, phases in self.calls.get(place, {}).items():
                found.add(name)
                shared = set(self.tests[name].shared) if "setup" in phases and name in self.tests else set()
                found.update(other for other, test in self.tests.items() if shared & set(test.shared))
        return found & set(self.tests)
