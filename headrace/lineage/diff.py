"""Diff: what differs between two runs, the causes first: in words, then in tables."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headrace.contents.metrics import EXAMPLE_COUNT, Metrics, Slice, slice_text
from headrace.contents.splits import ALL_SPLITS
from headrace.contents.statistics import read_statistics
from headrace.contents.statistics_distance import FeatureDistance, distances
from headrace.lineage.compared_run import Side
from headrace.lineage.differences import (
    Difference,
    Kind,
    of_command,
    of_data,
    of_environment,
    of_nodes,
    of_resources,
    of_schemas,
    of_vocabularies,
    pairs,
    read_or_none,
)
from headrace.lineage.evaluations import EvaluationFacts
from headrace.lineage.facts import RunFacts
from headrace.lineage.input_data import STATISTICS
from headrace.lineage.serving_checks import ServingVerdict
from headrace.lineage.shown import Section, Shown
from headrace.metadata.records import Run
from headrace.metadata.store import MetadataStore

_CAUSES = (Kind.PARAMETER, Kind.CODE, Kind.DATA, Kind.SCHEMA, Kind.VOCABULARY, Kind.NODES)
_METRICS_SHOWN, _FEATURES_SHOWN = 15, 15
_NOT_EVALUATED, _NOT_CHECKED = "not evaluated", "not checked as served"


@dataclass(frozen=True)
class MetricChange:
    """A metric of a slice in both runs."""

    slice: Slice
    metric: str
    before: float | None
    after: float | None
    examples: int | None  # in the slice, in the run after

    @property
    def change(self) -> float | None:
        """After minus before, where both have a value."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class Diff(Shown):
    """What differs between two runs."""

    before: RunFacts
    after: RunFacts
    differences: tuple[Difference, ...]  # ranked: causes before effects, and of a kind the largest first
    features: Mapping[str, tuple[FeatureDistance, ...]]  # of the statistics, by split
    metrics: tuple[MetricChange, ...]  # overall first, then by change times examples

    def rows(self) -> list[dict[str, object]]:
        """A row a difference."""
        return [{"kind": one.kind.value, "subject": one.subject, "detail": one.detail} for one in self.differences]

    def sections(self) -> list[Section]:
        """The differences in words, then tables of statistics and metrics."""
        title = f"{self.before.id} -> {self.after.id}"
        lines = tuple(map(str, self.differences)) or ("nothing differs that was recorded",)
        return [
            Section(title, lines),
            *(_feature_section(split, found) for split, found in self.features.items() if found),
            *([_metric_section(self.metrics)] if self.metrics else []),
        ]


def diff_of(store: MetadataStore, before: Run, after: Run) -> Diff:
    """What differs between two runs."""
    old, new = Side.of(store, before), Side.of(store, after)
    features = _feature_distances(old, new)
    metrics = _metric_changes(old.evaluation(), new.evaluation())
    found = [
        *of_nodes(old, new),
        *of_data(old, new, features),
        *of_schemas(old, new),
        *of_vocabularies(old, new),
        *of_environment(old.facts, new.facts),
        *_of_verdict(old, new),
        *_of_metrics(metrics),
        *of_resources(old, new),
    ]
    if not any(one.kind in _CAUSES for one in found):  # else what was typed is told by what it set
        found += of_command(old.facts, new.facts)
    order = list(Kind)
    ranked = sorted(dict.fromkeys(found), key=lambda one: order.index(one.kind))
    return Diff(old.facts, new.facts, tuple(ranked), features, tuple(metrics))


def _of_verdict(old: Side, new: Side) -> Iterator[Difference]:
    was, now = old.evaluation(), new.evaluation()
    if (was and was.blessed) != (now and now.blessed):
        yield Difference(Kind.VERDICT, "", f"{_verdict(was, _NOT_EVALUATED)} -> {_verdict(now, _NOT_EVALUATED)}")
    served, serves = old.serving_check(), new.serving_check()
    if (served and served.blessed) != (serves and serves.blessed):
        yield Difference(Kind.VERDICT, "", f"{_verdict(served, _NOT_CHECKED)} -> {_verdict(serves, _NOT_CHECKED)}")
    pushed = [side.pushed() for side in (old, new)]
    if None not in pushed and pushed[0] != pushed[1]:
        yield Difference(Kind.VERDICT, "", "pushed -> not pushed" if pushed[0] else "not pushed -> pushed")


def _verdict(found: EvaluationFacts | ServingVerdict | None, otherwise: str) -> str:
    return found.verdict if found else otherwise


def _of_metrics(changes: list[MetricChange]) -> Iterator[Difference]:
    for one in changes:
        if not one.slice:
            yield Difference(Kind.METRIC, f"{one.metric} overall", _metric_text(one))


def _feature_distances(old: Side, new: Side) -> dict[str, tuple[FeatureDistance, ...]]:
    """By split; where several nodes have statistics of a split of that name, by "SPLIT of NODE"."""
    found: dict[tuple[str, str], tuple[FeatureDistance, ...]] = {}
    for name, before, after in pairs(old, new, STATISTICS):
        was, now = (read_or_none(read_statistics, one) or {} for one in (before, after))
        # Transform's, of all splits together, are of the same data again, and of what is made of them.
        for split in was.keys() & now.keys() - {ALL_SPLITS}:
            found[split, name.split()[0]] = tuple(distances(was[split], now[split]))
    nodes = Counter(split for split, _ in found)
    return {split if nodes[split] == 1 else f"{split} of {node}": found[split, node] for split, node in sorted(found)}


def _metric_changes(was: EvaluationFacts | None, now: EvaluationFacts | None) -> list[MetricChange]:
    if was is None or now is None or was.metrics is None or now.metrics is None:
        return []
    none: Metrics = {}
    changes = []
    for key in dict.fromkeys([*was.metrics, *now.metrics]):
        old, new = was.metrics.get(key, none), now.metrics.get(key, none)
        examples = new.get(EXAMPLE_COUNT)
        for metric in dict.fromkeys([*old, *new]):
            if old.get(metric) != new.get(metric):
                count = None if examples is None else round(examples)
                changes.append(MetricChange(key, metric, old.get(metric), new.get(metric), count))
    return sorted(changes, key=lambda one: (one.slice != (), -abs(one.change or 0) * (one.examples or 1)))


def _metric_text(one: MetricChange) -> str:
    values = " -> ".join("none" if value is None else f"{value:.4g}" for value in (one.before, one.after))
    return values if one.change is None else f"{values} ({one.change:+.4g})"


def _feature_section(split: str, found: tuple[FeatureDistance, ...]) -> Section:
    rows = [
        (
            one.feature,
            "" if one.distance is None else f"{one.distance:.3f}",
            "" if one.missing_before is None else f"{one.missing_before:.1%}",
            "" if one.missing_after is None else f"{one.missing_after:.1%}",
            one.detail,
        )
        for one in found[:_FEATURES_SHOWN]
    ]
    columns = ("feature", "distance", "missing before", "missing after", "")
    return Section(f"Statistics of split {split}", (), columns, tuple(rows))


def _metric_section(changes: tuple[MetricChange, ...]) -> Section:
    rows = [
        (
            slice_text(one.slice),
            one.metric,
            *("" if value is None else f"{value:.4g}" for value in (one.before, one.after)),
            "" if one.change is None else f"{one.change:+.4g}",
            "" if one.examples is None else f"{one.examples:,}",
        )
        for one in changes[:_METRICS_SHOWN]
    ]
    columns = ("slice", "metric", "before", "after", "change", "examples")
    words = (f"the largest of {len(changes)} changes:",) if len(changes) > len(rows) else ()
    return Section("Metrics", words, columns, tuple(rows))
