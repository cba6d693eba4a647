"""What the outputs of a SavedModel's signature depend on, from its graph: TensorFlow is not imported."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.contents.damage import reading
from headrace.contents.light_protos import message_class

FILE_NAME = "saved_model.pb"
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
Function = Any  # tensorflow.FunctionDef
Node = Any  # tensorflow.NodeDef


@dataclass(frozen=True, order=True)
class Source:
    """A node of the graph that an output depends on, and by which node of the innermost function it is used."""

    node: str
    used_by: str


@dataclass(frozen=True, order=True)
class Passed:
    """An output of a call that an output depends on, where the way back was stopped."""

    function: str
    index: int


class SavedGraph:
    """The graph of a SavedModel, and the functions it calls."""

    def __init__(self, folder: Path) -> None:
        """Reads the SavedModel in `folder`.

        Raises:
            FileNotFoundError: there is none.
            ValueError: it is damaged, or holds no graph.
        """
        message: Any = message_class("tensorflow/core/protobuf/saved_model.proto", "tensorflow.SavedModel")()
        with reading(folder / FILE_NAME):
            message.ParseFromString((folder / FILE_NAME).read_bytes())
        if not message.meta_graphs:
            raise ValueError(f"{folder / FILE_NAME} holds no graph")
        self.meta = message.meta_graphs[0]
        self.nodes: dict[str, Node] = {node.name: node for node in self.meta.graph_def.node}
        self.functions: dict[str, Function] = {one.signature.name: one for one in self.meta.graph_def.library.function}
        self._known: dict[tuple[str, int], frozenset[Any]] = {}
        self._stop: Callable[[Function], bool] = lambda _: False

    def dependencies(
        self, tensor: str, stop: Callable[[Function], bool] = lambda _: False
    ) -> frozenset[Source | Passed]:
        """What a tensor of the graph depends on: nodes without inputs, and outputs of the calls it stopped at.

        Args:
            tensor: "node:0".
            stop: of which functions calls are not followed.
        """
        self._known, self._stop = {}, stop
        node, _, index = tensor.partition(":")
        return frozenset(self._of_node(self.nodes[node], int(index or 0)))

    def _of_node(self, node: Node, index: int) -> Iterator[Source | Passed]:
        """Back through the graph itself, where functions are called and captured values lie."""
        inputs = _data(node)
        if node.op not in _CALLS:
            if not inputs:
                yield Source(node.name, node.name)
            for one in inputs:
                name, _, its = one.partition(":")
                yield from self._of_node(self.nodes[name], int(its or 0))
            return
        for found in self._of_function(node.attr["f"].func.name, index):
            if isinstance(found, Passed):
                yield found
            else:
                argument, used_by = found
                name, _, its = inputs[argument].partition(":")
                for source in self._of_node(self.nodes[name], int(its or 0)):
                    yield Source(source.node, used_by) if isinstance(source, Source) else source

    def _of_function(self, name: str, index: int) -> frozenset[Any]:
        """What an output of a function depends on: (argument's index, the node that uses it), and what was passed."""
        if (name, index) not in self._known:
            function = self.functions[name]
            if self._stop(function):
                self._known[name, index] = frozenset({Passed(name, index)})
            else:
                self._known[name, index] = frozenset()  # a recursive function depends on itself
                self._known[name, index] = frozenset(self._walk(function, index))
        return self._known[name, index]

    def _walk(self, function: Function, index: int) -> Iterator[Any]:
        arguments = {one.name: position for position, one in enumerate(function.signature.input_arg)}
        nodes = {node.name: node for node in function.node_def}
        front = [(function.ret[function.signature.output_arg[index].name], "")]
        seen = set()
        while front:
            tensor, user = front.pop()
            if tensor in arguments:
                yield arguments[tensor], user
                continue
            parts = tensor.split(":")
            node = nodes[parts[0]]
            inputs = _data(node)
            # Of calls each output is followed by itself; of all other nodes each depends on all inputs.
            its = int(parts[-1]) if node.op in _CALLS else 0
            if (node.name, its) in seen:
                continue
            seen.add((node.name, its))
            if node.op not in _CALLS:
                front += [(one, node.name) for one in inputs]
                continue
            for found in self._of_function(node.attr["f"].func.name, its):
                if isinstance(found, Passed):
                    yield found
                elif inputs[found[0]] in arguments:
                    yield arguments[inputs[found[0]]], found[1]
                else:
                    front.append((inputs[found[0]], found[1]))


def _data(node: Node) -> list[str]:
    return [one for one in node.input if not one.startswith("^")]
