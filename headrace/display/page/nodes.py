"""Records as the nodes and edges of a picture."""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.contents.times import local_time
from headrace.display.page.node import Fact, Node
from headrace.display.page.readable import label_of, value_text
from headrace.display.page.spans import with_spans
from headrace.metadata import properties as names
from headrace.metadata.graph import Graph
from headrace.metadata.records import LIVE, Artifact, Execution, Property, State

_OTHER = "other"
# Kinds of artifacts, which share a colour.
_FAMILIES = {
    "Examples": "data",
    "ExampleStatistics": "data",
    "Schema": "schema",
    "TransformGraph": "schema",
    "Model": "model",
    "ModelRun": "model",
    "HyperParameters": "model",
    "ExampleAnomalies": "verdict",
    "ModelEvaluation": "verdict",
    "PushedModel": "pushed",
}
_BLESSING = "Blessing"  # how the types of verdicts end
# A picture for each state, and the word beside it.
_MARKS = {
    State.COMPLETE: ("done", "complete"),
    State.CACHED: ("cached", "from the cache"),
    State.FAILED: ("failed", "failed"),
    State.CANCELED: ("canceled", "canceled"),
    State.RUNNING: ("running", "running"),
    State.NEW: ("running", "not started"),
    State.UNKNOWN: ("unknown", "unknown"),
}
_VERDICTS = {"blessed": ("blessed", "not blessed"), "pushed": ("pushed", "not pushed")}
_AVAILABLE = "available"  # what ML Metadata calls LIVE; here that is said of pushed models alone
_MOST = 2000  # characters of a property; the rest is left out, and said to be
# Properties that have a line of their own in the record.
_TOLD = frozenset(
    {
        names.CPU_SECONDS,
        names.PEAK_MEMORY_BYTES,
        names.WALL_SECONDS,
        names.LOG,
        names.CODE,
        names.EXECUTOR,
        names.STOCK_REASON,
        names.SKIPPED,
        names.ERROR_KIND,
        names.ERROR_MESSAGE,
        names.ERROR_WHERE,
        names.ERROR_WHY,
        names.ERROR_NEXT,
    }
)


@dataclass(frozen=True)
class Edge:
    """An artifact was read by an execution, or made by it; or a resolver chose something for an execution."""

    source: str
    target: str
    key: str  # of the node's input or output


def nodes_of(graph: Graph, asked: frozenset[int] = frozenset()) -> list[Node]:
    """The nodes of a graph; executions that took all they have from the cache are told with those that made it.

    Args:
        graph: the records.
        asked: the artifacts that the page was asked for.
    """
    folded = folded_of(graph)
    taken: dict[int, list[Execution]] = {}
    for cached, maker in folded.items():
        taken.setdefault(maker, []).append(graph.executions[cached])
    executions = [
        _execution_node(one, graph, taken.get(one.id, []))
        for one in sorted(graph.executions.values(), key=lambda one: one.id)
        if one.id not in folded
    ]
    artifacts = sorted(graph.artifacts.values(), key=lambda one: one.id)
    nodes = executions + [_artifact_node(one, graph, asked=one.id in asked) for one in artifacts]
    return with_spans(nodes, graph)


def edges_of(graph: Graph) -> list[Edge]:
    """The edges between the nodes, in the direction that data flows."""
    folded = folded_of(graph)
    edges: dict[tuple[str, str], Edge] = {}
    for event in graph.events:
        if event.execution not in folded:
            ends = (f"e{event.execution}", f"a{event.artifact}")
            source, target = ends if event.is_output else ends[::-1]
            edges.setdefault((source, target), Edge(source, target, event.key))
    for event in graph.found:
        source, target = f"a{event.artifact}", f"e{event.execution}"
        edges.setdefault((source, target), Edge(source, target, event.key))
    for execution in graph.executions.values():
        if execution.id not in folded:
            for (key, _), chooser in graph.choosers(execution).items():
                source, target = f"e{chooser.id}", f"e{execution.id}"
                edges.setdefault((source, target), Edge(source, target, key))
    return list(edges.values())


def folded_of(graph: Graph) -> dict[int, int]:
    """Executions that took all they have from the cache, to the one that made it, where that is in the graph."""
    found = {}
    for execution in graph.executions.values():
        if execution.state == State.CACHED:
            outputs = [one for many in graph.outputs(execution.id).values() for one in many]
            makers = {maker.id for one in outputs if (maker := graph.producer(one.id))}
            if len(makers) == 1 and (maker_id := makers.pop()) != execution.id:
                found[execution.id] = maker_id
    return found


def _execution_node(one: Execution, graph: Graph, taken: list[Execution]) -> Node:
    own = one.properties
    mark, state = ("skipped", "skipped") if own.get(names.SKIPPED) else _MARKS[one.state]
    if taken and one.state == State.COMPLETE:
        mark, state = "cached", "complete, and taken from the cache since"
    facts = [
        Fact("execution", one.id),
        Fact("run", one.run),
        Fact("pipeline", one.pipeline),
        Fact("started", local_time(one.started)),
        Fact("took", _number(own, names.WALL_SECONDS) or one.seconds, "seconds"),
        Fact("CPU", _number(own, names.CPU_SECONDS), "seconds"),
        Fact("peak memory", _number(own, names.PEAK_MEMORY_BYTES), "bytes"),
        Fact("type", one.type),
        Fact("executor", _text(own, names.EXECUTOR)),
        Fact("stock executor, because", _text(own, names.STOCK_REASON)),
        Fact("code digest", _text(own, names.CODE)),
        Fact("skipped, because", _text(own, names.SKIPPED)),
        *(Fact("from the cache", f"execution {two.id}, run {two.run}") for two in taken),
        Fact("log", _text(own, names.LOG)),
    ]
    error = [
        Fact(_text(own, names.ERROR_KIND) or "error", _text(own, names.ERROR_MESSAGE)),
        Fact("where", _text(own, names.ERROR_WHERE)),
        Fact("why", _text(own, names.ERROR_WHY)),
        Fact("next", _text(own, names.ERROR_NEXT)),
    ]
    made = sorted(two.id for many in graph.outputs(one.id).values() for two in many)
    return Node(
        f"e{one.id}",
        "execution",
        one.node or one.type.rpartition(".")[2],
        "",
        "",
        mark,
        state,
        _known(facts),
        _known(error),
        _properties({name: value for name, value in own.items() if name not in _TOLD}),
        tuple(made),
        asked=False,
    )


def _artifact_node(one: Artifact, graph: Graph, *, asked: bool) -> Node:
    mark, state = "", _AVAILABLE
    for name, words in _VERDICTS.items():
        verdict = one.properties.get(name)
        if isinstance(verdict, int | float):
            mark, state = ("done", words[0]) if verdict else ("failed", words[1])
    if one.state != LIVE:
        mark, state = "gone", one.state.lower().replace("_", " ")
    facts = [
        Fact("artifact", one.id),
        Fact("type", one.type),
        Fact("created", local_time(one.created)),
        Fact("uri", one.uri),
    ]
    return Node(
        f"a{one.id}",
        "artifact",
        one.type,
        "",
        "verdict" if one.type.endswith(_BLESSING) else _FAMILIES.get(one.type, _OTHER),
        mark,
        state,
        _known(facts),
        (),
        _properties(one.properties),
        _shown_with(one, graph),
        asked,
    )


def _shown_with(one: Artifact, graph: Graph) -> tuple[int, ...]:
    """An artifact itself; with a model what was found out about it, with a verdict what it rests upon."""
    found = {one.id: one.type}
    if one.type == "Model":
        finders = [finder for finder in graph.consumers(one.id) if one in graph.inputs(finder.id).get("model", [])]
    elif one.type in ("ModelBlessing", "ModelEvaluation"):
        maker = graph.producer(one.id)
        finders = [maker] if maker else []
    else:
        finders = []
    for finder in finders:
        made = [two for many in graph.outputs(finder.id).values() for two in many]
        found |= {two.id: two.type for two in made if two.type in ("ModelBlessing", "ModelEvaluation")}
    # The verdict before its metrics.
    return tuple(sorted(found, key=lambda its: (found[its] != "ModelBlessing", its)))


def _properties(properties: Mapping[str, Property]) -> tuple[tuple[str, str], ...]:
    said = ((label_of(name), value_text(name, value)) for name, value in sorted(properties.items()))
    return tuple((label, _cut(value)) for label, value in said if value)


def _cut(text: str) -> str:
    more = len(text) - _MOST
    return text if more <= 0 else f"{text[:_MOST]}... and {more:,} characters more"


def _known(facts: list[Fact]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact.value not in ("", None))


def _text(properties: Mapping[str, Property], name: str) -> str:
    return str(properties.get(name, ""))


def _number(properties: Mapping[str, Property], name: str) -> float | str:
    value = properties.get(name)
    return "" if value is None else float(value)
