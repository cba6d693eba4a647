"""A number for each of several things in each span of the data, as a map of colours with the numbers in it."""

import math
from collections.abc import Mapping

import plotly.graph_objects as go

from headrace.display.style import COLOURS, template

_ROW_HEIGHT = 26  # pixels
# Told apart with any colour vision; none lets the page through, so that numbers are read on a dark one too.
_MORE, _NONE, _LESS = COLOURS[0], "#f4f4f4", COLOURS[4]
_NUMBERS = 30  # spans; of more, the numbers would not fit


def heat_map(
    values: Mapping[str, Mapping[int, float | None]],
    title: str,
    *,
    form: str = ".3f",
    most: float | None = None,
) -> go.Figure:
    """A row for each thing, a column for each span, in their order; nothing where it is None or NaN.

    Blue is more than nothing, vermilion less.

    Args:
        values: a thing's name to its number in each span.
        title: which numbers they are.
        form: how a number is written, as Python formats it.
        most: the number that has the strongest colour, so that a few large ones do not pale the rest; the largest by
            default.
    """
    spans = sorted({span for by_span in values.values() for span in by_span})
    grid = [[_number(by_span.get(span)) for span in spans] for by_span in values.values()]
    sizes = [abs(value) for row in grid for value in row if value is not None]
    strongest = most or max(sizes, default=0.0) or 1.0
    texts = [["" if value is None else format(value, form) for value in row] for row in grid]
    figure = go.Figure(
        go.Heatmap(
            x=[str(span) for span in spans],
            y=list(values),
            z=grid,
            zmin=-strongest,
            zmax=strongest,
            colorscale=[[0, _LESS], [0.5, _NONE], [1, _MORE]],
            showscale=False,
            xgap=2,
            ygap=2,
            text=texts,
            texttemplate="%{text}" if len(spans) <= _NUMBERS else "",
            hovertemplate="%{y}, span %{x}: %{text}<extra></extra>",
            hoverongaps=False,
        )
    )
    figure.update_layout(
        template=template(),
        title=title,
        height=_ROW_HEIGHT * len(values) + 96,
        margin={"l": 12, "r": 24, "t": 56, "b": 40},
    )
    figure.update_xaxes(type="category", title="span", showgrid=False, ticks="")
    return figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, ticks="")


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
