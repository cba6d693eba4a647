"""One of two runs that are compared: its nodes, and what they made, were judged by, or took over from other runs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from headrace.lineage.evaluations import (
    BLESSING,
    EVALUATION,
    PUSHED,
    EvaluationFacts,
    evaluation_of,
    push_of,
    with_fairness,
)
from headrace.lineage.facts import RunFacts, run_facts
from headrace.lineage.serving_checks import INFRA_BLESSING, ServingVerdict, serving_verdict_of
from headrace.metadata import properties as names
from headrace.metadata.graph import Graph, GraphReader
from headrace.metadata.records import RESOLVING_TYPES, Artifact, Execution, Run, State
from headrace.metadata.store import MetadataStore

Verdict = TypeVar("Verdict")


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    facts: RunFacts
    store: MetadataStore
    graph: Graph
    own: Mapping[str, Execution]  # of each node its last execution in the run
    # The same; where it only says that the node was taken over from another run, the one that worked there: it has the
    # parameters, the code and the inputs.
    deciding: Mapping[str, Execution]

    @staticmethod
    def of(store: MetadataStore, run: Run) -> "Side":
        """Reads a run."""
        executions = store.executions(run)
        reader = GraphReader(store)
        reader.add_executions(one.id for one in executions)
        taken = [one.id for one in executions if _says_nothing(one)]
        reader.add_producers(reader.made_by(taken))
        graph = reader.graph()
        own = {one.node: one for one in executions}
        deciding = {node: _worked(one, graph) if one.id in taken else one for node, one in own.items()}
        return Side(run_facts(run, executions), store, graph, own, deciding)

    def artifacts(self, type_name: str) -> dict[str, Artifact]:
        """What the run's nodes made, by "node key"."""
        return {
            f"{node} {key}": one
            for node, execution in self.deciding.items()
            for key, many in self.graph.outputs(execution.id).items()
            for one in many
            if one.type == type_name
        }

    def evaluation(self) -> EvaluationFacts | None:
        """The run's last evaluation; None where there was none."""
        found = self._last((EVALUATION, BLESSING), lambda execution, _: evaluation_of(execution, self.graph))
        return with_fairness([found], self.store)[0] if found else None

    def serving_check(self) -> ServingVerdict | None:
        """The run's last check of whether its model can be served; None where there was none."""
        return self._last((INFRA_BLESSING,), lambda execution, made: serving_verdict_of(made, execution, self.graph))

    def pushed(self) -> bool | None:
        """Whether the run pushed a model, or would have, had it not been there; None where it had no Pusher."""
        made = [one for execution in self._working() for one in self._made(execution) if one.type == PUSHED]
        return any(push_of(one, self.graph).pushed for one in made) if made else None

    def _last(self, types: Iterable[str], verdict: Callable[[Execution, Artifact], Verdict]) -> Verdict | None:
        found = [(one, made) for one in self._working() for made in self._made(one) if made.type in types]
        return verdict(*found[-1]) if found else None

    def _working(self) -> list[Execution]:
        """In the order of registration; not resolvers, which hand on the verdicts of other runs."""
        return sorted(self.deciding.values(), key=lambda one: one.id)

    def _made(self, execution: Execution) -> list[Artifact]:
        return [one for many in self.graph.outputs(execution.id).values() for one in many]


def _says_nothing(execution: Execution) -> bool:
    """It took all from another execution, and has neither its parameters nor its code."""
    return (
        execution.state is State.CACHED
        and execution.type not in RESOLVING_TYPES
        and names.KEY not in execution.properties
    )


def _worked(taken: Execution, graph: Graph) -> Execution:
    """The execution of the same node that made what another took over; itself, where that is not recorded."""
    makers = {
        maker.id: maker
        for many in graph.outputs(taken.id).values()
        for one in many
        if (maker := graph.producer(one.id)) and maker.node == taken.node
    }
    return next(iter(makers.values())) if len(makers) == 1 else taken
