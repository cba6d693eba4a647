"""Columns: which models would feel a change of a raw column."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headrace.contents.transform_graph import TransformedFeature, read_transform_graph
from headrace.errors import UnknownNameError
from headrace.lineage.evaluations import PUSHED, pushes_of
from headrace.lineage.features import model_inputs
from headrace.lineage.live import places_of
from headrace.lineage.shown import UNKNOWN, Section, Shown, text
from headrace.lineage.trace import MODEL, TRANSFORM
from headrace.metadata.graph import GraphReader
from headrace.metadata.store import MetadataStore

MOST_MODELS = 50  # of the newest, that are looked into


@dataclass(frozen=True)
class FeelingModel:
    """A model whose transform graph makes features of the column."""

    model: int
    run: str
    features: tuple[str, ...]  # those made of the column
    feels: bool | None  # its predictions depend on one of them; None where that is not known
    live: tuple[str, ...]  # the folders in which it is live


@dataclass(frozen=True)
class ColumnImpact(Shown):
    """The models that would feel a change of a raw column, the newest first."""

    column: str
    models: tuple[FeelingModel, ...]
    unreadable: int  # transform graphs that cannot be read any more: their models are not among these

    def rows(self) -> list[dict[str, object]]:
        """A row a model."""
        return [
            {
                "model": one.model,
                "run": one.run,
                "features": ", ".join(one.features),
                "feels": one.feels,
                "live": ", ".join(one.live),
            }
            for one in self.models
        ]

    def sections(self) -> list[Section]:
        """A table of models."""
        lines = []
        if self.unreadable:
            lines.append(f"{self.unreadable} transform graphs cannot be read any more: of their models it is {UNKNOWN}")
        rows = tuple(
            (str(one.model), one.run or UNKNOWN, ", ".join(one.features), text(one.feels), ", ".join(one.live))
            for one in self.models
        )
        return [
            Section(f"column {self.column}", tuple(lines), ("model", "run", "features", "feels it", "live in"), rows)
        ]


def column_impact_of(store: MetadataStore, column: str) -> ColumnImpact:
    """The models, MOST_MODELS of the newest at most, that would feel a change of a raw column.

    Raises:
        UnknownNameError: no transform graph that can be read takes it.
    """
    made: dict[int, list[TransformedFeature]] = {}
    graphs = store.artifacts(TRANSFORM)
    for graph in graphs:
        try:
            made[graph.id] = read_transform_graph(Path(graph.uri))
        except (OSError, ValueError, ModuleNotFoundError):  # removed since, or of TensorFlow 1
            continue
    known = {name for features in made.values() for one in features for name in one.columns}
    if column not in known:
        raise UnknownNameError.among("raw column", column, known, next_step="headrace lineage features")
    models = [
        one
        for graph_id, features in made.items()
        if any(column in feature.columns for feature in features)
        for one in _models(store, graph_id, features, column)
    ]
    models.sort(key=lambda one: -one.model)
    return ColumnImpact(column, tuple(models[:MOST_MODELS]), len(graphs) - len(made))


def _models(
    store: MetadataStore, graph_id: int, features: list[TransformedFeature], column: str
) -> Iterator[FeelingModel]:
    """The models made with a transform graph."""
    reader = GraphReader(store)
    reader.add_downstream([graph_id])
    graph = reader.graph([graph_id])
    pushes = [push for push in pushes_of(graph) if push.destination]
    live = {its[-1].id for its in places_of(store.artifacts(PUSHED)).values()}
    places = [index for index, feature in enumerate(features) if column in feature.columns]
    for model in graph.of_type(MODEL)[-MOST_MODELS:]:
        its = [push for push in pushes if push.model == model.id]
        folders = [Path(graph.artifacts[push.artifact].uri) for push in its]
        inputs = model_inputs(model, folders, len(features))
        producer = graph.producer(model.id)
        yield FeelingModel(
            model.id,
            producer.run if producer else "",
            tuple(features[place].name for place in places),
            None if inputs is None else any(place in inputs for place in places),
            tuple(str(push.destination) for push in its if push.artifact in live),
        )
