"""What a node's code finds outside itself counts: by value, at any depth, and the same in each process."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = """
import argparse, enum, functools, json, os, sys, dataclasses
from pathlib import Path
import helper
sys.path.insert(0, {root!r})

LIMIT = {{"b": 2, "a": [1, 2.5, None]}}
UNUSED = 1
RECURSIVE = []
RECURSIVE.append(RECURSIVE)
ARGS = argparse.Namespace(factor=7)
OBJECT = object()

def product(factor, value):
    return factor * value * SCALE

@dataclasses.dataclass
class Times:
    factor: int

    def __call__(self, value):
        return value * self.factor

    def applied(self, value):
        return value * SHIFT

SCALE = SHIFT = 1
PARTIAL = functools.partial(product, 2)
CALLABLE = Times(3)
METHOD = Times(4).applied

class Base:
    def scaled(self):
        return ARGS.factor

class Executor(Base):
    @staticmethod
    def limits():
        return [limit for limit in sorted(LIMIT)]

    @property
    def shape(self):
        return OBJECT, RECURSIVE

    def Do(self):
        return inner(helper.FACTOR), os.getcwd(), PARTIAL(1), CALLABLE(1), METHOD(1)

def inner(value, default=3):
    return helper.twice(value), __file__

{edit}
from headrace.orchestration.program_values import values_of
print(json.dumps(values_of("__main__.Executor")))
"""
HELPER = "FACTOR, OTHER = 1, 2\nSTEP = 5\ndef twice(value):\n    return value * STEP\n"

Values = Callable[..., dict[str, str]]


@pytest.fixture
def values(tmp_path: Path) -> Values:
    (tmp_path / "helper.py").write_text(HELPER)

    def run(edit: str = "", *arguments: str) -> dict[str, str]:
        root = str(Path(__file__).parents[3])
        (tmp_path / "program.py").write_text(PROGRAM.format(edit=edit, root=root))
        command = [sys.executable, str(tmp_path / "program.py"), *arguments]
        ran = subprocess.run(command, text=True, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        found: dict[str, str] = eval(ran.stdout)
        return found

    return run


def test_names_are_followed_through_classes_functions_and_modules(values: Values) -> None:
    assert sorted(values()) == [
        "value ARGS", "value CALLABLE", "value LIMIT", "value METHOD", "value OBJECT", "value PARTIAL",
        "value RECURSIVE", "value SCALE", "value SHIFT", "value helper.FACTOR", "value helper.STEP", "value inner",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        ("", set()),
        ("ARGS.factor = 8", {"value ARGS"}),
        ("LIMIT['a'][1] = 2", {"value LIMIT"}),
        ("helper.STEP = 6", {"value helper.STEP"}),
        ("helper.FACTOR = True", {"value helper.FACTOR"}),
        ("UNUSED = helper.OTHER = 9", set()),
        ("OBJECT = object()", set()),
        ("PARTIAL = functools.partial(product, 3)", {"value PARTIAL"}),
        ("PARTIAL = functools.partial(product, factor=2)", {"value PARTIAL"}),
        ("CALLABLE.factor = 4", {"value CALLABLE"}),
        ("METHOD = Times(5).applied", {"value METHOD"}),
        ("SCALE = 2", {"value SCALE"}),
        ("SHIFT = 2", {"value SHIFT"}),
    ],
)
def test_a_value_that_is_another_changes_its_digest_alone(edit: str, changed: set[str], values: Values) -> None:
    before, after = values(), values(edit)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == changed


def test_what_cannot_be_told_counts_as_the_programs_arguments(values: Values) -> None:
    before, after = values("", "--fast"), values("", "--slow")
    assert {name for name in before if before[name] != after[name]} == {"value OBJECT", "value RECURSIVE"}
