"""Which nodes may run now: the graph of a run, and nothing of TFX."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from headrace.orchestration.outcomes import NodeState

# What becomes of a node if one that it depends on ended so.
_CONSEQUENCES = {
    NodeState.FAILED: NodeState.BLOCKED,
    NodeState.CANCELED: NodeState.BLOCKED,
    NodeState.BLOCKED: NodeState.BLOCKED,
    NodeState.LEFT_OUT: NodeState.BLOCKED,
    NodeState.SKIPPED: NodeState.SKIPPED,
}


class Schedule:
    """Hands out nodes whose upstream nodes have all ended well; what hangs on another never runs.

    Some nodes run however their upstream nodes ended: failed, skipped, or never run. Others can do without some
    that were skipped.
    """

    def __init__(
        self,
        upstream: Mapping[str, Iterable[str]],
        however: Collection[str] = (),
        needs: Mapping[str, Sequence[frozenset[str]]] = MappingProxyType({}),
    ) -> None:
        """Takes each node's upstream nodes, of which those that are no node of this run do not count.

        Args:
            upstream: by node.
            however: the nodes that run however their upstream nodes ended.
            needs: by node, sets of upstream nodes: it is skipped where all of one set were. A node that is not
                among the keys is skipped where any of its upstream nodes was.
        """
        self._however = however
        self._needs = needs
        self._skipped: set[str] = set()
        self._waiting = {node: {one for one in ones if one in upstream} for node, ones in upstream.items()}

    def take_ready(self, most: int) -> list[str]:
        """At most so many nodes to start now, in the pipeline's order; each is handed out once."""
        ready = [node for node, upstream in self._waiting.items() if not upstream][:most]
        for node in ready:
            del self._waiting[node]
        return ready

    def ended(self, node: str, state: NodeState) -> dict[str, NodeState]:
        """Takes note that `node` ended; returns the nodes that therefore never run, and how that counts."""
        never: dict[str, NodeState] = {}
        if state is NodeState.SKIPPED:
            self._skipped.add(node)
        for dependent in [one for one, upstream in self._waiting.items() if node in upstream]:
            if state.unlocks or dependent in self._however or (state is NodeState.SKIPPED and self._spares(dependent)):
                self._waiting[dependent].discard(node)
            elif self._waiting.pop(dependent, None) is not None:
                consequence = _CONSEQUENCES[state]
                never |= {dependent: consequence, **self.ended(dependent, consequence)}
        return never

    def _spares(self, dependent: str) -> bool:
        """Whether a node can do without all that were skipped so far."""
        return dependent in self._needs and not any(ones <= self._skipped for ones in self._needs[dependent])

    def waits_for(self) -> dict[str, set[str]]:
        """The nodes that wait, and the upstream nodes that each still waits for."""
        return {node: set(upstream) for node, upstream in self._waiting.items()}
