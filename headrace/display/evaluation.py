"""An evaluation as a table, and as a chart by slice."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from headrace.contents.evaluation import Evaluation
from headrace.contents.metrics import EXAMPLE_COUNT, OVERALL, Slice, slice_text
from headrace.display.slices import metric_names, shortened, slice_label, slice_order
from headrace.display.style import COLOURS, INK, template
from headrace.errors import UnknownNameError

ROW_HEIGHT = 26  # pixels a slice

BASELINE_SUFFIX = " (baseline)"
CHANGE_SUFFIX = " (change)"


def metrics_frame(evaluation: Evaluation) -> pd.DataFrame:
    """One row a slice, all examples first, then features by name with their values in order.

    With a baseline model, its metrics and the change follow each of the candidate's. A metric
    that has no meaning for a slice is NaN.
    """
    names = [name for name in metric_names(evaluation.metrics) if name != EXAMPLE_COUNT]
    rows = []
    for key in sorted(evaluation.metrics, key=lambda key: slice_order(key, evaluation.examples(key))):
        row: dict[str, object] = {"slice": slice_text(key), "examples": evaluation.examples(key)}
        for name in names:
            value = row[name] = evaluation.metrics[key].get(name)
            if evaluation.baseline:
                before = row[name + BASELINE_SUFFIX] = evaluation.baseline.get(key, {}).get(name)
                row[name + CHANGE_SUFFIX] = None if value is None or before is None else value - before
        rows.append(row)
    frame = pd.DataFrame(rows).set_index("slice")
    return frame.astype({column: float for column in frame.columns if column != "examples"})


def slice_figure(evaluation: Evaluation, feature: str, metric: str = "auc", smallest: int = 30) -> go.Figure:
    """A metric for each value of a feature, beside that of all examples.

    Numbers are in their order, texts by their number of examples. Slices of fewer than
    `smallest` examples, and those for which the metric has no meaning, are left out, and the
    line below the title says so. A hollow dot is the baseline model's value.

    Raises:
        UnknownNameError: the evaluation has no slices of that feature, or no such metric.
    """
    keys = [key for key in evaluation.metrics if len(key) == 1 and key[0][0] == feature]
    if not keys:
        known = {name for key in evaluation.metrics for name, _ in key}
        raise UnknownNameError.among("sliced feature", feature, known)
    if metric not in metric_names(evaluation.metrics):
        raise UnknownNameError.among("metric", metric, metric_names(evaluation.metrics))
    large = [key for key in keys if (count := evaluation.examples(key)) is None or count >= smallest]
    shown = [key for key in large if evaluation.metrics[key].get(metric) is not None]
    shown.sort(key=lambda key: slice_order(key, evaluation.examples(key)))
    small = len(keys) - len(large)
    notes = [f"{small} {'value' if small == 1 else 'values'} of under {smallest} examples"] if small else []
    if unclear := [shortened(str(key[0][1])) for key in large if key not in shown]:
        notes.append(f"without a meaningful {metric}: {', '.join(unclear)}")
    overall = evaluation.metrics.get(OVERALL, {}).get(metric)
    said = [] if overall is None else [f"dotted line: overall {overall:.3f}"]
    said += [f"left out: {', and '.join(notes)}"] if notes else []
    figure = go.Figure()
    _draw_dots(figure, evaluation, shown, metric)
    if overall is not None:
        figure.add_vline(overall, line={"color": INK, "dash": "dot", "width": 1.5})
    title = f"{metric} by {feature} (number of examples)<br><span style='font-size: 12px'>{'; '.join(said)}</span>"
    top = 96 if evaluation.baseline else 64  # pixels; a baseline brings a legend
    height = ROW_HEIGHT * max(len(shown), 1) + top + 64
    figure.update_layout(template=template(), title=title, height=height, margin={"l": 12, "r": 24, "t": top, "b": 48})
    figure.update_xaxes(title=metric, tickformat=".3~f", nticks=7, range=_range(figure, overall))
    return figure.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=[slice_label(key, evaluation.examples(key)) for key in shown],
        range=[max(len(shown), 1) - 0.4, -0.6],
        automargin=True,
    )


def _range(figure: go.Figure, overall: float | None) -> list[float] | None:
    """The axis from the smallest to the largest value drawn, with some room beside them."""
    drawn = [value for trace in figure.data for value in trace.x if value is not None]
    values = drawn if overall is None else [*drawn, overall]
    if not values:
        return None
    room = 0.06 * (max(values) - min(values)) or 0.01
    return [min(values) - room, max(values) + room]


def _draw_dots(figure: go.Figure, evaluation: Evaluation, shown: Sequence[Slice], metric: str) -> None:
    names = {"candidate": evaluation.metrics} | ({"baseline": evaluation.baseline} if evaluation.baseline else {})
    for name, metrics in names.items():
        hollow = name == "baseline"
        figure.add_scatter(
            x=[metrics.get(key, {}).get(metric) for key in shown],
            y=list(range(len(shown))),
            mode="markers",
            name=name,
            marker={"size": 10, "color": COLOURS[0], "symbol": "circle-open" if hollow else "circle"},
            customdata=[slice_label(key, evaluation.examples(key)) for key in shown],
            hovertemplate=f"%{{customdata}}<br>{metric} %{{x:.4f}}<extra>{name}</extra>",
            showlegend=bool(evaluation.baseline),
        )
