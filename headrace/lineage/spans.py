"""Spans: what came of each span of the data, run after run."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.contents.metrics import EXAMPLE_COUNT, MEAN_LABEL, is_auc
from headrace.errors import UnknownNameError, UserError, typed
from headrace.lineage.evaluations import (
    BLESSING,
    EVALUATION,
    PUSHED,
    EvaluationFacts,
    Push,
    evaluation_of,
    overall,
    push_of,
    with_fairness,
)
from headrace.lineage.facts import run_facts
from headrace.lineage.input_data import EXAMPLES, rows_of
from headrace.lineage.shown import UNKNOWN, Section, Shown, text
from headrace.metadata.graph import GraphReader
from headrace.metadata.records import RESOLVING_TYPES, Artifact, Execution, Run
from headrace.metadata.store import MetadataStore

SPAN = "span"  # the RuntimeParameter that says which span a run is of
BLESSED, REJECTED, NOT_JUDGED = "blessed", "rejected", "not judged"
_DRIFT, _DRIFT_FILE, _NO_REFERENCE = "DriftReport", "drift.json", "no reference"
_INFRA = "InfraBlessing"
_NO_QUALITY = ("weighted_example_count", EXAMPLE_COUNT, MEAN_LABEL)  # metrics that are of the data alone


@dataclass(frozen=True)
class SpanFacts:
    """One span: what its run found. None is what was not recorded, or was not there to be found."""

    span: int
    run: str  # the newest that succeeded; the newest of all, where none did
    state: str | None  # how that run ended
    runs: int  # how many runs of the span there were
    rows: int | None  # of the span's own examples
    drifted: int | None  # features
    drifted_features: tuple[str, ...] | None
    model: int | None  # the candidate
    baseline: int | None  # the model that was live, and that it was compared with
    candidate_value: float | None  # of the metric, on all examples of the evaluation
    live_value: float | None
    verdict: str | None  # BLESSED, REJECTED, or NOT_JUDGED: no model was evaluated
    why: str  # of the verdict, and of what followed from it
    pushed: bool | None
    live: int | None  # the model that was live after the run
    live_span: int | None  # the span whose run made that model


@dataclass(frozen=True)
class Spans(Shown):
    """What came of each span of a pipeline, in order."""

    pipeline: str
    metric: str | None  # an AUC where the evaluations have one, else what has a threshold; None without an evaluation
    spans: tuple[SpanFacts, ...]

    def sections(self) -> list[Section]:
        """A table by span, then their runs and the reasons for the verdicts, then what drifted."""
        metric = self.metric or "metric"
        columns = ("span", "rows", "drift", metric, f"live {metric}", "verdict", "live after")
        title = f"{self.pipeline} by span, and which span's model was live after it"
        runs = tuple((str(one.span), _run_text(one), one.why) for one in self.spans)
        found = [
            Section(title, (), columns, tuple(map(_cells, self.spans))),
            Section("Runs, and why the verdict", (), ("span", "run", "why"), runs),
        ]
        drifted = [one for one in self.spans if one.drifted_features]
        if drifted:
            rows = tuple((str(one.span), ", ".join(one.drifted_features or ())) for one in drifted)
            found.append(Section("What drifted", (), ("span", "features"), rows))
        return found

    def rows(self) -> list[dict[str, object]]:
        """A row a span, a column a fact."""
        return [{"metric": self.metric, **vars(one)} for one in self.spans]


def spans_of(store: MetadataStore, pipeline: str) -> Spans:
    """What came of each span of a pipeline.

    Raises:
        UnknownNameError: nothing is recorded of the pipeline.
        UserError: none of its runs has a parameter `span`.
    """
    known = store.pipelines()
    if pipeline not in known:
        raise UnknownNameError.among("pipeline", pipeline, known, next_step="headrace runs list")
    runs = store.runs(pipeline)[::-1]
    spans = {run.id: span for run in runs if (span := _span(run)) is not None}
    if not spans:
        others = [one for one in known if any(_span(run) is not None for run in store.runs(one))]
        raise UserError(
            f"no run of {pipeline} is of a span",
            why=f"none was recorded with an integer RuntimeParameter {SPAN!r}",
            next_step=typed("headrace", "lineage", "spans", others[0])
            if others
            else typed("headrace", "runs", "list", "--pipeline", pipeline),
        )
    return _Reading(store, pipeline, [run for run in runs if run.id in spans], spans).spans()


class _Reading:
    """What is read once for all spans."""

    def __init__(self, store: MetadataStore, pipeline: str, runs: Sequence[Run], spans: Mapping[str, int]) -> None:
        self._pipeline, self._runs, self._spans = pipeline, runs, spans
        self._executions = store.executions_of(runs)
        self._chosen = {span: self._choose(span) for span in sorted(set(spans.values()))}
        reader = GraphReader(store)
        reader.add_executions(one.id for run in self._chosen.values() for one in self._executions[run.id])
        all_pushed = [one.id for one in store.artifacts(PUSHED) if one.properties.get("pushed")]
        reader.add_producers(all_pushed)
        models = {one.id for one in reader.artifacts() if one.type in ("Model", EXAMPLES)}
        reader.add_producers(models)
        self._graph, self._store = reader.graph(), store
        self._pushes = [push_of(self._graph.artifacts[one], self._graph) for one in all_pushed]

    def spans(self) -> Spans:
        found = {span: one for span, run in self._chosen.items() if (one := self._evaluation(run))}
        fair = with_fairness(found.values(), self._store)
        evaluations = dict.fromkeys(self._chosen) | dict(zip(found, fair, strict=True))
        metric = metric_of([one for one in evaluations.values() if one][::-1])
        facts = (self._facts(span, run, evaluations[span], metric) for span, run in self._chosen.items())
        return Spans(self._pipeline, metric, tuple(facts))

    def _choose(self, span: int) -> Run:
        its = [run for run in self._runs if self._spans[run.id] == span]
        succeeded = [run for run in its if self._state(run) == "succeeded"]
        return (succeeded or its)[-1]

    def _state(self, run: Run) -> str | None:
        return run_facts(run, self._executions[run.id]).state

    def _facts(self, span: int, run: Run, evaluation: EvaluationFacts | None, metric: str | None) -> SpanFacts:
        made = self._made(run)
        drifted, features = _drift(made)
        pushed = [bool(one.properties.get("pushed", 0)) for one in made if one.type == PUSHED]
        live = self._live_after(run)
        verdict = _verdict(evaluation, self._state(run))
        return SpanFacts(
            span,
            run.id,
            self._state(run),
            sum(one == span for one in self._spans.values()),
            self._rows(span, made),
            drifted,
            features,
            evaluation.model if evaluation else None,
            evaluation.baseline if evaluation else None,
            overall(evaluation.metrics).get(metric or "") if evaluation else None,
            overall(evaluation.baseline_metrics).get(metric or "") if evaluation else None,
            verdict,
            _why(evaluation, verdict, made, pushed),
            any(pushed) if pushed else None,
            live.model if live else None,
            self._span_of_model(live.model) if live and live.model is not None else None,
        )

    def _made(self, run: Run) -> list[Artifact]:
        """What the run's nodes made or took from the cache."""
        outputs = (self._graph.outputs(one.id) for one in self._executions[run.id] if _works(one))
        return [one for by_key in outputs for artifacts in by_key.values() for one in artifacts]

    def _rows(self, span: int, made: Iterable[Artifact]) -> int | None:
        """Of the examples of the span that came from outside the pipeline."""
        for one in made:
            producer = self._graph.producer(one.id) if one.type == EXAMPLES else None
            if producer and not self._graph.inputs(producer.id) and str(one.properties.get(SPAN, "")) == str(span):
                return sum(rows_of(one, self._graph).values()) or None
        return None

    def _evaluation(self, run: Run) -> EvaluationFacts | None:
        """The last evaluation in the run that came to a verdict; without a verdict, the last."""
        kinds = {
            one.id: {artifact.type for artifacts in self._graph.outputs(one.id).values() for artifact in artifacts}
            for one in self._executions[run.id]
            if _works(one)
        }
        judging = [one for one in self._executions[run.id] if BLESSING in kinds.get(one.id, ())]
        measuring = [one for one in self._executions[run.id] if EVALUATION in kinds.get(one.id, ())]
        found = (judging or measuring)[-1:]
        return evaluation_of(found[0], self._graph) if found else None

    def _live_after(self, run: Run) -> Push | None:
        """What the pipeline had pushed last when the run ended."""
        end = max((one.ended for one in self._executions[run.id]), default=run.started)
        producers = {one.artifact: self._graph.producer(one.artifact) for one in self._pushes}
        own = [one for one in self._pushes if (made := producers[one.artifact]) and made.pipeline == self._pipeline]
        return next((one for one in reversed(own) if one.time <= end), None)

    def _span_of_model(self, model: int) -> int | None:
        producer = self._graph.producer(model)
        return self._spans.get(producer.run) if producer else None


def metric_of(evaluations: Iterable[EvaluationFacts]) -> str | None:
    """The metric that says most of how good models are: an AUC, or else one with a threshold, or else the first.

    Args:
        evaluations: the first that can be read decides.
    """
    for one in evaluations:
        names = [name for name in sorted(overall(one.metrics)) if name not in _NO_QUALITY]
        asked = {_plain(threshold.split()[0]) for threshold in one.thresholds}
        ordered = [*filter(is_auc, names), *(name for name in names if _plain(name) in asked), *names]
        if ordered:
            return ordered[0]
    return None


def _plain(name: str) -> str:
    """A metric's name and its class' are the same then: "binary_accuracy" and "BinaryAccuracy"."""
    return name.lower().replace("_", "")


def _span(run: Run) -> int | None:
    span = (run_facts(run, ()).parameters or {}).get(SPAN)
    return span if isinstance(span, int) else None


def _works(execution: Execution) -> bool:
    """Its outputs are the run's: those of a resolver are what others made."""
    return execution.state.succeeded and execution.type not in RESOLVING_TYPES


def _drift(made: Iterable[Artifact]) -> tuple[int | None, tuple[str, ...] | None]:
    for report in made:
        if report.type == _DRIFT and report.properties.get("verdict") != _NO_REFERENCE:
            count = report.properties.get("drifted")
            try:
                features = json.loads((Path(report.uri) / _DRIFT_FILE).read_text(encoding="utf-8")).get("drifted")
            except (OSError, ValueError):  # removed since, or in a form of its own
                features = None
            named = tuple(map(str, features)) if isinstance(features, list) else None
            return (None if count is None else int(count)), named
    return None, None


def _verdict(evaluation: EvaluationFacts | None, state: str | None) -> str | None:
    if evaluation is None:
        return NOT_JUDGED if state == "succeeded" else None
    return None if evaluation.blessed is None else BLESSED if evaluation.blessed else REJECTED


def _why(
    evaluation: EvaluationFacts | None, verdict: str | None, made: Sequence[Artifact], pushed: Sequence[bool]
) -> str:
    if evaluation is None:
        return "no model was evaluated" if verdict == NOT_JUDGED else ""
    if verdict == BLESSED and pushed and not any(pushed):
        infra = any(one.type == _INFRA and not one.properties.get("blessed", 0) for one in made)
        return f"{evaluation.verdict}; not pushed{': it failed its infrastructure check' if infra else ''}"
    return evaluation.verdict


def _cells(one: SpanFacts) -> tuple[str, ...]:
    return (
        str(one.span),
        UNKNOWN if one.rows is None else f"{one.rows:,}",
        UNKNOWN if one.drifted is None else str(one.drifted),
        _value(one.candidate_value, one.model is not None),
        _value(one.live_value, one.baseline is not None),
        _verdict_text(one),
        _live_text(one),
    )


def _value(value: float | None, expected: bool) -> str:
    """None is unknown where there was a model to measure, and nothing where there was none."""
    return f"{value:.4f}" if value is not None else UNKNOWN if expected else "none"


def _run_text(one: SpanFacts) -> str:
    return one.run if one.state == "succeeded" else f"{one.run} ({text(one.state)})"


def _verdict_text(one: SpanFacts) -> str:
    if one.verdict is None:
        return UNKNOWN
    return f"{one.verdict}, not pushed" if one.verdict == BLESSED and one.pushed is False else one.verdict


def _live_text(one: SpanFacts) -> str:
    if one.live is None:
        return "nothing"
    return f"Model {one.live}" if one.live_span is None else f"span {one.live_span}"
