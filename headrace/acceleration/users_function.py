"""Where a function of the user's is written."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any


def place_of(function: Callable[..., Any]) -> str:
    """`file:line in function`, behind what TFX has wrapped it in; empty if it is no function of Python's."""
    while isinstance(function, partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno} in {code.co_name}" if code else ""
