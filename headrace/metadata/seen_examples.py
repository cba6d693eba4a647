"""Whether a baseline has learned from what it and a candidate were compared on, and the candidate has not."""

from collections.abc import Iterable, Sequence

from headrace.metadata.graph import COMPARED_WITH, IMPLICIT, Graph, GraphReader
from headrace.metadata.records import Artifact
from headrace.metadata.store import MetadataStore

_EXAMPLES = "Examples"


def seen_by_baselines(store: MetadataStore, evaluators: Iterable[int]) -> dict[int, tuple[Artifact, ...]]:
    """By execution of an Evaluator: the examples that the baseline came from and the candidate did not.

    So it is where a model is made for an older span than that of the model which is live: the comparison is unfair.
    Executions of which that cannot be said are left out.
    """
    ids = list(evaluators)
    reader, past = GraphReader(store), GraphReader(store)
    reader.add_executions(ids)
    read = reader.graph(named=False)
    models = [one.id for it in ids for key in ("model", "baseline_model") for one in read.inputs(it).get(key, [])]
    past.add_upstream(models)
    graph = past.graph(models, named=False)
    found = {}
    for it in ids:
        inputs = read.inputs(it)
        known, own = (_examples_of(inputs.get(key, []), graph) for key in ("baseline_model", "model"))
        seen = [one for one in inputs.get("examples", []) if _is_among(one, known) and not _is_among(one, own)]
        if seen:
            found[it] = tuple(seen)
    return found


def seen_text(seen: Sequence[Artifact]) -> str:
    """That the baseline has seen some examples, in words; empty where it has seen none."""
    if not seen:
        return ""
    spans = sorted({str(span) for one in seen if (span := _span(one))})
    which = f"span {', '.join(spans)}" if spans else f"{_EXAMPLES} {', '.join(str(one.id) for one in seen)}"
    return f"the model it was compared with has learned from these examples ({which}), and it has not"


def _examples_of(models: Sequence[Artifact], graph: Graph) -> list[Artifact]:
    """All examples that some models were made from."""
    seen: dict[int, Artifact] = {}
    front = list(models)
    while front:
        one = front.pop()
        if one.id not in seen:
            seen[one.id] = one
            maker = graph.producer(one.id)
            for key, read in graph.inputs(maker.id).items() if maker else ():
                if key not in COMPARED_WITH and not key.startswith(IMPLICIT):
                    front += read
    return [one for one in seen.values() if one.type == _EXAMPLES]


def _is_among(examples: Artifact, others: Iterable[Artifact]) -> bool:
    """Itself, or what was read of the same span at another time."""
    span = _span(examples)
    return any(one.id == examples.id or (span and _span(one) == span) for one in others)


def _span(examples: Artifact) -> str:
    """Empty where the data come in none, for which TFX has 0."""
    span = str(examples.properties.get("span", ""))
    return "" if span == "0" else span
