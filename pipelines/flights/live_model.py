"""Which model is live, as a strategy of TFX's Resolver."""

from typing import Any

from tfx.components.pusher.executor import _PUSHED_DESTINATION_KEY, _PUSHED_KEY
from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.dsl.io import fileio
from tfx.types import Artifact

from headrace.lineage.evaluations import baseline_of
from headrace.metadata import MetadataStore

ArtifactMap = dict[str, list[Artifact]]
CANDIDATE, MODEL, PUSHED = "candidate", "model", "pushed_model"


class LiveModelStrategy(ResolverStrategy):
    """Resolves `model` to the one that was pushed last and is still where it was pushed to; to none if none is.

    TFX's LatestBlessedModelStrategy goes by what Evaluator says: a blessed model that another check kept
    from being pushed would count as live.

    With `candidate`, a model that is to be compared with the live one and may be it, as where nothing has changed since
    it was pushed: then it is compared with what it was compared with then, so that its verdict comes from the cache as
    well, and it is not pushed once more for being as good as itself.
    """

    def resolve_artifacts(self, store: Any, input_dict: ArtifactMap) -> ArtifactMap:
        """Chooses.

        Args:
            store: ML Metadata's, which knows what a Pusher was given.
            input_dict: `model` and `pushed_model`, all of the pipeline's; `candidate`, if there is one.
        """
        candidates = {CANDIDATE: input_dict[CANDIDATE]} if CANDIDATE in input_dict else {}
        pushed = [one for one in input_dict[PUSHED] if _is_there(one)]
        if not pushed:
            return {**candidates, MODEL: [], PUSHED: []}
        newest = max(pushed, key=lambda one: int(one.id))
        events = store.get_events_by_artifact_ids([newest.id])
        pusher = min(event.execution_id for event in events if event.type == event.OUTPUT)  # others took its push over
        given = {event.artifact_id for event in store.get_events_by_execution_ids([pusher])}
        live = [one for one in input_dict[MODEL] if one.id in given]
        if {one.id for one in live} & {one.id for many in candidates.values() for one in many}:
            judged = {baseline_of(MetadataStore(store), one) for one in given}  # of its blessings, one has a baseline
            live = [one for one in input_dict[MODEL] if one.id in judged]
        return {**candidates, MODEL: live, PUSHED: [newest]}


def _is_there(pushed: Artifact) -> bool:
    """It was pushed, and nobody took it away since, as to roll it back."""
    place = pushed.get_string_custom_property(_PUSHED_DESTINATION_KEY)
    return bool(pushed.get_int_custom_property(_PUSHED_KEY)) and bool(fileio.exists(place))
