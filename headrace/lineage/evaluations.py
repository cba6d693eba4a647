"""How models were judged: metrics by slice, the verdict, and what kept a model from its blessing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from headrace.contents.evaluation import CONFIG_FILE, Findings, read_findings
from headrace.contents.metrics import OVERALL, Metrics, Slice, slice_text
from headrace.contents.validation import Check
from headrace.contents.verdict import outcome_text
from headrace.metadata.graph import Graph, GraphReader
from headrace.metadata.records import Artifact, Execution
from headrace.metadata.seen_examples import seen_by_baselines, seen_text
from headrace.metadata.store import MetadataStore

EVALUATION, BLESSING, PUSHED = "ModelEvaluation", "ModelBlessing", "PushedModel"
_WORDS = {"lowerBound": "at least", "upperBound": "at most"}


@dataclass(frozen=True)
class EvaluationFacts:
    """One evaluation of a model."""

    execution: int
    run: str
    evaluated: datetime
    model: int | None
    baseline: int | None  # the model it was compared with; None where there was none
    blessed: bool | None  # None where no verdict was recorded
    metrics: Mapping[Slice, Metrics] | None  # () is all examples; None where they cannot be read any more
    baseline_metrics: Mapping[Slice, Metrics] = field(default_factory=dict)
    failures: tuple[Check, ...] | None = None  # the thresholds that did not hold; None where they cannot be read
    thresholds: tuple[str, ...] = ()  # that were asked for, in the words of the evaluation's configuration
    unreadable: str = ""  # why there are no metrics
    unfair: str = ""  # that the baseline has learned from the examples, and the candidate has not; in words

    @property
    def verdict(self) -> str:
        """The verdict and its reasons, in a line."""
        return f"{self._verdict}; {self.unfair}" if self.unfair else self._verdict

    @property
    def _verdict(self) -> str:
        if self.blessed is None:
            return "no verdict was recorded"
        if self.blessed:
            held = f"all thresholds held: {'; '.join(self.thresholds)}" if self.thresholds else "no threshold was set"
            return f"blessed: {held}"
        if self.failures is None:
            return f"not blessed, for reasons that cannot be read any more ({self.unreadable})"
        return f"not blessed: {'; '.join(map(failure_text, self.failures)) or 'no reason was recorded'}"


@dataclass(frozen=True)
class Push:
    """A Pusher's decision about a model."""

    artifact: int
    run: str
    time: datetime
    model: int | None
    pushed: bool
    destination: str | None  # the folder, where it was pushed

    @property
    def present(self) -> bool:
        """The folder it was pushed to is still there."""
        return self.destination is not None and Path(self.destination).exists()


def evaluations_of(graph: Graph, store: MetadataStore | None = None) -> list[EvaluationFacts]:
    """The evaluations in a graph, in the order they were made; with the store, also whether they were fair."""
    executions = [graph.producer(one.id) for one in graph.of_type(EVALUATION, BLESSING)]
    by_id = {one.id: one for one in executions if one}
    found = [evaluation_of(execution, graph) for _, execution in sorted(by_id.items())]
    return with_fairness(found, store) if store else found


def with_fairness(evaluations: Iterable[EvaluationFacts], store: MetadataStore) -> list[EvaluationFacts]:
    """The same evaluations; where a baseline had learned from the examples, they say so."""
    found = list(evaluations)
    compared = [one.execution for one in found if one.baseline not in (None, one.model)]
    seen = seen_by_baselines(store, compared) if compared else {}
    return [replace(one, unfair=seen_text(seen.get(one.execution, ()))) for one in found]


def pushes_of(graph: Graph) -> list[Push]:
    """The decisions of Pushers in a graph, in the order they were made."""
    return [push_of(one, graph) for one in graph.of_type(PUSHED)]


def push_of(artifact: Artifact, graph: Graph) -> Push:
    """What became of a model that a Pusher was given."""
    execution = graph.producer(artifact.id)
    models = graph.inputs(execution.id).get("model", []) if execution else []
    pushed = bool(artifact.properties.get("pushed", 0))
    destination = str(artifact.properties.get("pushed_destination", "")) if pushed else ""
    return Push(
        artifact.id,
        execution.run if execution else "",
        artifact.created,
        models[0].id if models else None,
        pushed,
        destination or None,
    )


def baseline_of(store: MetadataStore, blessing: int) -> int | None:
    """The model that the one was compared with of which a blessing is; None if with none."""
    reader = GraphReader(store)
    reader.add_producers([blessing])
    graph = reader.graph(named=False)
    evaluator = graph.producer(blessing)
    baselines = graph.inputs(evaluator.id).get("baseline_model", []) if evaluator else []
    return baselines[0].id if baselines else None


def failure_text(check: Check) -> str:
    """A threshold that did not hold, in words."""
    return f"{slice_text(check.slice)}: {outcome_text(check)}"


def overall(metrics: Mapping[Slice, Metrics] | None) -> dict[str, float]:
    """The metrics over all examples that have a value."""
    return {name: value for name, value in (metrics or {}).get(OVERALL, {}).items() if value is not None}


def evaluation_of(execution: Execution, graph: Graph) -> EvaluationFacts:
    """What an execution found of a model, or took from the cache."""
    inputs, outputs = graph.inputs(execution.id), graph.outputs(execution.id)
    made = [one for many in outputs.values() for one in many]
    evaluation = next((one for one in made if one.type == EVALUATION), None)
    blessing = next((one for one in made if one.type == BLESSING), None)
    found, why = _findings(evaluation)
    models, baselines = inputs.get("model", []), inputs.get("baseline_model", [])
    if not baselines and found and found.baseline:
        baselines = models  # itself: ML Metadata keeps one event of what was read twice
    verdict = blessing.properties.get("blessed") if blessing else None
    return EvaluationFacts(
        execution.id,
        execution.run,
        execution.ended,
        models[0].id if models else None,
        baselines[0].id if baselines else None,
        None if verdict is None else bool(verdict),
        found.metrics if found else None,
        found.baseline if found else {},
        found.failures if found else None,
        _thresholds(Path(evaluation.uri)) if evaluation and found else (),
        why,
    )


def _findings(evaluation: Artifact | None) -> tuple[Findings | None, str]:
    if evaluation is None:
        return None, "no evaluation was recorded"
    try:
        return read_findings(Path(evaluation.uri)), ""
    except (OSError, ValueError, ModuleNotFoundError) as error:
        return None, str(error)


def _thresholds(folder: Path) -> tuple[str, ...]:
    config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8")).get("evalConfig", {})
    found: dict[str, None] = {}
    for spec in config.get("metricsSpecs", []):
        for metric in spec.get("metrics", []):
            asked = [("", metric.get("threshold", {}))]
            asked += [(_slices(one), one.get("threshold", {})) for one in metric.get("perSliceThresholds", [])]
            for where, threshold in asked:
                found |= dict.fromkeys(f"{metric.get('className', '')}{where} {bound}" for bound in _bounds(threshold))
        for name, threshold in spec.get("thresholds", {}).items():
            found |= dict.fromkeys(f"{name} {bound}" for bound in _bounds(threshold))
    return tuple(found)


def _slices(threshold: Mapping[str, object]) -> str:
    specs = threshold.get("slicingSpecs", [])
    return "" if specs in ([], [{}]) else f" in slices {json.dumps(specs)}"


def _bounds(threshold: Mapping[str, Mapping[str, object]]) -> list[str]:
    value, change = threshold.get("valueThreshold", {}), threshold.get("changeThreshold", {})
    bounds = [f"{words} {value[name]}" for name, words in _WORDS.items() if name in value]
    least = "at most" if change.get("direction") == "LOWER_IS_BETTER" else "at least"
    return bounds + [f"{name} change {least} {change[name]}" for name in ("absolute", "relative") if name in change]
