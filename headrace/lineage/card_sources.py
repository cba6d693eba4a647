"""What a model card is made from: the model's trace, and what the artifacts in it still hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from headrace.contents.anomalies import Anomaly, read_anomalies
from headrace.contents.evaluation import read_label
from headrace.contents.metrics import EXAMPLE_COUNT, OVERALL, headline_metric
from headrace.contents.plots import read_plots
from headrace.contents.schema import FeatureSchema, read_schema
from headrace.contents.statistics import SplitStatistics, read_statistics, read_unsplit_statistics
from headrace.errors import HeadraceError, UnknownNameError
from headrace.lineage.evaluations import EVALUATION, EvaluationFacts
from headrace.lineage.facts import RunFacts, Step
from headrace.lineage.features import Features, features_of
from headrace.lineage.input_data import EXAMPLES, STATISTICS
from headrace.lineage.trace import MODEL, TRANSFORM, Trace, trace_of
from headrace.metadata.graph import Graph, GraphReader
from headrace.metadata.records import Artifact, Execution
from headrace.metadata.store import MetadataStore

ANOMALIES, DRIFT = "ExampleAnomalies", "DriftReport"
_TRANSFORM_STATISTICS = "post_transform_stats"
Contents = TypeVar("Contents")


@dataclass(frozen=True)
class Sources:
    """What is known of a model. What cannot be read any more is None, or empty."""

    model: Artifact
    trace: Trace
    findings: Graph  # what was found out about the model's data
    evaluation: EvaluationFacts | None
    evaluation_folder: Path | None
    has_plots: bool
    label: str
    measured: frozenset[int]  # the ExampleStatistics artifacts of its data
    statistics: Mapping[str, SplitStatistics]  # of its data; of the newest, where it learned from several
    every_statistics: tuple[Mapping[str, SplitStatistics], ...]  # of all its data that have some
    statistics_folder: Path | None
    transformed: SplitStatistics | None  # of what the model was given, all splits together
    schema: tuple[FeatureSchema, ...]
    features: Features | None
    anomalies: tuple[Anomaly, ...]

    @property
    def trainer(self) -> Execution | None:
        """What made the model."""
        return self.trace.graph.producer(self.model.id)

    @property
    def training(self) -> Step | None:
        """What made the model, as facts."""
        made_by = self.trainer
        return next((one for one in self.trace.steps if made_by and one.execution == made_by.id), None)

    @property
    def run(self) -> RunFacts | None:
        """The run in which the model was made."""
        made_by = self.trainer
        return next((one for one in self.trace.runs if made_by and one.id == made_by.run), None)

    @property
    def metric(self) -> str | None:
        """The metric by which the model is shown first."""
        if self.evaluation is None or self.evaluation.metrics is None:
            return None
        asked_for = tuple(one.split()[0] for one in self.evaluation.thresholds)
        return headline_metric(self.evaluation.metrics.get(OVERALL, {}), asked_for)

    @property
    def evaluated(self) -> int | None:
        """How many examples the model was evaluated on."""
        count = self.overall(EXAMPLE_COUNT)
        return None if count is None else round(count)

    @property
    def rows(self) -> dict[str, int | None]:
        """Rows by split of the data it came from."""
        found: dict[str, int | None] = {}
        for split in (one for data in self.trace.inputs for one in data.splits):
            known = found.get(split.split, 0)
            found[split.split] = None if split.rows is None or known is None else known + split.rows
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that its predictions depend on; those it may depend on, where that is not known."""
        if self.features is None:
            return ()
        taken = [one for one in self.features.features if one.in_model is not False]
        return tuple(sorted({column for one in taken for column in one.columns}))

    def overall(self, metric: str) -> float | None:
        """A metric over all examples."""
        metrics = self.evaluation.metrics if self.evaluation else None
        return (metrics or {}).get(OVERALL, {}).get(metric)


def sources_of(store: MetadataStore, subject: Trace, evaluation: int | None) -> Sources:
    """What is known of the model that a trace leads to.

    Args:
        store: where its trace is from.
        subject: the trace of a model, of what was pushed or of a run.
        evaluation: the ModelEvaluation artifact that is to be shown; the newest one, if it is None.

    Raises:
        UnknownNameError: there is no model in the trace, or no such evaluation of it.
    """
    model = _model(subject)
    trace = trace_of(store, model)
    findings = _findings(store, trace)
    judged = _evaluation(trace, model, evaluation)
    judgement = _output(trace.graph, judged.execution, EVALUATION) if judged else None
    folder = Path(judgement.uri) if judgement else None
    measured = _of_inputs(findings, trace)
    found = [(Path(one.uri), readable(read_statistics, Path(one.uri))) for one in measured]
    there = [(place, statistics) for place, statistics in found if statistics]
    schema = trace.schemas[-1] if trace.schemas else None
    transformed = [one for one in findings.of_type(STATISTICS) if _is_of_transform(findings, one)]
    plots = readable(read_plots, folder) if folder else None
    anomalies = [readable(read_anomalies, Path(one.uri)) or [] for one in findings.of_type(ANOMALIES)]
    return Sources(
        model,
        trace,
        findings,
        judged,
        folder,
        bool(plots and (plots.roc or plots.calibration)),
        (readable(read_label, folder) if folder else None) or "",
        frozenset(one.id for one in measured),
        there[-1][1] if there else {},
        tuple(statistics for _, statistics in there),
        there[-1][0] if there else None,
        readable(read_unsplit_statistics, Path(transformed[-1].uri)) if transformed else None,
        tuple(readable(read_schema, Path(schema.uri)) or ()) if schema else (),
        _features(trace),
        tuple(dict.fromkeys(one for ones in anomalies for one in ones)),
    )


def readable(read: Callable[[Path], Contents], folder: Path) -> Contents | None:
    """What a folder holds; None where it was removed since, or is in a form of its own."""
    try:
        return read(folder)
    except (OSError, ValueError, ModuleNotFoundError):
        return None


def utc(time: datetime) -> str:
    """A time as a page has it that is read anywhere."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _model(trace: Trace) -> Artifact:
    models = [one for one in trace.graph.of_type(MODEL) if trace.graph.producer(one.id) or one.id in trace.starts]
    if not models:
        raise UnknownNameError(f"there is no model in {trace.title}", next_step="headrace runs show latest")
    own = [one for one in models if one.id in trace.starts]
    return (own or models)[-1]


def _evaluation(trace: Trace, model: Artifact, wanted: int | None) -> EvaluationFacts | None:
    own = [one for one in trace.evaluations if one.model == model.id]
    if wanted is None:
        return own[-1] if own else None
    for one in own:
        found = _output(trace.graph, one.execution, EVALUATION)
        if found and found.id == wanted:
            return one
    why = "the one that was given is of another model" if own else "none was recorded"
    raise UnknownNameError(f"ModelEvaluation {wanted} is no evaluation of Model {model.id}", why=why)


def _findings(store: MetadataStore, trace: Trace) -> Graph:
    reader = GraphReader(store)
    examples = [one.id for one in trace.graph.of_type(EXAMPLES)]
    reader.add_findings(examples, (STATISTICS,))
    statistics = [one.id for one in reader.artifacts() if one.type == STATISTICS]
    reader.add_findings(statistics, (ANOMALIES,))
    reader.add_findings(statistics, (DRIFT,))
    producers = [trace.graph.producer(one.id) for one in trace.graph.of_type(TRANSFORM)]
    reader.add_executions([one.id for one in producers if one])
    return reader.graph()


def _of_inputs(findings: Graph, trace: Trace) -> list[Artifact]:
    """The statistics of the data that came from outside."""
    inputs = {one.artifact for one in trace.inputs}
    found = []
    for one in findings.of_type(STATISTICS):
        producer = findings.producer(one.id)
        read = findings.inputs(producer.id) if producer else {}
        transforms = producer and any(made.type == TRANSFORM for made in _made(findings, producer))
        if not transforms and inputs & {artifact.id for artifacts in read.values() for artifact in artifacts}:
            found.append(one)
    return found


def _made(graph: Graph, execution: Execution) -> list[Artifact]:
    return [one for many in graph.outputs(execution.id).values() for one in many]


def _is_of_transform(findings: Graph, statistics: Artifact) -> bool:
    producer = findings.producer(statistics.id)
    made = findings.outputs(producer.id).get(_TRANSFORM_STATISTICS, []) if producer else []
    return statistics.id in {one.id for one in made}


def _output(graph: Graph, execution: int, kind: str) -> Artifact | None:
    return next((one for many in graph.outputs(execution).values() for one in many if one.type == kind), None)


def _features(trace: Trace) -> Features | None:
    try:
        return features_of(trace)
    except HeadraceError:  # none, or removed since
        return None
