"""What a run is made of: the code, the definition and the data it starts from, as facts that can be compared.

What a cache key is for a node, this is for a run. But it has nothing in it that other runs
made: which model is the latest changes with each of them, and makes no earlier run stale.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

from tfx.dsl.components.common.importer import SOURCE_URI_KEY

from headrace.metadata import MetadataStore
from headrace.orchestration.cached_outputs import files_digest
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.node_key import KeyMaker
from headrace.orchestration.predicted_inputs import UnresolvedError
from headrace.orchestration.span_files import files_so_far

_UNKNOWN = ""  # of data that only the run itself can tell: it is never the same as before
_DIGITS = 16  # of a hash


@dataclass(frozen=True)
class Basis:
    """The facts that a run starts from: "code model.py", "definition of Trainer", "data of CsvExampleGen", ..."""

    facts: Mapping[str, str]
    nodes: Mapping[str, frozenset[str]]  # of each node the names of the facts that it depends on by itself

    def to_json(self) -> str:
        """The facts as text, to be recorded of the run."""
        return json.dumps(dict(self.facts), sort_keys=True)

    def changes(self, recorded: str) -> tuple[str, ...]:
        """The names of the facts that are not as they were recorded, in order; empty where all are."""
        before: Mapping[str, str] = json.loads(recorded)
        now = {name: self.facts.get(name, _UNKNOWN) for name in sorted({*before, *self.facts})}
        return tuple(name for name, fact in now.items() if fact == _UNKNOWN or fact != before.get(name))

    def stale_nodes(self, recorded: str) -> frozenset[str]:
        """The nodes that depend by themselves on a fact that is not as it was recorded."""
        changed = set(self.changes(recorded))
        return frozenset(node for node, names in self.nodes.items() if names & changed)


def basis_of(nodes: Sequence[GraphNode], run_id: str, store: MetadataStore) -> Basis:
    """What a run of these nodes would start from, at this moment.

    Args:
        nodes: of the run, parameters bound.
        run_id: the run's id, which stands in the nodes' contexts and is not a part of it.
        store: what was recorded so far; drivers of ExampleGens look at it.
    """
    keys = KeyMaker(store)
    facts: dict[str, str] = {}
    by_node: dict[str, frozenset[str]] = {}
    for node in nodes:
        own = dict(_facts(node, run_id, keys))
        facts |= own
        by_node[node.id] = frozenset(own)
    return Basis(facts, by_node)


def _facts(node: GraphNode, run_id: str, keys: KeyMaker) -> Iterator[tuple[str, str]]:
    parts = keys.static_parts(node)
    for file, digest in parts.code.items():
        yield file if file.startswith("package ") else f"code {file}", digest[:_DIGITS]
    yield f"definition of {node.id}", _definition(node, run_id, parts.executor)
    if (data := _data(node, keys)) is not None:
        yield f"data of {node.id}", data
    if SOURCE_URI_KEY in node.node.parameters.parameters:  # an Importer's: files that anybody may edit
        place = node.node.parameters.parameters[SOURCE_URI_KEY].field_value.string_value
        yield f"files of {node.id}", files_digest(place)


def _data(node: GraphNode, keys: KeyMaker) -> str | None:
    """A digest of the files that a node reads from outside, or _UNKNOWN; None for one that reads none."""
    try:
        if not node.node.inputs.inputs:
            said: object = keys.data_parameters(node)
        else:  # which of the files it reads depends on what was read before: those that it may read
            said = list(files_so_far(node.node))
    except UnresolvedError:
        return _UNKNOWN
    return _hash(json.dumps(said, sort_keys=True).encode()) if said else None


def _definition(node: GraphNode, run_id: str, executor: str) -> str:
    """A digest of the node as it is compiled, but for what differs from run to run and changes no output."""
    compiled = deepcopy(node.node)
    compiled.ClearField("execution_options")  # the cache, retries, which part of the pipeline runs
    compiled.ClearField("downstream_nodes")
    written = compiled.SerializeToString(deterministic=True)
    return _hash(written.replace(run_id.encode(), b" " * len(run_id)) + executor.encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
