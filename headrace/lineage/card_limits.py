"""What a model card says of the model's limits: the author's words, then what follows from the records."""

from collections import Counter
from collections.abc import Iterator

from headrace.contents.metrics import OVERALL, Slice, lower_is_better, metric_text, slice_text
from headrace.contents.model_card import Author, Block, Bullets, Section, Words
from headrace.contents.statistics_distance import distances
from headrace.lineage.card_data import period_text, share_text
from headrace.lineage.card_quality import examples_of, feature_of, is_reliable
from headrace.lineage.card_sources import DRIFT, Sources
from headrace.lineage.shown import UNKNOWN
from headrace.metadata.records import Artifact

MUCH_MISSING = 0.05  # a share of the examples
FAR_APART = 0.1  # a distance between the splits' distributions
_NAMED = 3

Point = tuple[str, str]


def limits_section(known: Sources, author: Author, smallest: int) -> Section:
    """The author's words, and what follows from the records."""
    own: tuple[Block, ...] = (Words(author.limits),) if author.limits else ()
    points = (
        *_weak_slices(known, smallest),
        *_small_slices(known, smallest),
        *_period(known),
        *_missing(known),
        *_apart(known),
        *_warnings(known),
        *_reproducible(known),
    )
    said = Words("What follows was worked out from the records.", quiet=True)
    return Section("Limits", (*own, said, Bullets(points)))


def _weak_slices(known: Sources, smallest: int) -> Iterator[Point]:
    one, metric = known.evaluation, known.metric
    if one is None:
        yield "Not evaluated", "how good it is on any data is unknown"
        return
    if one.metrics is None or metric is None:
        yield "Slices", f"how good it is by slice is {UNKNOWN}"
        return
    if not one.thresholds:
        yield "No threshold", "whatever its metrics had been, it would have been blessed"
    overall, sign = one.metrics.get(OVERALL, {}).get(metric), -1 if lower_is_better(metric) else 1
    if overall is None or not any(key != OVERALL for key in one.metrics):
        yield "Slices", "it was not evaluated by slice: where it does worse than overall is unknown"
        return
    worse: list[tuple[float, Slice, float]] = []
    for key, its in one.metrics.items():
        value = its.get(metric)
        if key != OVERALL and value is not None and is_reliable(its, smallest) and sign * (value - overall) < 0:
            worse.append((sign * (value - overall), key, value))
    if worse:
        weakest, name = sorted(worse)[:_NAMED], metric_text(metric)
        told = "; ".join(f"{slice_text(key)} ({name} {value:.3f}{_of(known, key)})" for _, key, value in weakest)
        yield "Weakest", f"{told}; overall it is {overall:.3f}"


def _of(known: Sources, key: Slice) -> str:
    metrics = (known.evaluation.metrics if known.evaluation else None) or {}
    count = examples_of(metrics.get(key, {}))
    return "" if count is None else f" on {count:,} examples"


def _small_slices(known: Sources, smallest: int) -> Iterator[Point]:
    metrics = (known.evaluation.metrics if known.evaluation else None) or {}
    every, small = Counter[str](), Counter[str]()
    for key in metrics:
        if key != OVERALL:
            every[feature_of(key)] += 1
            small[feature_of(key)] += not is_reliable(metrics[key], smallest)
    if small.total():
        told = ", ".join(f"{count} of {every[feature]} by {feature}" for feature, count in small.items() if count)
        yield "Too few examples to judge", f"slices with fewer than {smallest:,}: {told}"


def _period(known: Sources) -> Iterator[Point]:
    if told := period_text(known):
        yield "Period", f"{told}; nothing is known of how it does outside of that"
    else:
        yield "Period", f"of when its data are is {UNKNOWN}"


def _missing(known: Sources) -> Iterator[Point]:
    found: dict[str, list[str]] = {}
    for split, whole in known.statistics.items():
        for name in known.columns:
            feature = whole.features.get(name)
            if feature and feature.missing_share >= MUCH_MISSING:
                found.setdefault(name, []).append(f"{share_text(feature.missing_share)} of {split}")
    if found:
        told = "; ".join(f"{name} ({', '.join(shares)})" for name, shares in found.items())
        yield "Often missing", f"among what the model depends on: {told}"


def _apart(known: Sources) -> Iterator[Point]:
    if len(known.statistics) != 2:
        return
    larger, smaller = sorted(known.statistics.values(), key=lambda one: -one.examples)
    wanted = set(known.columns) or set(larger.features)
    found = [one for one in distances(larger, smaller) if one.feature in wanted and one.rank >= FAR_APART]
    if found:
        told = "; ".join(f"{one.feature} ({one.rank:.2f}; {one.detail})" for one in found[:_NAMED])
        yield "Splits differ", f"between {larger.split} and {smaller.split}, on a scale from 0 to 1: {told}"


def _warnings(known: Sources) -> Iterator[Point]:
    for report in known.findings.of_type(DRIFT):
        told = str(report.properties.get("note") or report.properties.get("verdict") or UNKNOWN)
        if report.properties.get("drifted") != 0:
            whose = "later data, against its own" if _is_of_later_data(report, known) else "its data"
            yield "Drift", f"of {whose}: {told} (DriftReport {report.id})"
    if known.anomalies:
        told = "; ".join(str(one) for one in known.anomalies[:_NAMED])
        more = f"; and {len(known.anomalies) - _NAMED} more" if len(known.anomalies) > _NAMED else ""
        yield "Anomalies in the data", f"{told}{more}"


def _is_of_later_data(report: Artifact, known: Sources) -> bool:
    """Whether the model's data were only what others were compared with."""
    monitor = known.findings.producer(report.id)
    read = known.findings.inputs(monitor.id).get("statistics", []) if monitor else []
    return bool(read) and not known.measured & {one.id for one in read}


def _reproducible(known: Sources) -> Iterator[Point]:
    run = known.run
    if run is None or run.git_commit is None:
        yield "Code", "from which commit it was made is unknown"
    elif run.git_dirty:
        yield "Code", f"it was made with changes that are not in commit {run.git_commit[:12]}"
    files = [file for data in known.trace.inputs for split in data.splits for file in split.files or ()]
    other = [file for file in files if file.state != "unchanged"]
    if other:
        told = "; ".join(f"{one.path} is {one.state}" for one in other[:_NAMED])
        yield "Data", f"the files are no longer what they were: {told}"
