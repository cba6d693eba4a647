"""The window of spans that a model learns from, as a strategy of TFX's Resolver."""

from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import Artifact

from components.span_backfill.spans import Span, read_in
from headrace.errors import InputDataError

ArtifactMap = dict[str, list[Artifact]]


class SpanWindowStrategy(ResolverStrategy):
    """Resolves `window` to the last spans before the newest, and `previous` to the last one.

    `spans` says which spans these are and in which version: a run for an older span sees what it would have
    seen then, however many later ones were read meanwhile. A node gets the window in the order in which its
    spans were read.
    """

    def __init__(self, length: int | None = None) -> None:
        """Takes how many spans the window has at the most; None for all."""
        self._length = length

    def resolve_artifacts(self, store: object, input_dict: ArtifactMap) -> ArtifactMap:
        """Chooses.

        Args:
            store: is not needed.
            input_dict: `spans`, SpanBackfill's output; `window` and `previous`, all examples that it may be.

        Raises:
            InputDataError: one of the spans is not among the examples.
        """
        [listed] = input_dict["spans"]
        before = [Span(**values) for values in listed.read()]
        last = before[-self._length :] if self._length else before
        window = [_examples(span, input_dict["window"]) for span in last]
        return {"spans": [listed], "window": window, "previous": window[-1:]}


def _examples(span: Span, examples: list[Artifact]) -> Artifact:
    found = read_in(span, examples)
    if found is None:
        raise InputDataError(f"the span {span.number} is not there", why="the run that read it has lost its examples")
    return found
