"""How far features drifted in each span of the data, against how far they may."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

import plotly.graph_objects as go

from headrace.display.panels import panels
from headrace.display.style import COLOURS, FONT_SIZE, INK

_WITHIN, _OVER = COLOURS[5], COLOURS[4]
_TICK = 14  # half the width of a threshold's mark, in pixels
_ROOM = 1.2  # times the tallest bar, for its number


class Measured(Protocol):
    """A feature that was compared with other data; it drifted if the distance is over the threshold."""

    @property
    def feature(self) -> str:
        """Its name."""

    @property
    def measure_name(self) -> str:
        """By what it was compared: "L-infinity distance"."""

    @property
    def distance(self) -> float:
        """How far it moved."""

    @property
    def threshold(self) -> float:
        """How far it may."""


def drift_over_spans(measured: Mapping[int, Sequence[Measured]], most: int = 6) -> go.Figure:
    """A panel for each feature and measure: a bar for each span, and a mark where its threshold is.

    A bar over its threshold has a colour of its own, and its number.

    Args:
        measured: a span, in order, to what was compared in it.
        most: how many panels are drawn: of those that came nearest to their thresholds, or went farthest over them.
    """
    by_panel: dict[tuple[str, str], dict[int, Measured]] = defaultdict(dict)
    for span, its in measured.items():
        for one in its:
            by_panel[one.feature, one.measure_name][span] = one
    excess = {key: max(map(_excess, found.values())) for key, found in by_panel.items()}
    shown = sorted(by_panel, key=lambda key: -excess[key])[:most]
    figure, places = panels([f"<b>{feature}</b><br><span style='font-size: 11px'>{by}</span>" for feature, by in shown])
    spans = [str(span) for span in measured]
    for key, place in zip(shown, places, strict=True):
        found = by_panel[key]
        over = [one.distance > one.threshold for one in found.values()]
        figure.add_bar(
            x=[str(span) for span in found],
            y=[one.distance for one in found.values()],
            marker_color=[_OVER if fired else _WITHIN for fired in over],
            text=[f"{one.distance:.3f}" if fired else "" for one, fired in zip(found.values(), over, strict=True)],
            textposition="outside",
            textangle=0,
            textfont_size=FONT_SIZE - 1,
            constraintext="none",
            cliponaxis=False,
            customdata=[one.threshold for one in found.values()],
            hovertemplate="%{y:.4f}, may be %{customdata:.4~g}<extra>span %{x}</extra>",
            showlegend=False,
            **place,
        )
        for colour, width in (("white", 6), (INK, 2)):  # a rim, to be seen on a bar as well
            figure.add_scatter(
                x=[str(span) for span in found],
                y=[one.threshold for one in found.values()],
                mode="markers",
                marker={"symbol": "line-ew", "size": _TICK, "line": {"width": width, "color": colour}},
                hoverinfo="skip",
                showlegend=False,
                **place,
            )
        tallest = max(max(one.distance, one.threshold) for one in found.values())
        figure.update_yaxes(range=[0, _ROOM * tallest or 1.0], nticks=5, **place)
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=spans, showgrid=False, **place)
        figure.update_xaxes(range=[-0.6, len(spans) - 0.4], **place)
    for name, colour in (("within its threshold", _WITHIN), ("over it", _OVER)):
        marker = {"color": colour, "symbol": "square", "size": 11}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=marker)
    marker = {"symbol": "line-ew", "size": 10, "line": {"width": 2, "color": INK}}
    figure.add_scatter(x=[None], y=[None], mode="markers", name="the threshold", marker=marker)
    return figure.update_layout(bargap=0.35)


def _excess(one: Measured) -> float:
    """Distance over threshold: more than 1 has drifted."""
    return one.distance / one.threshold if one.threshold else float("inf") if one.distance else 0.0
