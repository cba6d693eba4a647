"""What a run has to tell by now: models that were blessed or rejected, drift, failures; from its records."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from headrace.lineage.evaluations import EvaluationFacts, evaluations_of, pushes_of
from headrace.lineage.serving_checks import ServingVerdict, serving_verdicts_of
from headrace.metadata import Execution, MetadataStore, State
from headrace.metadata.graph import Graph, GraphReader
from headrace.orchestration.outcomes import RunState
from headrace.orchestration.run_records import RunRecord, failure_of_execution

DRIFT_REPORT = "DriftReport"  # DriftMonitor's artifact: `drifted` features, and a `verdict`
_MOST = 1500  # characters of a text


class Event(StrEnum):
    """What can be told."""

    BLESSED = "blessed"
    REJECTED = "rejected"
    DRIFT = "drift"
    FAILURE = "failure"


@dataclass(frozen=True)
class News:
    """One event, and what is to say about it."""

    event: Event
    text: str


@dataclass(frozen=True)
class RunNews:
    """What a run has to tell."""

    pipeline: str
    run: str
    news: tuple[News, ...]

    def to_json(self) -> str:
        """As text, for a parameter."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "RunNews":
        """The reverse."""
        found = json.loads(text)
        news = tuple(News(Event(one["event"]), one["text"]) for one in found["news"])
        return RunNews(found["pipeline"], found["run"], news)


def news_of(store: MetadataStore, run_id: str) -> RunNews:
    """What a run has to tell by what is recorded of it so far, its failures first."""
    run = next(one for one in store.runs() if one.id == run_id)
    executions = store.executions(run)
    reader = GraphReader(store)
    reader.add_executions(one.id for one in executions)
    graph = reader.graph()
    nodes = RunRecord(run.id, run.pipeline, run.started, RunState.RUNNING, tuple(executions)).nodes
    found = [*_failures(list(nodes.values())), *_verdicts(graph, store), *_drift(graph)]
    return RunNews(run.pipeline, run.id, tuple(News(one.event, one.text[:_MOST]) for one in found))


def _failures(nodes: Sequence[Execution]) -> Iterator[News]:
    for one in nodes:
        if one.state is State.FAILED:
            yield News(Event.FAILURE, f"{one.node} failed: {failure_of_execution(one) or 'no error was recorded'}")


def _verdicts(graph: Graph, store: MetadataStore) -> Iterator[News]:
    """A model is blessed where each verdict on it says so, and rejected where one does not."""
    every: list[EvaluationFacts | ServingVerdict] = [*evaluations_of(graph, store), *serving_verdicts_of(graph)]
    verdicts: dict[int | None, list[EvaluationFacts | ServingVerdict]] = {}
    for one in every:
        if one.blessed is not None:
            verdicts.setdefault(one.model, []).append(one)
    for model, its in verdicts.items():
        against = [one.verdict for one in its if not one.blessed]
        if against:
            yield News(Event.REJECTED, f"Model {model} {'; '.join(against)}")
        else:
            pushed = [
                f"; pushed to {push.destination}" for push in pushes_of(graph) if push.model == model and push.pushed
            ]
            yield News(Event.BLESSED, f"Model {model} {'; '.join(one.verdict for one in its)}{''.join(pushed)}")


def _drift(graph: Graph) -> Iterator[News]:
    for one in graph.of_type(DRIFT_REPORT):
        if drifted := int(one.properties.get("drifted", 0)):
            told = (
                str(one.properties.get("verdict", ""))
                or f"{drifted} {'feature' if drifted == 1 else 'features'} drifted"
            )
            yield News(Event.DRIFT, told)
