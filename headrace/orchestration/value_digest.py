"""What a value of a program is, as a digest that is the same in another process."""

import copyreg
import os
import sys
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from headrace.orchestration.project_imports import is_library

_PLAIN = {type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented)}
_NOT_PICKLED = {"keras", "tensorflow", "tf_keras"}  # their pickles hold times, or take seconds


class ValueDigests:
    """Digests of values, to any depth: objects count as what pickle would store of them.

    What cannot be told (locks, files, sessions) counts as its type and the program's arguments.
    """

    def __init__(self, visit: Callable[[type | FunctionType], None]) -> None:
        """Takes what is called for each class and function of the user's that a value holds."""
        self._visit = visit
        self._known: dict[int, tuple[Any, bytes]] = {}  # the value with it, or its id would be another's

    def digest(self, value: Any) -> str:
        """The sha256 of a value."""
        try:
            return sha256(self._token(value)).hexdigest()
        except (RecursionError, ValueError):  # ValueError: Python prints no number of over 4,300 digits
            return sha256(_unknown(value)).hexdigest()

    def _token(self, value: Any) -> bytes:
        if type(value) in _PLAIN:
            return repr(value).encode(errors="surrogatepass")
        if id(value) in self._known:
            return self._known[id(value)][1]
        self._known[id(value)] = value, f"{_name(type(value))} within itself".encode()
        try:
            token = sha256(self._describe(value)).digest()
        except RecursionError:
            raise
        except Exception:  # code of the user's, which pickling calls, may raise anything
            token = _unknown(value)
        self._known[id(value)] = value, token
        return token

    def _describe(self, value: Any) -> bytes:
        if value is os.environ:
            return b"os.environ"  # the variables that code names count by themselves
        if isinstance(value, ModuleType):
            return f"module {value.__name__}".encode()
        if isinstance(value, type):
            if is_users(value):
                self._visit(value)
            return f"class {_name(value)}".encode()
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            owner = [value.__self__] if is_users(type(value.__self__)) or isinstance(value.__self__, type) else []
            return self._join(f"method {value.__qualname__}", [value.__func__, *owner])
        if isinstance(value, BuiltinFunctionType):
            return f"function {value.__module__}.{value.__qualname__}".encode()
        if (wrapped := getattr(value, "__wrapped__", None)) is not None:
            return self._join(f"wrapper {_name(type(value))}", [wrapped])
        if type(value) in (list, tuple, dict, set, frozenset):
            return self._container(value)
        return self._object(value)

    def _function(self, function: FunctionType) -> bytes:
        if not is_users(function):
            name = f"function {function.__module__}.{function.__qualname__}"
            made = [*contents(function), getattr(function, "__wrapped__", None)] if "<locals>" in name else []
            return self._join(name, made)
        self._visit(function)
        text = f"function {function.__qualname__} {instructions(function.__code__)}"
        return self._join(text, [*contents(function), function.__defaults__, function.__kwdefaults__])

    def _container(self, value: Any) -> bytes:
        kind = type(value).__name__
        if isinstance(value, set | frozenset):
            return b"\0".join([kind.encode(), *sorted(map(self._token, value))])
        if isinstance(value, dict):
            value = [part for item in value.items() for part in item]
        if all(type(one) in _PLAIN for one in value):  # the same for millions of numbers, in one go
            return f"{kind} {value!r}".encode(errors="surrogatepass")
        return self._join(kind, value)

    def _object(self, value: Any) -> bytes:
        kind, numpy = type(value), sys.modules.get("numpy")
        package = kind.__module__.partition(".")[0]
        if package == "tensorflow" and hasattr(value, "numpy"):
            value = value.numpy()
        elif package in _NOT_PICKLED:
            return _unknown(value)
        if numpy is not None and isinstance(value, numpy.ndarray) and not value.dtype.hasobject:
            content = sha256(value.reshape(-1).view(numpy.uint8)).digest()
            return f"{_name(kind)} {value.dtype.descr} {value.shape} ".encode() + content
        reduce = copyreg.dispatch_table.get(kind)
        reduced = reduce(value) if reduce else value.__reduce_ex__(4)
        if isinstance(reduced, str):
            return f"{_name(kind)} {reduced}".encode()
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        return self._join(_name(kind), [make, arguments, state, list(items or ()), [*map(tuple, pairs or ())]])

    def _join(self, text: str, values: Iterable[Any]) -> bytes:
        return b"\0".join([text.encode(errors="surrogatepass"), *map(self._token, values)])


def is_users(definition: Any) -> bool:
    """A class or function is of the project, or of the program's own: no library's."""
    module = sys.modules.get(definition.__module__ or "")
    if file := getattr(module, "__file__", None):
        return not _is_library(file)
    if module is not None:
        return module.__name__ == "__main__"  # of a notebook; all others without a file are Python's
    code = getattr(definition, "__code__", None)  # of a module that is not registered, or of none
    return code is None or not _is_library(code.co_filename)


def contents(function: FunctionType) -> list[Any]:
    """The values of a function's closure."""
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # it is not assigned yet
            found.append(None)
    return found


def instructions(code: CodeType) -> str:
    """What code does, without where it stands."""
    return repr((code.co_code, code.co_names, code.co_varnames, [_constant(one) for one in code.co_consts]))


def _constant(value: Any) -> str:
    if isinstance(value, CodeType):
        return instructions(value)
    return str(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _unknown(value: Any) -> bytes:
    return f"{_name(type(value))} {sys.argv[1:]}".encode(errors="surrogatepass")


@cache
def _is_library(file: str) -> bool:
    return is_library(Path(file))
