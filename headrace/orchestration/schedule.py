"""Which nodes may run now: the graph of a run, and nothing of TFX."""

from collections.abc import Iterable, Mapping

from headrace.orchestration.outcomes import NodeState


class Schedule:
    """Hands out nodes whose upstream nodes have all ended well; what hangs on a failed one is blocked."""

    def __init__(self, upstream: Mapping[str, Iterable[str]]) -> None:
        """Takes each node's upstream nodes; those that are no node of this run do not count."""
        self._waiting = {node: {one for one in ones if one in upstream} for node, ones in upstream.items()}

    def take_ready(self, most: int) -> list[str]:
        """At most so many nodes to start now, in the pipeline's order; each is handed out once."""
        ready = [node for node, upstream in self._waiting.items() if not upstream][:most]
        for node in ready:
            del self._waiting[node]
        return ready

    def ended(self, node: str, state: NodeState) -> list[str]:
        """Takes note that `node` ended; returns the nodes that therefore never run."""
        if state.unlocks:
            for upstream in self._waiting.values():
                upstream.discard(node)
            return []
        blocked: list[str] = []
        for dependent in [one for one, upstream in self._waiting.items() if node in upstream]:
            if self._waiting.pop(dependent, None) is not None:
                blocked += [dependent, *self.ended(dependent, NodeState.BLOCKED)]
        return blocked

    def waits_for(self, node: str) -> set[str]:
        """The upstream nodes that `node` still waits for."""
        return set(self._waiting.get(node, ()))
