"""Whether models could be served: the verdicts of InfraCheck, or of InfraValidator, and their reasons."""

from dataclasses import dataclass
from datetime import datetime

from headrace.contents.serving_check import REASON
from headrace.metadata.graph import Graph
from headrace.metadata.records import Artifact, Execution

INFRA_BLESSING = "InfraBlessing"


@dataclass(frozen=True)
class ServingVerdict:
    """One check of whether a model can be served."""

    execution: int
    run: str
    evaluated: datetime
    model: int | None
    blessed: bool | None  # None where no verdict was recorded
    reason: str = ""  # why it was not; empty where it was, or nobody wrote it down

    @property
    def verdict(self) -> str:
        """The verdict and its reason, in a line."""
        if self.blessed is None:
            return "no verdict on serving was recorded"
        if self.blessed:
            return "blessed as served"
        return f"not blessed as served: {self.reason or 'no reason was recorded'}"


def serving_verdicts_of(graph: Graph) -> list[ServingVerdict]:
    """The checks in a graph, in the order they were made."""
    made = ((one, graph.producer(one.id)) for one in graph.of_type(INFRA_BLESSING))
    return [serving_verdict_of(blessing, execution, graph) for blessing, execution in made if execution]


def serving_verdict_of(blessing: Artifact, execution: Execution, graph: Graph) -> ServingVerdict:
    """What an execution found, or took from the cache."""
    models = graph.inputs(execution.id).get("model", [])
    blessed = blessing.properties.get("blessed")
    return ServingVerdict(
        execution.id,
        execution.run,
        execution.ended,
        models[0].id if models else None,
        None if blessed is None else bool(blessed),
        str(blessing.properties.get(REASON, "")),
    )
