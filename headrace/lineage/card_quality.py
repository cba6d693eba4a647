"""What a model card says of how good the model is: overall, by slice, and why it was blessed or not."""

from collections.abc import Mapping

from headrace.contents.metrics import EXAMPLE_COUNT, OVERALL, Metrics, Slice, SliceValue, metric_text, slice_text
from headrace.contents.model_card import Block, Bullets, Curves, Dot, Dots, Section, Table, Words
from headrace.contents.validation import Check
from headrace.lineage.card_sources import Sources, utc
from headrace.lineage.evaluations import EvaluationFacts, failure_text
from headrace.lineage.shown import UNKNOWN

MOST_DOTS, MOST_TEXTS = 31, 12  # of a feature, that are drawn: numbers, and texts
MOST_ROWS = 12  # of the table by slice
_NAMED = 3  # slices without a value
_DIGITS = 4


def quality_section(known: Sources, smallest: int) -> Section:
    """The verdict with its reasons, the metrics over all examples, a picture for each sliced feature, the curves."""
    one = known.evaluation
    if one is None:
        return Section("How good it is", (Words(f"{UNKNOWN.capitalize()}: no evaluation of it was recorded."),))
    blocks: list[Block] = [Words(_verdict(one))]
    if one.failures:
        blocks.append(Bullets(tuple(("did not hold", failure_text(check)) for check in _by_slice(one.failures))))
    if one.metrics is None or known.metric is None:
        why = one.unreadable or "it has no metric over all examples"
        blocks.append(Words(f"Its metrics are {UNKNOWN}: {why}."))
        return Section("How good it is", tuple(blocks))
    baseline = {} if one.baseline == one.model else one.baseline_metrics  # against itself nothing differs
    other = "the baseline" if one.baseline is None else f"Model {one.baseline}"
    blocks.append(_overall_table(one.metrics.get(OVERALL, {}), baseline.get(OVERALL, {}), other))
    features = dict.fromkeys(feature_of(key) for key in one.metrics if key != OVERALL)
    blocks += [_dots(feature, known.metric, one.metrics, baseline, smallest) for feature in features]
    if len(one.metrics) > 1:
        blocks.append(_slice_table(one.metrics))
    if known.has_plots and known.evaluation_folder:
        blocks.append(Curves(str(known.evaluation_folder)))
    return Section("How good it is", tuple(blocks))


def examples_of(metrics: Metrics) -> int | None:
    """The number of examples of a slice; None where the evaluation did not count them."""
    count = metrics.get(EXAMPLE_COUNT)
    return None if count is None else round(count)


def is_reliable(metrics: Metrics, smallest: int) -> bool:
    """Whether a slice has enough examples; taken for granted where they were not counted."""
    count = examples_of(metrics)
    return count is None or count >= smallest


def _verdict(one: EvaluationFacts) -> str:
    run = f" in run {one.run}" if one.run else ""
    other = "itself" if one.baseline == one.model else f"Model {one.baseline}"
    compared = "" if one.baseline is None else f" and compared with {other}"
    return f"It was evaluated on {utc(one.evaluated)}{run}{compared}. {one.verdict[0].upper()}{one.verdict[1:]}."


def _by_slice(checks: tuple[Check, ...]) -> list[Check]:
    return sorted(checks, key=lambda one: (one.slice != OVERALL, str(one.slice)))


def _overall_table(metrics: Metrics, baseline: Metrics, other: str) -> Table:
    rows = []
    for name, value in metrics.items():
        cells = [metric_text(name), _number(name, value)]
        if baseline:
            before = baseline.get(name)
            told = value is not None and before is not None and name != EXAMPLE_COUNT
            change = (value or 0) - (before or 0)
            cells += [_number(name, before), f"{change:+.{_DIGITS}f}" if told else ""]
        rows.append(tuple(cells))
    columns = ("metric", "this model", other, "change") if baseline else ("metric", "on all examples")
    return Table(columns, tuple(rows), numbers=tuple(range(1, len(columns))))


def _slice_table(metrics: Mapping[Slice, Metrics]) -> Table:
    """All metrics of the slices with most examples."""
    names = [name for name in metrics.get(OVERALL, {}) if name != EXAMPLE_COUNT]
    largest = sorted(metrics, key=lambda key: (key != OVERALL, -(examples_of(metrics[key]) or 0)))[: MOST_ROWS + 1]
    rows = []
    for key in largest:
        count = examples_of(metrics[key])
        values = [metrics[key].get(name) for name in names]
        cells = ("" if value is None else f"{value:.{_DIGITS}f}" for value in values)
        rows.append((slice_text(key), "" if count is None else f"{count:,}", *cells))
    left_out = len(metrics) - len(rows)
    caption = f"The {len(rows) - 1} slices with most examples; {left_out} smaller ones are left out" if left_out else ""
    return Table(("slice", "examples", *map(metric_text, names)), tuple(rows), tuple(range(1, len(names) + 2)), caption)


def _number(name: str, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if name.endswith("count") else f"{value:.{_DIGITS}f}"


def feature_of(key: Slice) -> str:
    """The feature that a slice is of; several, where it is of several."""
    return " and ".join(name for name, _ in key)


def _dots(
    feature: str, metric: str, metrics: Mapping[Slice, Metrics], baseline: Mapping[Slice, Metrics], smallest: int
) -> Dots:
    keys = sorted((key for key in metrics if feature_of(key) == feature), key=lambda key: _order(key, metrics[key]))
    valued = [key for key in keys if metrics[key].get(metric) is not None]
    most = MOST_TEXTS if any(isinstance(value, str) for key in valued for _, value in key) else MOST_DOTS
    largest = sorted(valued, key=lambda key: -(examples_of(metrics[key]) or 0))[:most]
    dots = [
        Dot(
            ", ".join(str(value) for _, value in key),
            value,
            baseline.get(key, {}).get(metric),
            examples_of(metrics[key]),
            is_reliable(metrics[key], smallest),
        )
        for key in valued
        if key in largest and (value := metrics[key].get(metric)) is not None
    ]
    notes = [f"hollow: fewer than {smallest:,} examples"] if not all(one.reliable for one in dots) else []
    if unclear := [", ".join(str(value) for _, value in key) for key in keys if key not in valued]:
        more = f" and {len(unclear) - _NAMED} more" if len(unclear) > _NAMED else ""
        notes.append(f"without a meaningful {metric_text(metric)}: {', '.join(unclear[:_NAMED])}{more}")
    if len(valued) > len(dots):
        notes.append(f"{len(valued) - len(dots)} smaller ones not drawn")
    return Dots(feature, metric, metrics.get(OVERALL, {}).get(metric), tuple(dots), "; ".join(notes))


def _order(key: Slice, metrics: Metrics) -> tuple[object, ...]:
    """Numbers in their order, texts by their number of examples."""

    def of_value(value: SliceValue) -> tuple[bool, float, str]:
        return (True, -(examples_of(metrics) or 0), value) if isinstance(value, str) else (False, value, "")

    return tuple(of_value(value) for _, value in key)
