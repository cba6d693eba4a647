"""Runs one component: a real pipeline of it and its inputs, in a temporary home with a store of its own."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.orchestration.output import quietly
from headrace.testing.results import ComponentResult

if TYPE_CHECKING:
    from tfx.dsl.components.base.base_component import BaseComponent


def run_component(component: "Callable[..., BaseComponent]", /, **arguments: Any) -> ComponentResult:
    """Runs a component by itself, as a pipeline would: driver, executor in its own process, publisher, metadata.

    Args:
        component: the component's class, the function that `@component` made one of, or whatever
            else makes the node of its arguments.
        **arguments: those of the component. Its parameters are handed over as they are. For an input,
            give what its artifact is to hold, of which a real artifact is made: a DataFrame for
            Examples, a number for an Integer, a `Path` to any artifact's folder; `artifact` tells them
            all, and gives an artifact properties.

    Returns:
        What came of it. A component that fails is a result too: look at `state` and `error`.

    Raises:
        UnknownNameError: the component takes no argument of that name.
        ParameterError: an argument is missing, or an input cannot be made of what is given for it.
        HeadraceError: what the component's own constructor raises.
    """
    with quietly():
        from headrace.testing.one_node import run_one_node
    return run_one_node(component, arguments, Path(tempfile.mkdtemp(dir=_folder())))


@cache
def _folder() -> Path:
    """Where this process makes the homes: outputs are to be there as long as the tests that look at them."""
    folder, process = Path(tempfile.mkdtemp(prefix="headrace-testing-")), os.getpid()

    def remove() -> None:
        if os.getpid() == process:  # and not a fork of it
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
