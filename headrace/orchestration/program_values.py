"""The values that a node's code finds in the program: what its files say is changed by arguments and by assignments.

TFX's cache key holds neither. A component that multiplies by a parsed `--factor` would be taken from the cache
whatever the factor is.
"""

import dis
import hashlib
import importlib.util
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from headrace.metadata.changes import FUNCTIONS
from headrace.orchestration.value_digest import ValueDigests, contents, instructions, is_users

_MAIN = "__main__"
_BY_TEXT = {"__dict__", "attrgetter", "getattr", "globals", "import_module", "vars"}  # find names that are texts
_ENVIRONMENT = {"environ", "getenv"}
_PLAIN = (bool, int, float, complex, str, bytes)


def values_of(path: str) -> dict[str, str]:
    """What the code of an executor, or of a function that a parameter names, finds outside it: name to sha256.

    Only what the program has loaded is looked at. A value that cannot be told (a lock, a file) counts as the program's
    arguments do. So do variables of the environment, if the code names them.

    Args:
        path: of the class or the function, as for an import.

    Returns:
        "value ARGS" to the sha256 of what it is; a module's name before it, if it is not of the program's own.
        "functions" to that of all functions and methods in files, "value NAME" to that of one that no file holds.
    """
    module, _, name = path.rpartition(".")
    definition = vars(sys.modules[module]).get(name) if module in sys.modules else None
    return _Walk().digests(definition) if isinstance(definition, type | FunctionType) else {}


class _Walk:
    """Follows names from code to what they stand for, through all functions and classes of the user's."""

    def __init__(self) -> None:
        self._values = ValueDigests(self._visit)
        self._seen: set[int] = set()
        self._taken: set[tuple[int, str]] = set()  # of modules
        self._found: dict[str, list[str]] = defaultdict(list)  # two closures of a function have the same names

    def digests(self, definition: type | FunctionType) -> dict[str, str]:
        self._visit(definition)
        return {name: hashlib.sha256("".join(found).encode()).hexdigest() for name, found in self._found.items()}

    def _visit(self, definition: type | FunctionType) -> None:
        if id(definition) in self._seen:
            return
        self._seen.add(id(definition))
        if isinstance(definition, FunctionType):
            self._visit_function(definition)
            return
        for kind in filter(is_users, definition.__mro__):
            for name, member in sorted(vars(kind).items()):
                if isinstance(member, FunctionType) or not (_is_pythons(name) or name == "_abc_impl"):
                    self._visit_member(kind, name, member)

    def _visit_member(self, kind: type, name: str, member: Any) -> None:
        parts = [getattr(member, part, None) for part in ("__func__", "fget", "fset", "fdel", "func")]
        if functions := [one for one in (member, *parts) if isinstance(one, FunctionType) and is_users(one)]:
            for function in functions:
                self._visit(function)
        else:
            self._look(member, f"{kind.__qualname__}.{name}", kind.__module__, frozenset())

    def _visit_function(self, function: FunctionType) -> None:
        code = function.__code__
        is_in_file = os.path.isfile(code.co_filename)
        name = FUNCTIONS if is_in_file else f"value {function.__qualname__}"
        self._found[name].append(f"{function.__module__}.{function.__qualname__} {instructions(code)}")
        names = frozenset(_names(code))
        for name in sorted(names & function.__globals__.keys()):
            if not _is_pythons(name):
                self._look(function.__globals__[name], name, function.__module__, names)
        for module in sorted(set(_imports(code, function.__globals__)) & sys.modules.keys()):
            self._look(sys.modules[module], module, function.__module__, names)
        self._look_outside(names, _texts(code))
        held = [*zip(code.co_freevars, contents(function), strict=True), *(function.__kwdefaults__ or {}).items()]
        for name, value in (*held, ("", function.__defaults__), *sorted(vars(function).items())):
            if value is not None:
                self._look(value, f"{function.__qualname__}.{name}".rstrip("."), function.__module__, names)

    def _look(self, value: Any, name: str, module: str | None, names: frozenset[str]) -> None:
        if isinstance(value, ModuleType):
            self._look_into(value, names)
        elif isinstance(value, type):
            if is_users(value):
                self._visit(value)
        elif isinstance(value, FunctionType) and value.__qualname__ == name and is_users(value):
            self._visit(value)
        else:
            qualified = name if module == _MAIN else f"{module}.{name}"
            self._found[f"value {qualified}"].append(self._values.digest(value))

    def _look_into(self, module: ModuleType, names: frozenset[str]) -> None:
        is_own = is_users_module(module)
        for name in sorted(names & vars(module).keys()):
            value = vars(module)[name]
            if _is_pythons(name) or not (is_own or _is_set_by_user(value)):
                continue
            # A module counts each time: this code may take other names from it than the last.
            key = id(module), name if not isinstance(value, ModuleType) else f"{name} {hash(names)}"
            if key not in self._taken:
                self._taken.add(key)
                self._look(value, name, module.__name__, names)

    def _look_outside(self, names: frozenset[str], texts: frozenset[str]) -> None:
        if not names.isdisjoint(_ENVIRONMENT):
            for name in sorted(texts & os.environ.keys()):
                self._found[f"value environment {name}"] = [self._values.digest(os.environ[name])]
        if "argv" in names:
            self._found["value sys.argv"] = [self._values.digest(sys.argv[1:])]


def is_users_module(module: ModuleType) -> bool:
    """The module is no library's."""
    return is_users(_Named(module.__name__))


class _Named:
    def __init__(self, module: str) -> None:
        self.__module__ = module


def _is_set_by_user(value: Any) -> bool:
    """Whether a library's module may have the value from the program."""
    return isinstance(value, _PLAIN) or (isinstance(value, type | FunctionType) and is_users(value))


def _is_pythons(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _names(code: CodeType) -> Iterator[str]:
    """Names of globals, modules and attributes that code uses."""
    for one in _codes(code):
        yield from one.co_names
    if not _BY_TEXT.isdisjoint(names := {name for one in _codes(code) for name in one.co_names}):
        yield from _texts(code) - names


def _texts(code: CodeType) -> frozenset[str]:
    return frozenset(text for one in _codes(code) for text in one.co_consts if isinstance(text, str))


def _imports(code: CodeType, space: dict[str, Any]) -> Iterator[str]:
    """The modules that code imports by itself, and those that it names by a text."""
    package = space.get("__package__") or ""
    for one in _codes(code):
        level = None
        steps = list(dis.get_instructions(one))
        for index, step in enumerate(steps):
            if step.opname == "IMPORT_NAME":
                level = steps[index - 2].argval
                name = "." * level + step.argval
                yield importlib.util.resolve_name(name, package) if package or not level else step.argval
    if "import_module" in code.co_names or "__import__" in code.co_names:
        yield from _texts(code)
