"""What artifacts hold, as plain data that the page draws."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path

from headrace.contents.anomalies import read_anomalies
from headrace.contents.metrics import EXAMPLE_COUNT, Metrics, Slice
from headrace.contents.schema import read_schema
from headrace.contents.statistics import FeatureStatistics, read_statistics
from headrace.display.distributions import numeric_bars, text_bars
from headrace.display.slices import examples_of, metric_names, slice_order
from headrace.metadata.graph import Graph
from headrace.metadata.records import LIVE, Artifact

ROOM = 1_200_000  # characters of all drawings of a page
_MOST_FEATURES = 60  # of one artifact
_MOST_SLICES = 300
_DIGITS = 4


@dataclass(frozen=True)
class Table:
    """A title, lines of words, and a table; either may be empty."""

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    kind: str = "table"


@dataclass(frozen=True)
class Distribution:
    """One feature by split: bars, which are shares of a split's values."""

    name: str
    type: str
    numeric: bool
    labels: tuple[str, ...]  # of the bars: ranges of numbers, or texts
    ends: tuple[str, ...]  # of numeric bars: where they begin and end
    shares: Mapping[str, tuple[float, ...]]  # by split
    missing: Mapping[str, float]  # share of the examples that hold no value, by split
    middle: Mapping[str, float]  # median by split, of numeric features


@dataclass(frozen=True)
class Distributions:
    """Statistics of examples."""

    splits: Mapping[str, int]  # examples by split, the largest first
    features: tuple[Distribution, ...]
    more: int  # features that were left out
    kind: str = "distributions"


@dataclass(frozen=True)
class SliceRow:
    """One slice: its metrics, in the order of the names."""

    feature: str  # several are joined by commas; empty for all examples
    value: str
    examples: float | None
    candidate: tuple[float | None, ...]
    baseline: tuple[float | None, ...]


@dataclass(frozen=True)
class SliceMetrics:
    """An evaluation."""

    names: tuple[str, ...]
    slices: tuple[SliceRow, ...]
    more: int  # slices that were left out, the smallest
    kind: str = "metrics"


Drawing = Table | Distributions | SliceMetrics


@dataclass(frozen=True)
class Judgement:
    """What was found out about a model by one execution."""

    verdict: str
    metrics: Mapping[Slice, Metrics]
    baseline: Mapping[Slice, Metrics]


@dataclass(frozen=True)
class Drawings:
    """What is drawn of a graph's artifacts."""

    by_artifact: Mapping[int, tuple[Drawing, ...]]
    left_out: tuple[int, ...]  # artifacts for whose contents the page has no room


def drawings_of(
    graph: Graph,
    judgements: Mapping[int, Judgement],
    tables: Mapping[int, Sequence[Table]],
    first: Sequence[int],
    room: int,
) -> Drawings:
    """What the artifacts of a graph hold, the newest first, as long as there is room.

    Args:
        graph: the records.
        judgements: by the execution that judged a model.
        tables: by artifact: what else is known of it.
        first: the artifacts that are drawn before all others.
        room: characters of all drawings.
    """
    found: dict[int, tuple[Drawing, ...]] = {}
    left_out: list[int] = []
    ahead = set(first)
    for artifact in sorted(graph.artifacts.values(), key=lambda one: (one.id not in ahead, -one.id)):
        if room <= 0 and (artifact.type in _READERS or artifact.type in _JUDGED):
            left_out.append(artifact.id)
            continue
        drawn = (*tables.get(artifact.id, ()), *_drawn(artifact, graph, judgements))
        if drawn:
            found[artifact.id] = drawn
            room -= len(json.dumps([asdict(one) for one in drawn]))
    return Drawings(found, tuple(sorted(left_out)))


def _drawn(artifact: Artifact, graph: Graph, judgements: Mapping[int, Judgement]) -> Iterator[Drawing]:
    maker = graph.producer(artifact.id)
    judgement = judgements.get(maker.id) if maker else None
    if artifact.type == "ModelBlessing" and judgement:
        yield Table("Verdict", (judgement.verdict,))
    elif artifact.type == "ModelEvaluation" and judgement and judgement.metrics:
        yield _slice_metrics(judgement)
    elif artifact.state == LIVE and artifact.type in _READERS:
        try:
            yield _READERS[artifact.type](Path(artifact.uri))
        except (OSError, ValueError) as error:
            yield Table("Contents", (f"cannot be read any more: {error}",))


def _statistics(folder: Path) -> Distributions:
    statistics = read_statistics(folder)
    splits = sorted(statistics.values(), key=lambda one: -one.examples)
    names = list(dict.fromkeys(name for split in splits for name in split.features))
    panels = ({one.split: one.features[name] for one in splits if name in one.features} for name in names)
    drawn = [_distribution(panel) for panel, _ in zip(panels, range(_MOST_FEATURES), strict=False)]
    return Distributions({one.split: one.examples for one in splits}, tuple(drawn), max(0, len(names) - len(drawn)))


def _distribution(panel: Mapping[str, FeatureStatistics]) -> Distribution:
    numeric, text = numeric_bars(panel), text_bars(panel)
    bars = numeric or text
    one = next(iter(panel.values()))
    return Distribution(
        one.name,
        one.type,
        numeric is not None,
        bars.labels if bars else (),
        numeric.ends if numeric else (),
        {split: tuple(round(share, _DIGITS) for share in shares) for split, shares in bars.shares.items()}
        if bars
        else {},
        {split: round(feature.missing_share, _DIGITS) for split, feature in panel.items() if feature.missing},
        {
            split: feature.numeric.median
            for split, feature in panel.items()
            if feature.numeric and isfinite(feature.numeric.median)
        },
    )


def _slice_metrics(judgement: Judgement) -> SliceMetrics:
    metrics = judgement.metrics
    names = [name for name in metric_names(metrics) if name != EXAMPLE_COUNT]
    largest = sorted(metrics, key=lambda key: (key != (), -(metrics[key].get(EXAMPLE_COUNT) or 0)))[:_MOST_SLICES]
    rows = [
        SliceRow(
            ", ".join(feature for feature, _ in key),
            ", ".join(str(value) for _, value in key),
            metrics[key].get(EXAMPLE_COUNT),
            _values(metrics[key], names),
            _values(judgement.baseline[key], names) if key in judgement.baseline else (),
        )
        for key in sorted(largest, key=lambda key: slice_order(key, examples_of(metrics[key])))
    ]
    return SliceMetrics(tuple(names), tuple(rows), len(metrics) - len(rows))


def _values(metrics: Metrics, names: Sequence[str]) -> tuple[float | None, ...]:
    values = (metrics.get(name) for name in names)
    return tuple(None if value is None or not isfinite(value) else float(f"{value:.7g}") for value in values)


def _schema(folder: Path) -> Table:
    rows = [
        (one.name, one.type, "yes" if one.required else "no", one.values, one.domain, ", ".join(one.not_in))
        for one in read_schema(folder)
    ]
    return Table("Schema", (), ("feature", "type", "required", "values", "domain", "not in"), tuple(rows))


def _anomalies(folder: Path) -> Table:
    found = sorted(read_anomalies(folder), key=lambda one: (one.severity != "ERROR", one))
    if not found:
        return Table("Anomalies", ("none: the examples are as the schema asks",))
    rows = tuple((one.severity, one.split, one.feature, one.summary, one.description) for one in found)
    return Table("Anomalies", (), ("severity", "split", "feature", "summary", "description"), rows)


_READERS: Mapping[str, Callable[[Path], Drawing]] = {
    "ExampleStatistics": _statistics,
    "Schema": _schema,
    "ExampleAnomalies": _anomalies,
}
_JUDGED = frozenset({"ModelEvaluation", "ModelBlessing"})
