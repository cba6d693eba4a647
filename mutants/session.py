"""Tests of a project's copy, run by pytest in this process, and what came of them."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mutants.tree import Tree

_LONGEST_MESSAGE = 200


@dataclass
class TestRun:
    """One test: the seconds it took, and those of its fixtures that other tests share."""

    seconds: float
    shared: list[str]


class _Watch:
    """A plugin that runs given tests in their order, each with its time limit, and notes what comes of them."""

    def __init__(self, limits: Mapping[str, float] | None) -> None:
        self._limits = limits
        self.tests: dict[str, TestRun] = {}
        self.failures: list[tuple[str, str]] = []  # of tests or of modules, and what each said first

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._limits is not None:
            order = {name: place for place, name in enumerate(self._limits)}
            items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])
            for item in items:
                item.add_marker(pytest.mark.timeout(self._limits[item.nodeid]))
        for item in items:
            self.tests[item.nodeid] = TestRun(0, _shared(item))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tests[report.nodeid].seconds += report.duration
        if report.failed:
            self.failures.append((report.nodeid, _said(report)))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failures.append((report.nodeid, _said(report)))


def run_tests(tree: Tree, paths: Sequence[str], limits: Mapping[str, float] | None, seed: int) -> dict[str, Any]:
    """Runs tests until one fails, or all where there are no limits; returns the exit code, tests and failures.

    Args:
        tree: the copy.
        paths: files or folders of tests, relative to its root.
        limits: the tests to run, in order, each with the seconds it may take; None to run all that are there.
        seed: of hypothesis.
    """
    _become_pytest(tree)
    watch = _Watch(limits)
    words = ["-p", "no:cacheprovider", f"--hypothesis-seed={seed}", "--rootdir", ".", *(["-x"] if limits else [])]
    code = pytest.main([*words, *paths], plugins=[watch])
    tests = {name: asdict(test) for name, test in watch.tests.items()}
    return {"code": int(code), "tests": tests, "failures": watch.failures}


def _become_pytest(tree: Tree) -> None:
    """Makes this process look as if pytest had been started in the copy: Headrace tells what was typed."""
    os.chdir(tree.root)
    os.environ.update(tree.environment())
    libraries = [entry for entry in sys.path if entry.endswith("-packages") or entry.startswith(sys.base_prefix)]
    sys.path[:] = [str(tree.root), *libraries]
    program = str(Path(sys.executable).with_name("pytest"))
    sys.argv, sys.orig_argv = [program], [sys.executable, program]
    main = ModuleType("__main__")
    main.__file__ = program
    sys.modules["__main__"] = main


def _shared(item: pytest.Item) -> list[str]:
    # pytest tells it nowhere else. Its own fixtures, such as tmp_path_factory, do not call the project.
    definitions: dict[str, Any] = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    of_project = {
        name: last for name, [*_, last] in definitions.items() if not last.func.__module__.startswith("_pytest")
    }
    return [name for name, last in of_project.items() if last.scope != "function" and not last._autouse]


def _said(report: pytest.TestReport | pytest.CollectReport) -> str:
    lines = report.longreprtext.splitlines()
    said = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]
    return " ".join((said or lines)[:1])[:_LONGEST_MESSAGE]
