"""Impact: what was made from a file, a span, a schema, a transform graph, and which of it is live."""

import fnmatch
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from headrace.errors import UnknownNameError
from headrace.lineage.evaluations import PUSHED, Push, pushes_of
from headrace.lineage.finding import artifact_at
from headrace.lineage.input_data import EXAMPLES, InputData, input_data
from headrace.lineage.live import places_of
from headrace.lineage.shown import UNKNOWN, Section, Shown, plain, text, when
from headrace.lineage.trace import MODEL
from headrace.metadata.graph import Graph, GraphReader
from headrace.metadata.records import Artifact
from headrace.metadata.store import MetadataStore

_SHOWN = 20


@dataclass(frozen=True)
class MadeModel:
    """A model that something went into."""

    artifact: int
    uri: str
    run: str
    node: str
    made: str  # when, ISO 8601
    pushes: tuple[Push, ...]
    live: tuple[str, ...]  # the folders in which it is live


@dataclass(frozen=True)
class Impact(Shown):
    """What was made from something."""

    subject: str  # the file, or the artifact
    starts: tuple[int, ...]  # the artifacts whose future this is
    graph: Graph = field(repr=False)  # the records, as a page would draw them
    models: tuple[MadeModel, ...]  # the newest first
    artifacts: tuple[tuple[str, int], ...]  # how many of each type were made
    caveat: str = ""  # what is not certain about it

    @property
    def live(self) -> tuple[MadeModel, ...]:
        """The models among them that are live."""
        return tuple(one for one in self.models if one.live)

    def rows(self) -> list[dict[str, object]]:
        """A row a model."""
        return [
            {"model": one.artifact, "run": one.run, "made": one.made, "live": ", ".join(one.live), "uri": one.uri}
            for one in self.models
        ]

    def sections(self) -> list[Section]:
        """How much was made, which models, which are live."""
        made = ", ".join(f"{count} {kind}" for kind, count in self.artifacts) or "nothing"
        live = "; ".join(f"Model {one.artifact} in {', '.join(one.live)}" for one in self.live) or "nothing"
        lines = [f"made from it: {made}", f"live: {live}"]
        if self.caveat:
            lines.append(self.caveat)
        rows = [(str(one.artifact), one.run or UNKNOWN, one.made, _fate(one), one.uri) for one in self.models[:_SHOWN]]
        found = [Section(self.subject, tuple(lines))]
        if rows:
            more = len(self.models) - len(rows)
            words = (f"and {more} made before these",) if more else ()
            found.append(Section("Models", words, ("model", "run", "made", "pushed", "folder"), tuple(rows)))
        return found

    def to_json(self) -> dict[str, object]:
        """As plain data; of the graph the events."""
        facts = {name: plain(value) for name, value in vars(self).items() if name not in ("graph", "_of_artifact")}
        return {**facts, "events": plain(self.graph.events)}


def impact_of(store: MetadataStore, subject: Artifact | Path) -> Impact:
    """What was made from an artifact, or from a file or folder that an ExampleGen read.

    Raises:
        UnknownNameError: no ExampleGen read the file, and it is in no artifact.
    """
    if isinstance(subject, Artifact):
        return _impact(store, f"{subject.type} {subject.id}, {subject.uri}", [subject])
    path = Path(os.path.abspath(subject))
    certain, likely = _readers(store, path)
    if certain or likely:
        caveat = ""
        if likely:
            ids = ", ".join(str(one.id) for one in likely[:_SHOWN])
            caveat = f"by its name only: which files went into Examples {ids} was not recorded, their pattern has it"
        return _impact(store, str(path), [*certain, *likely], caveat)
    if artifact := artifact_at(store, path):
        return _impact(store, f"{artifact.type} {artifact.id}, {artifact.uri}", [artifact])
    raise UnknownNameError(
        f"nothing is recorded of {str(path)!r}",
        why="no ExampleGen read it, and it is in no artifact's folder",
        next_step="headrace lineage trace latest  # shows the files that the latest run read",
    )


def _impact(store: MetadataStore, subject: str, starts: Iterable[Artifact], caveat: str = "") -> Impact:
    ids = sorted(one.id for one in starts)
    reader = GraphReader(store)
    reader.add_downstream(ids)
    graph = reader.graph(ids)
    made = [one for one in graph.artifacts.values() if one.id not in ids and graph.producer(one.id)]
    return Impact(
        subject,
        tuple(ids),
        graph,
        tuple(_models(store, graph, [one for one in graph.of_type(MODEL) if graph.producer(one.id) or one.id in ids])),
        tuple(sorted(Counter(one.type for one in made).items())),
        caveat,
    )


def _models(store: MetadataStore, graph: Graph, models: Iterable[Artifact]) -> Iterable[MadeModel]:
    pushes = pushes_of(graph)
    live = {its[-1].id: place for place, its in places_of(store.artifacts(PUSHED)).items()} if pushes else {}
    for model in sorted(models, key=lambda one: one.id, reverse=True):
        producer = graph.producer(model.id)
        its = tuple(push for push in pushes if push.model == model.id)
        yield MadeModel(
            model.id,
            model.uri,
            producer.run if producer else "",
            producer.node if producer else "",
            when(model.created),
            its,
            tuple(str(push.destination) for push in its if push.artifact in live),
        )


def _readers(store: MetadataStore, path: Path) -> tuple[list[Artifact], list[Artifact]]:
    """The Examples that a file, or a folder's files, went into: those that name it, and those whose pattern has it."""
    examples = store.artifacts(EXAMPLES)
    reader = GraphReader(store)
    reader.add_producers([one.id for one in examples])
    graph = reader.graph(named=False)
    certain, likely = [], []
    for data in input_data(graph):
        if any(_is_in(file.path, path) for split in data.splits for file in split.files or ()):
            certain.append(graph.artifacts[data.artifact])
        elif any(split.files is None for split in data.splits) and _matches(data, path):
            likely.append(graph.artifacts[data.artifact])
    return certain, likely


def _is_in(file: str, path: Path) -> bool:
    return Path(file).is_relative_to(path)


def _matches(data: InputData, path: Path) -> bool:
    if data.base is None:
        return False
    patterns = [os.path.join(data.base, split.pattern) for split in data.splits if split.pattern]
    return str(path) == data.base or any(fnmatch.fnmatchcase(str(path), pattern) for pattern in patterns)


def _fate(model: MadeModel) -> str:
    if model.live:
        return f"live in {', '.join(model.live)}"
    if not model.pushes:
        return "never offered to a pusher"
    places = [text(push.destination) for push in model.pushes if push.pushed]
    return f"pushed to {', '.join(places)}" if places else "rejected"
