"""Small multiples: panels of one size in rows, each with its title at its left."""

from collections.abc import Sequence
from math import ceil

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from headrace.display.style import FONT_SIZE, template

_MOST_COLUMNS = 3
_HEIGHT = 250  # pixels, with its title
_GAP = 84  # of that, below a panel: its axis, and the title of the next
_HEAD = 84  # above the first: the legend, and the titles

Place = dict[str, int]
"""Where a panel is, as plotly takes it: its row and its column."""


def panels(titles: Sequence[str]) -> tuple[go.Figure, list[Place]]:
    """An empty figure with a panel for each title, and where each is. A title may have two lines."""
    columns = min(_MOST_COLUMNS, max(len(titles), 1))
    rows = max(ceil(len(titles) / columns), 1)
    height = _HEIGHT * rows + _HEAD - _GAP // 2
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=list(titles),
        horizontal_spacing=0.07,
        vertical_spacing=0.0 if rows == 1 else min(_GAP / height, 0.9 / (rows - 1)),
    )
    places = [{"row": index // columns + 1, "col": index % columns + 1} for index in range(len(titles))]
    figure.update_annotations(font_size=FONT_SIZE, xanchor="left", align="left")
    for annotation, place in zip(figure.layout.annotations, places, strict=True):
        annotation.x = figure.get_subplot(**place).xaxis.domain[0]
    for index in range(len(titles), rows * columns):
        unused = {"row": index // columns + 1, "col": index % columns + 1}
        figure.update_xaxes(visible=False, **unused).update_yaxes(visible=False, **unused)
    figure.update_layout(
        template=template(),
        height=height,
        margin={"l": 44, "r": 16, "t": _HEAD, "b": 40},
        legend={"yref": "container", "y": 0.995, "yanchor": "top"},
    )
    return figure, places
