"""The short form of `make mutants`: a project of one module."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mutants.plan import drawn
from tests.conftest import ROOT

ROOMS = '[rooms.small]\ncode = "small"\ntests = ["tests"]\n'
CODE = """
NAMES = {"a", "b"}


def count(n):
    total = 0
    while n:
        n -= 1
        total += 1
    return max(total, 0)


def is_listed(name):
    return name in NAMES


def never_called(a):
    return a + 1
"""
TESTS = """
import subprocess
import sys

from small import counting


def test_count():
    assert counting.count(3) == 3


def test_another_process_sees_the_fault():
    command = "from small import counting; print(counting.is_listed('a'))"
    assert subprocess.check_output([sys.executable, "-c", command], text=True) == "True\\n"
"""
EQUIVALENT = """
[[equivalent]]
module = "small/counting.py"
operator = "number"
was = "return max(total, 0)"
becomes = "return max(total, 1)"
reason = "nobody counts to less than 1"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    files = {"mutants/rooms.toml": ROOMS, "mutants/equivalent.toml": EQUIVALENT, "small/counting.py": CODE}
    for name, text in {**files, "tests/test_counting.py": TESTS, "pytest.ini": "[pytest]"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def mutants(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mutants", "--root", str(project), "--report", str(project / "report.jsonl")]
    return subprocess.run([*command, "--grace", "1", *words], cwd=ROOT, capture_output=True, text=True, check=False)


def outcomes(project: Path) -> list[tuple[str, str, str]]:
    """What each faulty line is, what came of it, and the test that noticed it."""
    lines = map(json.loads, (project / "report.jsonl").read_text().splitlines())
    return [(one["becomes"], one["outcome"], one["by"].partition("::")[2]) for one in lines]


def test_faults_are_noticed_survive_loop_for_ever_and_are_equivalent(project: Path) -> None:
    ran = mutants(project, "--faults", "100")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = outcomes(project)
    assert {
        ("total -= 1", "noticed", "test_count"),
        ("n += 1", "timed out", "test_count"),
        ("return name not in NAMES", "noticed", "test_another_process_sees_the_fault"),
        ("NAMES = {'b'}", "noticed", "test_another_process_sees_the_fault"),
        ("NAMES = {'a'}", "survived", ""),
        ("return max(total, 1)", "equivalent", ""),
        ("return a - 1", "not reached", ""),
    } <= set(found)
    lived = sum(outcome in {"survived", "not reached"} for _, outcome, _ in found)
    noticed = len(found) - 1 - lived
    row = f"| small | {len(found)} | 1 | {noticed} | {lived} | {noticed / (noticed + lived):.0%} |"
    assert row in ran.stdout.splitlines()
    assert (project / "small" / "counting.py").read_text() == CODE


def test_the_same_seed_draws_the_same_faults() -> None:
    modules = ["mutants/faults.py", "mutants/plan.py", "mutants/touched.py"]
    first, again, other = (drawn(ROOT, modules, 7, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(Counter(fault.module for fault in first).values()) == [2, 2, 3]


def test_a_budget_ends_it(project: Path) -> None:
    ran = mutants(project, "--budget", "0")
    assert ran.returncode == 0
    assert "the budget is used up" in ran.stdout
    assert outcomes(project) == []


def test_an_entry_that_is_no_fault_any_more_is_an_error(project: Path) -> None:
    (project / "small" / "counting.py").write_text(CODE.replace("max(total, 0)", "total"))
    ran = mutants(project)
    assert ran.returncode == 2
    assert "small/counting.py has no fault 'number': return max(total, 0) -> return max(total, 1)" in ran.stderr


def test_tests_that_fail_without_a_fault_are_an_error(project: Path) -> None:
    (project / "tests" / "test_counting.py").write_text(TESTS.replace("== 3", "== 4"))
    ran = mutants(project)
    assert ran.returncode == 2
    assert "tests/test_counting.py::test_count: assert 3 == 4" in ran.stderr
