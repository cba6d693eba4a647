"""Which model a candidate is compared with, as a strategy of TFX's Resolver."""

from typing import Any

from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import LatestBlessedModelStrategy
from tfx.types import Artifact

from headrace.lineage.evaluations import baseline_of
from headrace.metadata import MetadataStore

ArtifactMap = dict[str, list[Artifact]]
CANDIDATE, MODEL, BLESSING = "candidate", "model", "model_blessing"


class BaselineStrategy(ResolverStrategy):
    """Resolves `model` to the one that was blessed last; if that is the candidate, to what this was judged against.

    So where nothing has changed and the candidate comes from the cache, its verdict does as well: it is not compared
    with itself, blessed for that, and pushed once more.
    """

    def resolve_artifacts(self, store: Any, input_dict: ArtifactMap) -> ArtifactMap:
        """Chooses.

        Args:
            store: ML Metadata's, which knows what an Evaluator was given.
            input_dict: `candidate`; `model` and `model_blessing`, all of the pipeline's.
        """
        candidates = input_dict[CANDIDATE]
        every = {name: list(input_dict[name]) for name in (MODEL, BLESSING)}
        found: ArtifactMap = LatestBlessedModelStrategy().resolve_artifacts(store, every)
        if found[MODEL] and found[MODEL][0].id in {one.id for one in candidates}:
            judged_against = baseline_of(MetadataStore(store), found[BLESSING][0].id)
            found[MODEL] = [one for one in input_dict[MODEL] if one.id == judged_against]
        return {CANDIDATE: candidates, **found}
