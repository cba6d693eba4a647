"""Models side by side: a metric by slice."""

from collections.abc import Mapping

import plotly.graph_objects as go

from headrace.contents.metrics import OVERALL, Metrics, Slice
from headrace.display.slices import examples_of, slice_label, slice_order
from headrace.display.style import LINE, colours, template
from headrace.errors import UnknownNameError

ROW_HEIGHT = 28  # pixels a slice
Models = Mapping[str, Mapping[Slice, Metrics]]
"""A model's name to its metrics by slice; () is all examples."""


def models_figure(models: Models, feature: str, metric: str = "auc", smallest: int = 30) -> go.Figure:
    """A metric of several models, a dot each, for all examples and for each value of a feature.

    Numbers are in their order, texts by their number of examples. Slices of fewer than `smallest` examples are left
    out, and those for which the metric has no meaning in any model.

    Raises:
        UnknownNameError: no model was evaluated by slices of that feature, or by that metric.
    """
    counts = _counts(models)
    known = {name for key in counts for name, _ in key}
    if feature not in known:
        raise UnknownNameError.among("sliced feature", feature, known)
    metrics = {name for slices in models.values() for found in slices.values() for name in found}
    if metric not in metrics:
        raise UnknownNameError.among("metric", metric, metrics)
    keys = [key for key in counts if len(key) == 1 and key[0][0] == feature]
    rows = [OVERALL, *sorted(keys, key=lambda key: slice_order(key, counts[key]))]
    large = [key for key in rows if (count := counts.get(key)) is None or count >= smallest]
    values = {key: [slices.get(key, {}).get(metric) for slices in models.values()] for key in large}
    shown = [key for key in large if any(value is not None for value in values[key])]
    figure = go.Figure()
    for row, key in enumerate(shown):
        found = [value for value in values[key] if value is not None]
        figure.add_scatter(x=[min(found), max(found)], y=[row, row], mode="lines", line_color=LINE, showlegend=False)
    labels = ["overall" if key == OVERALL else slice_label(key, counts[key]) for key in shown]
    for index, (name, colour) in enumerate(colours(models).items()):
        figure.add_scatter(
            x=[values[key][index] for key in shown],
            y=list(range(len(shown))),
            mode="markers",
            name=name,
            marker={"size": 10, "color": colour, "opacity": 0.85},
            customdata=labels,
            hovertemplate=f"%{{customdata}}<br>{metric} %{{x:.4f}}<extra>{name}</extra>",
        )
    left_out = len(rows) - len(shown)
    said = "" if not left_out else f"left out: {left_out} small or without a meaningful {metric}"
    figure.update_layout(
        template=template(),
        title=f"{metric} by {feature} (number of examples)<br><span style='font-size: 12px'>{said}</span>",
        height=ROW_HEIGHT * len(shown) + 144,
        margin={"l": 12, "r": 24, "t": 84, "b": 48},
        showlegend=True,
    )
    figure.update_xaxes(title=metric, tickformat=".3~f", nticks=7)
    return figure.update_yaxes(
        tickvals=list(range(len(shown))), ticktext=labels, range=[len(shown) - 0.4, -0.6], automargin=True
    )


def _counts(models: Models) -> dict[Slice, int | None]:
    """The examples in each slice; the most, where models were evaluated on different ones."""
    found: dict[Slice, int | None] = {}
    for slices in models.values():
        for key, metrics in slices.items():
            count = examples_of(metrics)
            found[key] = max(count or 0, found.get(key) or 0) if count is not None else found.get(key)
    return found
