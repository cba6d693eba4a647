"""What a run is made of: the code, the definition and the data it starts from, as facts that can be compared.

What a cache key is for a node, this is for a run. But it has nothing in it that other runs
made: which model is the latest changes with each of them, and makes no earlier run stale.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

from tfx.dsl.components.common.importer import SOURCE_URI_KEY

from headrace.metadata import MetadataStore
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.input_patterns import SpanName
from headrace.orchestration.node_key import KeyMaker
from headrace.orchestration.output_manifests import files_digest
from headrace.orchestration.predicted_inputs import UnresolvedError
from headrace.orchestration.span_files import files_so_far
from headrace.orchestration.span_range import SPAN

Fact = str | dict[str, str]  # a digest, or one for each part

_UNKNOWN = ""  # of data that only the run itself can tell: it is never the same as before
_NO_SPAN = "no span"
_DIGITS = 16  # of a hash
_READ = ("data of ", "files of ", "file ")  # how the names of facts begin that tell of no code and no definition


@dataclass(frozen=True)
class Basis:
    """The facts that a run starts from: "code model.py", "definition of Trainer", "data of CsvExampleGen", ..."""

    facts: Mapping[str, Fact]
    nodes: Mapping[str, frozenset[str]]  # of each node the names of the facts that it depends on by itself

    def to_json(self) -> str:
        """The facts as text, to be recorded of the run."""
        return json.dumps(dict(self.facts), sort_keys=True)

    def changes(self, recorded: str) -> tuple[str, ...]:
        """The facts that are not as they were recorded, by name and part, in order; empty where all are."""
        before: Mapping[str, Fact] = json.loads(recorded)
        return tuple(name + _parts(self.facts.get(name), before.get(name)) for name in self._changed(before))

    def stale_nodes(self, recorded: str) -> frozenset[str]:
        """The nodes that depend by themselves on a fact that is not as it was recorded."""
        return self._nodes_of(self._changed(json.loads(recorded)))

    def nodes_to_read_again(self, recorded: str) -> frozenset[str]:
        """The nodes that read data, or files that are no code, which are not as they were recorded.

        What nobody could tell then, and nobody can now, is taken to be the same.
        """
        before: Mapping[str, Fact] = json.loads(recorded)
        changed = self._changed(before)
        return self._nodes_of(
            name for name in changed if name.startswith(_READ) and self.facts.get(name) != before.get(name)
        )

    def _changed(self, before: Mapping[str, Fact]) -> list[str]:
        now = {name: self.facts.get(name, _UNKNOWN) for name in sorted({*before, *self.facts})}
        return [name for name, fact in now.items() if fact == _UNKNOWN or fact != before.get(name)]

    def _nodes_of(self, facts: Iterable[str]) -> frozenset[str]:
        wanted = set(facts)
        return frozenset(node for node, names in self.nodes.items() if names & wanted)


def basis_of(nodes: Sequence[GraphNode], run_id: str, store: MetadataStore) -> Basis:
    """What a run of these nodes would start from, at this moment.

    Args:
        nodes: of the run, parameters bound.
        run_id: the run's id, which stands in the nodes' contexts and is not a part of it.
        store: what was recorded so far; drivers of ExampleGens look at it.
    """
    keys = KeyMaker(store)
    facts: dict[str, Fact] = {}
    by_node: dict[str, frozenset[str]] = {}
    for node in nodes:
        own = dict(_facts(node, run_id, keys))
        facts |= own
        by_node[node.id] = frozenset(own)
    return Basis(facts, by_node)


def _facts(node: GraphNode, run_id: str, keys: KeyMaker) -> Iterator[tuple[str, Fact]]:
    parts = keys.static_parts(node)
    for file, digest in parts.code.items():
        yield _code_name(file), digest[:_DIGITS]
    yield f"definition of {node.id}", _definition(node, run_id, parts.executor)
    if (data := _data(node, keys)) is not None:
        yield f"data of {node.id}", data
    if SOURCE_URI_KEY in node.node.parameters.parameters:  # an Importer's: files that anybody may edit
        place = node.node.parameters.parameters[SOURCE_URI_KEY].field_value.string_value
        yield f"files of {node.id}", files_digest(place)


def _code_name(file: str) -> str:
    """The name of a fact of what a node runs; a parameter may name a file that is read, such as a schema."""
    if file.startswith("package "):
        return file
    return f"code {file}" if file.endswith(".py") else f"file {file}"


def _data(node: GraphNode, keys: KeyMaker) -> Fact | None:
    """A digest of the files that a node reads from outside, by span, or _UNKNOWN; None for one that reads none."""
    if node.node.inputs.inputs:  # which of the files it reads depends on what was read before: those that it may read
        return _by_span((file.name, [str(file.path), file.bytes, file.modified]) for file in files_so_far(node.node))
    try:
        said = keys.data_parameters(node)
    except UnresolvedError:
        return _UNKNOWN
    return _by_span([(SpanName(said.get(SPAN) or None, said.get("version")), said)]) if said else None


def _by_span(read: Iterable[tuple[SpanName, object]]) -> Fact | None:
    """A digest of what is read of each span; one of all, where the data have no spans."""
    found: dict[str, list[object]] = {}
    for name, what in read:
        found.setdefault(str(name) or _NO_SPAN, []).append(what)
    digests = {name: _hash(json.dumps(what, sort_keys=True).encode()) for name, what in found.items()}
    return digests[_NO_SPAN] if list(digests) == [_NO_SPAN] else digests or None


def _parts(now: Fact | None, before: Fact | None) -> str:
    """Which parts of a fact are new or other than before, or are gone, in brackets; empty for one without parts."""
    if not isinstance(now, dict) or not isinstance(before, dict):
        return ""
    if len(now) == len(before) == 1 and now.keys() != before.keys():
        return f" ({next(iter(now))} instead of {next(iter(before))})"
    other = [part for part, digest in now.items() if before.get(part) != digest]
    gone = [f"{part} is gone" for part in before if part not in now]
    return f" ({'; '.join(other + gone)})"


def _definition(node: GraphNode, run_id: str, executor: str) -> str:
    """A digest of the node as it is compiled, but for what differs from run to run and changes no output."""
    compiled = deepcopy(node.node)
    compiled.ClearField("execution_options")  # the cache, retries, which part of the pipeline runs
    compiled.ClearField("downstream_nodes")
    written = compiled.SerializeToString(deterministic=True)
    return _hash(written.replace(run_id.encode(), b" " * len(run_id)) + executor.encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
