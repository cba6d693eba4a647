"""What a node needs of the program that called run(), where its process cannot be a copy of the program.

That is so in a notebook's kernel, beside threads of the program's own, and once TensorFlow has computed something.
"""

import importlib
import logging
import pickle
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import cloudpickle
from tfx.orchestration.local import runner_utils
from tfx.types import Artifact

from headrace.orchestration.code_fingerprint import python_spec, texts_of
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.not_handed_over import refusal

_MAIN = "__main__"


@dataclass(frozen=True)
class ProgramDefinitions:
    """Definitions on their way to another process.

    Attributes:
        main: classes and functions of the program's own module, with all that they use of it, by their names; pickled
            by value.
        modules: that define types of artifacts.
    """

    main: bytes
    modules: tuple[str, ...]

    @classmethod
    def of_program(cls, nodes: Sequence[GraphNode]) -> Self:
        """Takes what these nodes need.

        Raises:
            DefinitionError: something of it can be in this process only.
        """
        types = list(_subclasses(Artifact))
        named = {one.__qualname__.partition(".")[0] for one in types if one.__module__ == _MAIN} | {
            name for node in nodes for name in _names(node)
        }
        modules = sorted({one.__module__ for one in types if not one.__module__.startswith(("tfx.", _MAIN))})
        main = vars(sys.modules[_MAIN])
        needed = {name: main[name] for name in sorted(named) if name in main}
        return cls(_pickled(needed, nodes), tuple(modules))

    def restore(self) -> None:
        """Puts the definitions where the program has them."""
        for module in self.modules:
            try:
                importlib.import_module(module)
            except ImportError:
                logging.warning("%s is only in the process that called run()", module)
        vars(sys.modules[_MAIN]).update(pickle.loads(self.main))


def _pickled(definitions: Mapping[str, Any], nodes: Sequence[GraphNode]) -> bytes:
    errors: dict[str, Exception] = {}
    for name, definition in definitions.items():
        try:
            cloudpickle.dumps(definition)
        except Exception as error:  # whatever the objects that it uses raise
            errors[name] = error
    if errors:
        by_name = {name: node.id for node in reversed(nodes) for name in _names(node)}
        raise refusal(errors, by_name, vars(sys.modules[_MAIN])) from next(iter(errors.values()))
    return cloudpickle.dumps(dict(definitions))


def _names(node: GraphNode) -> Iterator[str]:
    """The names in the program's own module that a node names: its executor, and functions among its parameters."""
    python = python_spec(runner_utils.extract_executor_spec(node.deployment, node.node.node_info.id))
    paths = [python.class_path] if python else []
    for path in (*paths, *(value for _, value in texts_of(node.node))):
        if path.startswith(f"{_MAIN}."):
            yield path.removeprefix(f"{_MAIN}.").partition(".")[0]


def _subclasses(kind: type) -> Iterator[type]:
    directly: list[type] = kind.__subclasses__()
    for below in directly:
        yield below
        yield from _subclasses(below)
