"""What a run would do, without running or recording anything."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from headrace.metadata import MetadataStore
from headrace.metadata.changes import Category, Change
from headrace.metadata.store import ConnectionConfig
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.node_history import NodeHistory
from headrace.orchestration.node_key import KeyMaker
from headrace.orchestration.predicted_inputs import Outputs, PredictedInputs, UnresolvedError
from headrace.orchestration.producers import node_context


class Action(StrEnum):
    """What a run would do with a node."""

    RUN = "run"
    CACHED = "cached"  # outputs of an earlier execution are taken over
    RESOLVED = "resolved"  # a resolver or an importer finds artifacts that are there already
    SKIPPED = "skipped"  # its condition does not hold, or one that it depends on is skipped
    UNKNOWN = "unknown"  # it depends on what another node makes


@dataclass(frozen=True)
class PlannedNode:
    """What a run would do with one node."""

    node: str
    action: Action
    changes: tuple[Change, ...] = ()  # why it would run, or why that is not known
    last_seconds: float | None = None  # when it last really ran; None if it never did


@dataclass(frozen=True)
class Plan:
    """What a run would do, node by node, in the pipeline's order.

    Attributes:
        pipeline: its name.
        nodes: of the pipeline.
        spared: what its file would do to files that are there, such as "removes /root before each run"; it was not
            done, and the plan reckons with the files as they are.
        undone: what it overwrites; it is as it was.
        done: what it did for this plan as well, and may have changed something.
        more: whether the file does more after this run, another one perhaps; that depends on this run.
    """

    pipeline: str
    nodes: tuple[PlannedNode, ...]
    spared: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    more: bool = False

    @property
    def expected_seconds(self) -> float:
        """What the nodes that would run took last time, one after another; those that never ran count nothing."""
        return sum(node.last_seconds or 0.0 for node in self.nodes if node.action is Action.RUN)

    def asdict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**asdict(self), "expected_seconds": self.expected_seconds}


def plan(pipeline: str, nodes: Sequence[GraphNode], store: MetadataStore | None) -> Plan:
    """Says what a run would do, by the very keys that the run would look up.

    Args:
        pipeline: its name.
        nodes: its nodes, parameters bound, in topological order; they are not changed.
        store: what was recorded so far, which is only read; None if there is no store yet.
    """
    planner = _Planner(store or _empty_store())
    for node in nodes:
        planner.add(node)
    return Plan(pipeline, tuple(planner.planned.values()))


class _Planner:
    """Plans nodes in topological order; each builds on those before it."""

    def __init__(self, store: MetadataStore) -> None:
        self.planned: dict[str, PlannedNode] = {}
        self._store = store
        self._keys = KeyMaker(store)
        self._outputs: dict[str, Outputs] = {}  # by the node's context: what it is known to hand on
        self._ids: dict[str, str] = {}  # from the node's context to its id
        self._may_be_skipped: set[str] = set()  # ids

    def add(self, node: GraphNode) -> None:
        """Plans one node."""
        history = NodeHistory.of(self._store, node_context(node.node))
        self._ids[node_context(node.node)] = node.id
        action, changes = self._decide(node, history)
        if action is Action.SKIPPED:
            self._hand_on(node, [])
        self.planned[node.id] = PlannedNode(node.id, action, tuple(dict.fromkeys(changes)), history.last_seconds)

    def _decide(self, node: GraphNode, history: NodeHistory) -> tuple[Action, list[Change]]:
        skipped = {name for name, planned in self.planned.items() if planned.action is Action.SKIPPED}
        needs = () if node.runs_however else node.needs
        if lacking := [one for ones in needs if ones <= skipped for one in ones]:
            return Action.SKIPPED, [Change(Category.UPSTREAM, one, "is skipped") for one in sorted(lacking)]
        may_lack = [one for ones in needs if ones <= skipped | self._may_be_skipped for one in ones]
        if waits := self._may_be_skipped.intersection(may_lack):
            self._may_be_skipped.add(node.id)
            return Action.UNKNOWN, [Change(Category.UPSTREAM, one, "may be skipped") for one in sorted(waits)]
        predicted = PredictedInputs(node.node, self._store, self._outputs)
        unsettled = sorted(self._ids[context] for context in predicted.unsettled(self._ids))
        if unsettled:
            return self._decide_unsettled(node, history, predicted, unsettled)
        return self._decide_settled(node, history, predicted)

    def _decide_unsettled(
        self, node: GraphNode, history: NodeHistory, predicted: PredictedInputs, unsettled: list[str]
    ) -> tuple[Action, list[Change]]:
        """Some of the inputs are not made yet: it runs, unless what they will be decides that."""
        running = [one for one in unsettled if self.planned[one].action is Action.RUN]
        if predicted.may_be_none and not node.may_make_nothing:
            self._may_be_skipped.add(node.id)
        if predicted.may_be_none or not running or not (self._keys.has_executor(node) or predicted.passes_on):
            return Action.UNKNOWN, [Change(Category.UPSTREAM, one, "has to run first") for one in running or unsettled]
        changes = [Change(Category.UPSTREAM, one, "would run") for one in running]
        if predicted.passes_on:
            return Action.RUN, changes
        own = history.changes_without_inputs(self._keys.static_parts(node))
        return Action.RUN, self._cache_off(node) + changes + own

    def _decide_settled(
        self, node: GraphNode, history: NodeHistory, predicted: PredictedInputs
    ) -> tuple[Action, list[Change]]:
        if importer := predicted.imported():
            return self._decide_importer(node, importer)
        try:
            input_sets = predicted.resolve()
        except UnresolvedError as error:
            return Action.UNKNOWN, [Change(Category.INPUT, "", str(error))]
        if not input_sets:
            return Action.SKIPPED, [Change(Category.INPUT, "", "its condition does not hold")]
        if not self._keys.has_executor(node):  # a resolver, or an end of a sub-pipeline: it hands on what it finds
            self._hand_on(node, input_sets)
            return Action.RESOLVED, []
        changes = self._cache_off(node)
        found: list[Outputs] = []
        for inputs in input_sets:
            try:
                key = self._keys.key(node, inputs)
            except UnresolvedError as error:
                return Action.UNKNOWN, [Change(Category.INPUT, "", str(error))]
            lookup = self._keys.look_up(key)
            if lookup.execution_id is None:
                changes += lookup.damages or history.changes(key.parts, one_of_several=len(input_sets) > 1)
            else:
                found.append(lookup.outputs)
        if changes:
            return Action.RUN, changes
        self._hand_on(node, found)
        return Action.CACHED, []

    def _decide_importer(self, node: GraphNode, imported: Outputs) -> tuple[Action, list[Change]]:
        [artifact] = [one for artifacts in imported.values() for one in artifacts]
        if not artifact.id:
            return Action.RUN, [Change(Category.NEW, artifact.uri, "will be recorded anew")]
        self._hand_on(node, [imported])
        return Action.RESOLVED, []

    def _hand_on(self, node: GraphNode, sets: Sequence[Outputs]) -> None:
        merged: dict[str, list[Any]] = {}
        for outputs in sets:
            for key, artifacts in outputs.items():
                merged.setdefault(key, []).extend(artifacts)
        self._outputs[node_context(node.node)] = merged

    def _cache_off(self, node: GraphNode) -> list[Change]:
        on = node.node.execution_options.caching_options.enable_cache
        return [] if on else [Change(Category.CACHE, "", "it is off for this node")]


def _empty_store() -> MetadataStore:
    config = ConnectionConfig()
    config.fake_database.SetInParent()  # in memory
    return MetadataStore.connect(config)
