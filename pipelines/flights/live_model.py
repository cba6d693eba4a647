"""Which model is live, as a strategy of TFX's Resolver."""

from typing import Any

from tfx.components.pusher.executor import _PUSHED_KEY
from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import Artifact

ArtifactMap = dict[str, list[Artifact]]


class LiveModelStrategy(ResolverStrategy):
    """Resolves `model` to the one that was pushed last; to none if none was.

    TFX's LatestBlessedModelStrategy goes by what Evaluator says: a blessed model that another check kept
    from being pushed would count as live.
    """

    def resolve_artifacts(self, store: Any, input_dict: ArtifactMap) -> ArtifactMap:
        """Chooses.

        Args:
            store: ML Metadata's, which knows what a Pusher was given.
            input_dict: `model` and `pushed_model`, all of the pipeline's.
        """
        pushed = [one for one in input_dict["pushed_model"] if one.get_int_custom_property(_PUSHED_KEY)]
        if not pushed:
            return {"model": [], "pushed_model": []}
        newest = max(pushed, key=lambda one: int(one.id))
        events = store.get_events_by_artifact_ids([newest.id])
        pushes = [event.execution_id for event in events if event.type == event.OUTPUT]
        given = {event.artifact_id for event in store.get_events_by_execution_ids(pushes)}
        return {"model": [one for one in input_dict["model"] if one.id in given], "pushed_model": [newest]}
