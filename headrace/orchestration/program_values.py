"""The values that a node's code finds in the program: what its files say is changed by arguments and by assignments.

TFX's cache key holds neither. A component that multiplies by a parsed `--factor` would be taken from the cache
whatever the factor is.
"""

import hashlib
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from pathlib import Path, PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from headrace.orchestration.project_imports import is_library

_MAIN = "__main__"


def values_of(path: str) -> dict[str, str]:
    """What the code of an executor, or of a function that a parameter names, finds outside it: name to sha256.

    Only what the program has loaded is looked at. A value that cannot be told (an object of a library's, as flags
    are) counts as the program's arguments do. Functions that no file holds, as of a notebook, count as values; what a
    library's own callables hold, such as NumPy's functions, does not count.

    Args:
        path: of the class or the function, as for an import.

    Returns:
        "value ARGS" to the sha256 of what it is; a module's name before it, if it is not of the program's own.
    """
    module, _, name = path.rpartition(".")
    definition = vars(sys.modules[module]).get(name) if module in sys.modules else None
    return _Walk().digests(definition) if isinstance(definition, type | FunctionType) else {}


class _Walk:
    """Follows names from code to what they stand for, through all functions and classes of the user's."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._taken: set[tuple[int, str]] = set()  # of modules
        self._found: dict[str, str] = {}

    def digests(self, definition: type | FunctionType) -> dict[str, str]:
        self._visit(definition)
        return self._found

    def _visit(self, definition: Any) -> None:
        if id(definition) in self._seen:
            return
        self._seen.add(id(definition))
        if isinstance(definition, type):
            for one in definition.__mro__:
                if _is_users(one.__module__):
                    for member in vars(one).values():
                        self._visit_function(getattr(member, "__func__", getattr(member, "fget", member)))
        else:
            self._visit_function(definition)

    def _visit_function(self, function: Any) -> None:
        function = getattr(function, "__wrapped__", function)
        if not isinstance(function, FunctionType) or not _is_users(function.__module__):
            return
        if function.__module__ == _MAIN and not hasattr(sys.modules[_MAIN], "__file__"):
            self._found[f"value {function.__qualname__}"] = _digest(_instructions(function.__code__))
        space = function.__globals__
        names = set(_names(function.__code__))
        for name in sorted(names & space.keys()):
            if not name.startswith("__"):
                self._look(space[name], name, function.__module__, names)
        defaults = {**(function.__kwdefaults__ or {}), **({"": one} if (one := function.__defaults__) else {})}
        closure = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        for name, value in (*defaults.items(), *((name, _content(cell)) for name, cell in closure)):
            self._look(value, f"{function.__qualname__}.{name}".rstrip("."), function.__module__, names)

    def _look(self, value: Any, name: str, module: str, names: set[str]) -> None:
        if isinstance(value, ModuleType):
            taken = names & vars(value).keys() if _is_users(value.__name__) else set()
            for inner in sorted(taken):
                if not inner.startswith("__") and (id(value), inner) not in self._taken:
                    self._taken.add((id(value), inner))
                    self._look(vars(value)[inner], inner, value.__name__, names)
        elif isinstance(value, type | FunctionType):
            if _is_users(value.__module__):
                self._visit(value)
        elif isinstance(value, partial):
            self._look(value.func, f"{name}.func", module, names)
            self._look([*value.args, value.keywords], name, module, names)
        elif isinstance(value, MethodType):
            self._look(value.__func__, f"{name}.func", module, names)
            self._look(value.__self__, name, module, names)
        elif not callable(value) or _is_users(type(value).__module__):
            self._visit(type(value))
            qualified = name if module == _MAIN else f"{module}.{name}"
            self._found[f"value {qualified}"] = _digest(_text(value))


def _is_users(module: str) -> bool:
    """It is a module of the project, or the program's own where no file holds it."""
    loaded = sys.modules.get(module)
    if loaded is None:
        return False
    file = getattr(loaded, "__file__", None)
    return module == _MAIN if file is None else not is_library(Path(file))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _instructions(code: CodeType) -> str:
    """What code does, without where it stands."""
    constants = [_instructions(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return repr((code.co_code, code.co_names, code.co_varnames, constants))


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is not assigned yet
        return None


def _text(value: Any) -> str:
    """A value as text that is the same in another process."""
    try:
        return _plain(value)
    except RecursionError:  # it holds itself
        return _unknown(value)


def _unknown(value: Any) -> str:
    return f"{type(value).__qualname__} {sys.argv[1:]}"


def _plain(value: Any) -> str:
    match value:
        case None | bool() | int() | float() | complex() | str() | bytes():
            return repr(value)
        case Enum() | PurePath():
            return f"{type(value).__qualname__} {value}"
        case list() | tuple():
            return f"{type(value).__qualname__} [{', '.join(map(_plain, value))}]"
        case set() | frozenset():
            return f"{type(value).__qualname__} [{', '.join(sorted(map(_plain, value)))}]"
        case Mapping():
            return f"{{{', '.join(f'{_plain(key)}: {_plain(one)}' for key, one in value.items())}}}"
        case Namespace():
            return f"Namespace {_plain(vars(value))}"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__qualname__} {_plain({one.name: getattr(value, one.name) for one in fields(value)})}"
    return _unknown(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
