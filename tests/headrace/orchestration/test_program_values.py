"""What a node's code finds outside itself counts: by value, at any depth, and the same in each process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Prints the digests, and those of a copy of the program in which each edit has been made.
PROGRAM = """
import abc, argparse, collections, dataclasses, datetime, decimal, enum, functools, importlib, json, os, re, shutil, sys
import threading, types
from pathlib import Path

import numpy as np
import pandas as pd

import helper
import package.constants
from package import lazy

computed, _ = importlib.import_module("computed"), importlib.import_module("late")
LIMIT = {"b": 2, "a": [1, 2.5, None]}
UNUSED = 1
RECURSIVE = []
RECURSIVE.append(RECURSIVE)
ARGS = argparse.Namespace(factor=7)
LOCK, OBJECT, FILE = threading.Lock(), object(), open(__file__)
SET = {"one", "two", "three", ("four", 5)}
ARRAY, NUMBERS, FRAME = np.array([1, 2]), np.array([{"a": 1}], dtype=object), pd.DataFrame({"x": [1]})
DAYS, SCALAR, EMPTY = np.array(["2026-01-01"], dtype="datetime64[D]"), np.array(1), np.zeros((0, 2))
COLUMNS, HUGE = np.asfortranarray([[1, 2], [3, 4]]), 10**5000
DAY, MONEY, PATTERN, QUEUE = datetime.date(2026, 1, 1), decimal.Decimal("1.5"), re.compile("a"), collections.deque([1])
SPACE, SURROGATE = types.SimpleNamespace(factor=1), Path("\\ud800")
__secret = 1
BY_NAME = 1
os.environ["OF_THE_CODE"] = os.environ["OTHER"] = "1"


class Color(enum.Enum):
    RED = LIMIT["b"]


class Config(abc.ABC):
    factor = 1

    @classmethod
    def scaled(cls):
        return cls.factor

    @functools.cached_property
    def cached(self):
        return CACHED


CACHED = 1


class Scaler:
    __slots__ = ("factor", "lock")

    def __init__(self, factor):
        self.factor, self.lock = factor, LOCK

    def __call__(self, value):
        return value * self.factor * SHIFT

    def applied(self, value):
        return value * self.factor


@dataclasses.dataclass
class Settings:
    rate: float = 0.5
    unset: int = dataclasses.field(init=False)


class Lazy(collections.abc.Mapping):
    def __getitem__(self, name):
        raise OSError("it is far away")

    def __iter__(self):
        raise OSError("it is far away")

    def __len__(self):
        return 1


class Unprintable(enum.Enum):
    MEMBER = 1

    def __str__(self):
        raise ValueError("no text")


def product(factor, value):
    return factor * value * SCALE


def adder(number):
    def add(value):
        return value + number

    return add


def scaled(factor):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*arguments):
            return function(*arguments) * factor

        return wrapper

    return decorate


@scaled(2)
def decorated():
    return DECORATED


@functools.lru_cache
def cached():
    return IN_CACHED


def unknown():
    return 1


SCALE = SHIFT = DECORATED = IN_CACHED = 1
PARTIAL = functools.partial(product, 2)
CALLABLE = Scaler(3)
METHOD = Scaler(4).applied
SETTINGS, LAZY, UNPRINTABLE = Settings(), Lazy(), Unprintable.MEMBER
FIRST, SECOND = adder(1), adder(2)
CHOSEN = adder
HELD = {"first": lambda: 1, "instance": Scaler(5)}
OF_PYTHON = {"remove": os.remove, "remove all": shutil.rmtree}
exec("def executed():\\n    return 1")


class Base:
    def scaled(self):
        return ARGS.factor


class Executor(Base):
    own = 1

    @staticmethod
    def limits():
        return [limit for limit in sorted(LIMIT) if limit in {"a", "b", "c", "d"}]

    @property
    def shape(self):
        return OBJECT, RECURSIVE, LOCK, FILE, SET, ARRAY, NUMBERS, FRAME, DAY, MONEY, PATTERN, QUEUE, SPACE, SURROGATE

    def Do(self):
        from late import LATE
        inner(helper.FACTOR), os.getcwd(), PARTIAL(1), CALLABLE(1), METHOD(1), SETTINGS, LAZY, UNPRINTABLE
        Color.RED, Config().scaled(), FIRST(1), SECOND(1), CHOSEN, HELD, decorated(), cached(), executed()
        lazy.get(), computed.twice(2), globals()["BY_NAME"], LATE, os.environ["OF_THE_CODE"], json.FACTOR, self.own
        DAYS, SCALAR, EMPTY, COLUMNS, HUGE, OF_PYTHON
        return np.mean(ARRAY), __secret_of_module(), sys.platform


def __secret_of_module():
    return __secret


Executor.Do.__globals__["_Executor__secret_of_module"] = __secret_of_module
json.FACTOR = 1


def inner(value, default=3):
    return helper.twice(value), __file__


sys.path.insert(0, ROOT)
import headrace.orchestration.program_values
before = headrace.orchestration.program_values.values_of("__main__.Executor")
print(json.dumps(before), flush=True)
for edit in EDITS:
    if os.fork() == 0:
        exec(edit)
        after = headrace.orchestration.program_values.values_of("__main__.Executor")
        print(json.dumps(sorted(name for name in before | after if before.get(name) != after.get(name))), flush=True)
        os._exit(0)
    os.wait()
"""
MODULES = {
    "helper": "FACTOR, OTHER = 1, 2\nSTEP = 5\ndef twice(value):\n    return value * STEP\n",
    "computed": "def twice(value):\n    return value * 2\n",
    "late": "LATE = 1\n",
    "package/__init__": "",
    "package/constants": "CONSTANT = 1\n",
    "package/lazy": "def get():\n    from .constants import CONSTANT\n    return CONSTANT\n",
}
EDITS: dict[str, set[str]] = {
    "pass": set(),
    "UNUSED = helper.OTHER = 9": set(),
    "OBJECT = object(); LOCK = threading.Lock()": set(),
    "SET = set(reversed(sorted(SET, key=str)))": set(),
    "os.environ['OTHER'] = '2'": set(),
    "OF_PYTHON = {name: functools.wraps(stock)(lambda: 1) for name, stock in OF_PYTHON.items()}": set(),
    "ARGS.factor = 8": {"value ARGS"},
    "LIMIT['a'][1] = 2": {"value LIMIT"},
    "RECURSIVE.append(1)": {"value RECURSIVE"},
    "SET.add(6)": {"value SET"},
    "helper.STEP = 6": {"value helper.STEP"},
    "helper.FACTOR = True": {"value helper.FACTOR"},
    "ARRAY[1] = 3": {"value ARRAY"},
    "ARRAY = ARRAY.astype('int32')": {"value ARRAY"},
    "NUMBERS[0]['a'] = 2": {"value NUMBERS"},
    "DAYS += np.timedelta64(1, 'D')": {"value DAYS"},
    "SCALAR = np.array(2)": {"value SCALAR"},
    "EMPTY = np.zeros((0, 3))": {"value EMPTY"},
    "COLUMNS[0, 1] = 5": {"value COLUMNS"},
    "FRAME.loc[0, 'x'] = 2": {"value FRAME"},
    "DAY += datetime.timedelta(1)": {"value DAY"},
    "MONEY += 1": {"value MONEY"},
    "PATTERN = re.compile('b')": {"value PATTERN"},
    "QUEUE.append(2)": {"value QUEUE"},
    "SPACE.factor = 2": {"value SPACE"},
    "SURROGATE /= 'a'": {"value SURROGATE"},
    "__secret = 2": {"value __secret"},
    "BY_NAME = 2": {"value BY_NAME"},
    "os.environ['OF_THE_CODE'] = '2'": {"value environment OF_THE_CODE"},
    "json.FACTOR = 2": {"value json.FACTOR"},
    "Config.factor = 2": {"value Config.factor"},
    "CACHED = 2": {"value CACHED"},
    "Executor.own = 2": {"value Executor.own"},
    "PARTIAL = functools.partial(product, 3)": {"value PARTIAL"},
    "PARTIAL = functools.partial(product, factor=2)": {"value PARTIAL"},
    "CALLABLE.factor = 4": {"value CALLABLE"},
    "METHOD = Scaler(5).applied": {"value METHOD"},
    "HELD['instance'].factor = 6": {"value HELD"},
    "SETTINGS.extra = 1": {"value SETTINGS"},
    "SETTINGS.unset = 1": {"value SETTINGS"},
    "SCALE = 2": {"value SCALE"},
    "SHIFT = 2": {"value SHIFT"},
    "DECORATED = 2": {"value DECORATED"},
    "IN_CACHED = 2": {"value IN_CACHED"},
    "FIRST = adder(3)": {"value FIRST", "value adder.<locals>.add.number"},
    "SECOND = adder(3)": {"value SECOND", "value adder.<locals>.add.number"},
    "sys.modules['late'].LATE = 2": {"value late.LATE"},
    "package.constants.CONSTANT = 2": {"value package.constants.CONSTANT"},
}
OF_DEFINITIONS = (  # edits that change what a name stands for, or what it does
    "CHOSEN = product",
    "HELD['first'] = lambda: 2",
    "exec('def executed():\\n    return 2')",
    "decorated = scaled(3)(decorated.__wrapped__)",
    "exec('def twice(value):\\n    return value * 3', vars(computed))",
    "exec('class Scaler(Scaler):\\n    def applied(self, value):\\n        return 0'); METHOD = Scaler(4).applied",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    for name, text in MODULES.items():
        (folder / name).with_suffix(".py").parent.mkdir(exist_ok=True)
        (folder / name).with_suffix(".py").write_text(text)
    return folder


def run(folder: Path, edits: list[str], *arguments: str, seed: str = "random") -> tuple[dict[str, str], list[set[str]]]:
    """The digests, and which of them each edit changes."""
    root = str(Path(__file__).parents[3])
    (folder / "program.py").write_text(PROGRAM.replace("EDITS", repr(edits)).replace("ROOT", repr(root)))
    command = [sys.executable, str(folder / "program.py"), *arguments]
    ran = subprocess.run(
        command, text=True, capture_output=True, check=False, env={**os.environ, "PYTHONHASHSEED": seed}
    )
    assert ran.returncode == 0, ran.stderr
    before, *changed = map(json.loads, ran.stdout.splitlines())
    assert len(changed) == len(edits), ran.stderr
    return before, list(map(set, changed))


def test_a_value_that_is_another_changes_its_digest_alone(folder: Path) -> None:
    _, changed = run(folder, list(EDITS))
    assert dict(zip(EDITS, changed, strict=True)) == EDITS


def test_another_function_under_a_name_changes_a_digest(folder: Path) -> None:
    _, changed = run(folder, list(OF_DEFINITIONS))
    assert [edit for edit, names in zip(OF_DEFINITIONS, changed, strict=True) if not names] == []


def test_digests_are_the_same_in_each_process_of_a_program(folder: Path) -> None:
    first, second = (run(folder, [], seed=seed)[0] for seed in ("1", "2"))
    assert first == second


def test_what_cannot_be_told_counts_as_the_programs_arguments(folder: Path) -> None:
    before, after = run(folder, [], "--fast")[0], run(folder, [], "--slow")[0]
    assert {name for name in before if before[name] != after[name]} == {
        "value CALLABLE", "value FILE", "value HELD", "value HUGE", "value LOCK", "value METHOD",
    }  # fmt: skip
