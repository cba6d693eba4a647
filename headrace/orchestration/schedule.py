"""Which nodes may run now: the graph of a run, and nothing of TFX."""

from collections.abc import Collection, Iterable, Mapping

from headrace.orchestration.outcomes import NodeState

# What becomes of a node if one that it depends on ended so.
_CONSEQUENCES = {
    NodeState.FAILED: NodeState.BLOCKED,
    NodeState.CANCELED: NodeState.BLOCKED,
    NodeState.BLOCKED: NodeState.BLOCKED,
    NodeState.SKIPPED: NodeState.SKIPPED,
}


class Schedule:
    """Hands out nodes whose upstream nodes have all ended well; what hangs on another never runs.

    Some nodes run however their upstream nodes ended: failed, skipped, or never run.
    """

    def __init__(self, upstream: Mapping[str, Iterable[str]], however: Collection[str] = ()) -> None:
        """Takes each node's upstream nodes, of which those that are no node of this run do not count.

        Args:
            upstream: by node.
            however: the nodes that run however their upstream nodes ended.
        """
        self._however = however
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
        for dependent in [one for one, upstream in self._waiting.items() if node in upstream]:
            if state.unlocks or dependent in self._however:
                self._waiting[dependent].discard(node)
            elif self._waiting.pop(dependent, None) is not None:
                consequence = _CONSEQUENCES[state]
                never |= {dependent: consequence, **self.ended(dependent, consequence)}
        return never

    def waits_for(self) -> dict[str, set[str]]:
        """The nodes that wait, and the upstream nodes that each still waits for."""
        return {node: set(upstream) for node, upstream in self._waiting.items()}
