"""Why what a node needs of the program cannot be handed to another process, in the program's own names."""

import sys
import threading
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle

from headrace.errors import DefinitionError

_EXECUTOR = "_Executor"  # TFX's class for a function that is a component has its name, and this behind it


def refusal(errors: Mapping[str, Exception], nodes: Mapping[str, str], main: Mapping[str, Any]) -> DefinitionError:
    """One error for all definitions that cannot be handed over.

    Args:
        errors: what pickling each of them says, by the definition's name.
        nodes: the node that needs a definition, by the definition's name.
        main: the names of the program's own module.
    """
    blamed = {name: sorted(set(_unpicklable(main.get(name), main, set()))) for name in errors}
    values = sorted({value for found in blamed.values() for value in found})
    names = [nodes.get(name, name.removesuffix(_EXECUTOR)) for name in errors]
    plural = len(names) > 1
    uses = "; ".join(
        f"{node} uses {' and '.join(found)}" for node, found in zip(names, blamed.values(), strict=True) if found
    )
    what = f"{' and '.join(names)} cannot be handed to the processes of nodes"
    reasons = dict.fromkeys(f"{type(error).__name__}: {error}" for error in errors.values())
    if values:
        next_step = f"make {' and '.join(values)} inside the function, or in a module that the program imports"
    else:
        next_step = f"move {'them' if plural else 'it'}, with what is used there, to a module that the program imports"
    return DefinitionError(
        what,
        where=uses or "the program's own module",
        why=f"{'; '.join(reasons)}; the program's process cannot be copied instead: {_why_no_copy()}",
        next_step=next_step,
    )


def _why_no_copy() -> str:
    if "ipykernel" in sys.modules:
        return "it is a notebook's"
    others = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
    if others:
        return f"a thread runs in it ({others[0]})"
    return "TensorFlow has computed in it, or another library has started threads"


def _unpicklable(definition: object, main: Mapping[str, Any], seen: set[int]) -> Iterator[str]:
    """The names of the program's values that a function or a class uses, and that no pickle can hold."""
    if id(definition) in seen:
        return
    seen.add(id(definition))
    for function in _functions(definition):
        for name in _names(function.__code__):
            value = main.get(name)
            if isinstance(value, FunctionType | type):
                if getattr(value, "__module__", "") == "__main__":
                    yield from _unpicklable(value, main, seen)
            elif name in main and not isinstance(value, ModuleType) and not _can_be_pickled(value):
                yield name


def _functions(definition: object) -> Iterator[FunctionType]:
    if isinstance(definition, FunctionType):
        yield definition
    elif isinstance(definition, type):
        for one in vars(definition).values():
            function = one.__func__ if isinstance(one, staticmethod | classmethod) else one
            if isinstance(function, FunctionType):
                yield function


def _names(code: CodeType) -> set[str]:
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _can_be_pickled(value: object) -> bool:
    try:
        cloudpickle.dumps(value)
    except Exception:  # whatever the value raises
        return False
    return True
