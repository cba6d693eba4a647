"""Which spans of the data the nodes of a picture are of, where it takes that to tell them apart."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from headrace.display.page.node import Node
from headrace.metadata.graph import Graph
from headrace.metadata.records import Artifact, Property

_SPAN = "span"  # the property, of artifacts and of ExampleGens


def with_spans(nodes: Sequence[Node], graph: Graph) -> list[Node]:
    """The same nodes; those of one name that are of different spans say of which."""
    spans = {node.id: _spans_of(node, graph) for node in nodes}
    named: dict[tuple[str, str], set[tuple[int, ...]]] = defaultdict(set)
    for node in nodes:
        named[node.kind, node.name] |= {spans[node.id]} - {()}
    return [
        replace(node, span=_text(spans[node.id])) if len(named[node.kind, node.name]) > 1 else node for node in nodes
    ]


def _spans_of(node: Node, graph: Graph) -> tuple[int, ...]:
    """Of an execution its own, or those of what it made, or else of what it read."""
    number = int(node.id[1:])
    if node.kind == "artifact":
        return _numbers([graph.artifacts[number].properties.get(_SPAN)])
    execution = graph.executions[number]
    return (
        _numbers([execution.properties.get(_SPAN)])
        or _of_all(graph.outputs(number).values())
        or _of_all(graph.inputs(number).values())
    )


def _of_all(artifacts: Iterable[Sequence[Artifact]]) -> tuple[int, ...]:
    return _numbers(one.properties.get(_SPAN) for many in artifacts for one in many)


def _numbers(values: Iterable[Property | None]) -> tuple[int, ...]:
    return tuple(sorted({int(value) for value in values if value is not None and str(value).isdecimal()}))


def _text(spans: Sequence[int]) -> str:
    if not spans:
        return ""
    return f"span {spans[0]}" if len(spans) == 1 else f"spans {spans[0]} to {spans[-1]}"
