"""Live: the model that is pushed now, what it replaced, and what was rejected since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from headrace.errors import UnknownNameError
from headrace.lineage.evaluations import BLESSING, EVALUATION, PUSHED, EvaluationFacts, Push, evaluations_of, push_of
from headrace.lineage.serving_checks import INFRA_BLESSING, ServingVerdict, serving_verdicts_of
from headrace.lineage.shown import UNKNOWN, Section, Shown, text, when
from headrace.metadata.graph import Graph, GraphReader
from headrace.metadata.records import Artifact
from headrace.metadata.store import MetadataStore

Verdict = TypeVar("Verdict", EvaluationFacts, ServingVerdict)
MOST_REJECTED = 100  # of the newest, that are looked into
_REJECTED_SHOWN = 20


@dataclass(frozen=True)
class Rejection:
    """A model that was not pushed, and why."""

    push: Push
    reason: str


@dataclass(frozen=True)
class LiveModel(Shown):
    """What is pushed to one place."""

    place: str  # the folder that models are pushed below
    push: Push
    replaced: Push | None  # what was pushed there before
    evaluations: tuple[EvaluationFacts, ...]  # of the live model, that let it be pushed
    serving_checks: tuple[ServingVerdict, ...]  # the same, of whether it can be served
    rejected: tuple[Rejection, ...]  # since then, the newest first; at most MOST_REJECTED

    def sections(self) -> list[Section]:
        """What is live, and what was rejected since."""
        one = self.push
        gone = "" if one.present else "; the folder is gone"
        lines = [
            f"Model {text(one.model)} of run {one.run or UNKNOWN} is live in {one.destination}, "
            f"since {when(one.time)}{gone}"
        ]
        lines += [evaluation.verdict for evaluation in self.evaluations]
        lines += [check.verdict for check in self.serving_checks]
        before = self.replaced
        lines.append(
            "it replaced nothing"
            if before is None
            else f"it replaced Model {text(before.model)} of run {before.run or UNKNOWN}, "
            f"live from {when(before.time)}, in {before.destination}"
        )
        if not self.rejected:
            lines.append("nothing was rejected since")
        rows = [
            (when(each.push.time), text(each.push.model), each.push.run or UNKNOWN, each.reason)
            for each in self.rejected[:_REJECTED_SHOWN]
        ]
        found = [Section(self.place, tuple(lines))]
        if rows:
            more = len(self.rejected) - len(rows)
            words = (f"and {more} before these",) if more else ()
            found.append(Section("Rejected since", words, ("when", "model", "run", "why"), tuple(rows)))
        return found

    def rows(self) -> list[dict[str, object]]:
        """A row a model: the live one, then those that were rejected since."""
        models = [(self.push, "live", ""), *((one.push, "rejected", one.reason) for one in self.rejected)]
        return [
            {"model": push.model, "run": push.run, "time": push.time, "state": state, "reason": reason}
            for push, state, reason in models
        ]


def live_models(store: MetadataStore, pipeline: str) -> list[LiveModel]:
    """What is live of a pipeline, by the place it is pushed to; empty where nothing was ever pushed.

    Raises:
        UnknownNameError: nothing is recorded of the pipeline.
    """
    known = store.pipelines()
    if pipeline not in known:
        raise UnknownNameError.among("pipeline", pipeline, known, next_step="headrace runs list")
    all_pushed = store.artifacts(PUSHED)
    found = []
    for place, its in places_of(all_pushed).items():
        since = [one for one in all_pushed if one.id > its[-1].id and not one.properties.get("pushed")]
        if live := _live(store, pipeline, place, its[-2:], since[-MOST_REJECTED:]):
            found.append(live)
    return found


def places_of(pushed: Iterable[Artifact]) -> dict[str, list[Artifact]]:
    """What was pushed, in order, by the folder it was pushed below; the last one there is live, as servers have it."""
    found: dict[str, list[Artifact]] = {}
    for one in pushed:
        if one.properties.get("pushed") and (destination := one.properties.get("pushed_destination")):
            found.setdefault(str(Path(str(destination)).parent), []).append(one)
    return found


def _live(
    store: MetadataStore, pipeline: str, place: str, pushed: Sequence[Artifact], since: Sequence[Artifact]
) -> LiveModel | None:
    """What is live in a place; None if another pipeline pushed it."""
    reader = GraphReader(store)
    reader.add_producers([one.id for one in (*pushed, *since)])
    graph = reader.graph()
    pushes = [push_of(one, graph) for one in pushed]
    if not _is_of(graph, pushes[-1].artifact, pipeline):
        return None
    unpushed = [push_of(one, graph) for one in reversed(since) if _is_of(graph, one.id, pipeline)]
    findings = _findings(store, [pushes[-1], *unpushed])
    evaluations, served = evaluations_of(findings, store), serving_verdicts_of(findings)
    rejected = tuple(Rejection(one, _reason(one, evaluations, served)) for one in unpushed)
    live = pushes[-1]
    return LiveModel(
        place,
        live,
        pushes[-2] if len(pushes) > 1 else None,
        tuple(_of_push(live, evaluations)),
        tuple(_of_push(live, served)),
        rejected,
    )


def _is_of(graph: Graph, artifact: int, pipeline: str) -> bool:
    producer = graph.producer(artifact)
    return producer is not None and producer.pipeline == pipeline


def _findings(store: MetadataStore, pushes: Sequence[Push]) -> Graph:
    reader = GraphReader(store)
    models = [one.model for one in pushes if one.model is not None]
    reader.add_findings(models, (EVALUATION, BLESSING, INFRA_BLESSING))
    return reader.graph()


def _of_push(push: Push, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that decided about a push: those of its run; the last before, where it was cached there."""
    own = [one for one in verdicts if one.model == push.model]
    return [one for one in own if one.run == push.run] or [one for one in own if one.evaluated <= push.time][-1:]


def _reason(push: Push, evaluations: Sequence[EvaluationFacts], served: Sequence[ServingVerdict]) -> str:
    found: list[EvaluationFacts | ServingVerdict] = [*_of_push(push, evaluations)[-1:], *_of_push(push, served)[-1:]]
    said = [one for one in found if one.blessed is False] or found
    return "; ".join(one.verdict for one in said) or f"{UNKNOWN}: no evaluation of it was recorded"
