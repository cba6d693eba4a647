"""Which statistics a span is compared with: TFX resolver strategies, for `Resolver(strategy_class=...)`.

Both look at all statistics that the pipeline has made and choose among them. They find none in a first
run, and then resolve to nothing, as TFX's LatestBlessedModelStrategy does.
"""

from typing import Any

from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import Artifact

from headrace.metadata import MetadataStore
from headrace.metadata.graph import GraphReader

ArtifactMap = dict[str, list[Artifact]]

CANDIDATES, CURRENT, MODEL = "statistics", "current", "model"


def examples_of(store: MetadataStore, model: int) -> set[int]:
    """The ids of the examples that a model was made from, those that its examples were made from included."""
    history = GraphReader(store)
    # Where a condition decides whether to train, it has read other data as well: it is not what was trained on.
    history.add_upstream([model], inputs_only=True)
    return {one.id for one in history.artifacts() if one.type == "Examples"}


class PreviousSpans(ResolverStrategy):
    """The statistics of the spans before the current one: the previous span, or a window of several.

    Takes the inputs `statistics`, all there are, and `current`, those of the span; resolves `statistics`, one
    artifact a span, the newest, by span.
    """

    def __init__(self, count: int = 1) -> None:
        """Takes how many spans, at most."""
        self._count = count

    def resolve_artifacts(self, store: Any, input_dict: ArtifactMap) -> ArtifactMap:
        """Chooses; see ResolverStrategy."""
        now = max((one.span for one in input_dict[CURRENT]), default=0)
        of_span = {one.span: one for one in sorted(input_dict[CANDIDATES], key=lambda one: one.id) if one.span < now}
        chosen = sorted(of_span)[-self._count :]
        return {CANDIDATES: [of_span[span] for span in chosen], CURRENT: input_dict[CURRENT]}


class TrainedOn(ResolverStrategy):
    """The statistics of the examples that a model was trained on.

    Takes the inputs `statistics`, all there are, and `model`, the models in question, of which the newest counts: what
    a Resolver with LatestBlessedModelStrategy found, or all that were pushed (`Channel(type=PushedModel)`).
    """

    def resolve_artifacts(self, store: Any, input_dict: ArtifactMap) -> ArtifactMap:
        """Chooses; see ResolverStrategy."""
        model = max(input_dict[MODEL], key=lambda one: one.id, default=None)
        if model is None:
            return {CANDIDATES: [], MODEL: []}
        records = MetadataStore(store)
        trained_on = examples_of(records, model.id)
        made = GraphReader(records)
        made.add_producers([one.id for one in input_dict[CANDIDATES]])
        graph = made.graph(named=False)
        newest: dict[tuple[int, ...], Artifact] = {}  # examples whose statistics were made anew have several
        for one in sorted(input_dict[CANDIDATES], key=lambda one: one.id):
            producer = graph.producer(one.id)
            read = graph.inputs(producer.id).get("examples", []) if producer else []
            if read and {each.id for each in read} <= trained_on:
                newest[tuple(each.id for each in read)] = one
        return {CANDIDATES: list(newest.values()), MODEL: [model]}
