"""The records of many spans: each is read and validated, and a model trained on it and the two before it."""

from datetime import UTC, datetime, timedelta
from itertools import count

from headrace.metadata import Artifact, Execution, Property, State
from headrace.metadata.graph import Event, Graph

SPANS = 24
RECORDS = 300  # of so many spans
SPANS_A_MODEL = 3
REJECTED = (7, 13, 17)  # spans whose models were not blessed
FAILED = SPANS - 1  # the span whose Pusher failed
ERROR = {"headrace_error_kind": "OSError", "headrace_error_message": "No space left on device"}


class _Records:
    """Executions, artifacts and events, numbered as they come."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._executions: dict[int, Execution] = {}
        self._artifacts: dict[int, Artifact] = {}
        self._events: list[Event] = []

    @property
    def graph(self) -> Graph:
        return Graph(self._executions, self._artifacts, tuple(sorted(self._events)))

    def execution(
        self, node: str, span: int, inputs: list[int], made: list[int], state: State = State.COMPLETE
    ) -> None:
        """An execution of a node, in the run of a span."""
        one = next(self._ids)
        started = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=span)
        ended = started + timedelta(seconds=0.7 * (one % 30))
        own: dict[str, Property] = {"span": span, **(ERROR if state == State.FAILED else {})}
        kind = f"tfx.components.{node}"
        self._executions[one] = Execution(one, node, kind, state, started, ended, own, "taxi", f"run-{span:02}")
        for is_output, artifacts in ((False, inputs), (True, made)):
            self._events += [Event(one, artifact, "key", index, is_output) for index, artifact in enumerate(artifacts)]

    def artifact(self, kind: str, span: int, **properties: Property) -> int:
        """The id of a new artifact."""
        one = next(self._ids)
        created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=span)
        uri = f"/home/{kind.lower()}/{span}"
        self._artifacts[one] = Artifact(one, kind, uri, "LIVE", created, {"span": span, **properties})
        return one


def graph_of_spans() -> Graph:
    """All records."""
    records = _Records()
    schema = records.artifact("Schema", 0)
    records.execution("ImportSchemaGen", 0, [], [schema])
    window: list[int] = []
    model: list[int] = []
    for span in range(SPANS):
        examples, statistics = records.artifact("Examples", span), records.artifact("ExampleStatistics", span)
        anomalies = records.artifact("ExampleAnomalies", span)
        records.execution("CsvExampleGen", span, [], [examples])
        records.execution("StatisticsGen", span, [examples], [statistics])
        records.execution("ExampleValidator", span, [statistics, schema], [anomalies])
        window = [*window, examples][-SPANS_A_MODEL:]
        if len(window) == SPANS_A_MODEL:
            model = _add_model(records, span, window, model)
    return records.graph


def _add_model(records: _Records, span: int, window: list[int], baseline: list[int]) -> list[int]:
    model, evaluation = records.artifact("Model", span), records.artifact("ModelEvaluation", span)
    blessing = records.artifact("ModelBlessing", span, blessed=int(span not in REJECTED))
    pushed = records.artifact("PushedModel", span, pushed=int(span not in REJECTED))
    records.execution("Trainer", span, window, [model])
    records.execution("Evaluator", span, [window[-1], model, *baseline], [evaluation, blessing])
    state = State.FAILED if span == FAILED else State.COMPLETE
    records.execution("Pusher", span, [model, blessing], [pushed], state)
    return [model]
