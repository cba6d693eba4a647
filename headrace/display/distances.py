"""How far apart the statistics of data sets are, drawn feature by feature."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from headrace.contents.statistics_distance import FeatureDistance
from headrace.display.style import FONT_SIZE, colours, template

BAR_HEIGHT = 16  # pixels, of each comparison
ROW_GAP = 12  # pixels between features
ROOM = 1.6  # times the longest bar: what is said of a bar stands beside it


def distances_figure(compared: Mapping[str, Sequence[FeatureDistance]], most: int = 10) -> go.Figure:
    """The features that differ most, a bar for each comparison, with what differs in words.

    A bar is as long as the distance (0: the same distribution, 1: no value in common), or as the change of the share
    of missing values, where that is larger. A feature has no bar where it is the same, and a comparison in which
    nothing differs is left out.

    Args:
        compared: the name of a comparison, such as a split, to the distances found in it.
        most: how many features are drawn.
    """
    by_name = {name: {one.feature: one for one in found} for name, found in compared.items() if found}
    largest: dict[str, float] = {}
    for one in (one for found in compared.values() for one in found):
        largest[one.feature] = max(largest.get(one.feature, 0.0), one.rank)
    features = sorted(largest, key=lambda feature: -largest[feature])
    shown = features[:most]
    figure = go.Figure()
    for name, colour in colours(by_name).items():
        found = [by_name[name].get(feature) for feature in shown]
        figure.add_bar(
            x=[one.rank if one else None for one in found],
            y=shown,
            name=name,
            orientation="h",
            marker_color=colour,
            text=[_words(one) if one else "" for one in found],
            textposition="outside",
            textfont_size=FONT_SIZE - 1,
            hovertemplate=f"%{{y}}<br>%{{text}}<extra>{name}</extra>",
        )
    left_out = f"; the {most} largest of {len(features)}" if len(features) > most else ""
    said = f"<span style='font-size: 12px'>0: the same distribution, 1: nothing in common{left_out}</span>"
    figure.update_layout(
        template=template(),
        title=f"distance by feature<br>{said}",
        height=len(shown) * (BAR_HEIGHT * len(by_name) + ROW_GAP) + 100,
        margin={"l": 12, "r": 24, "t": 84, "b": 16},
        barmode="group",
        bargap=ROW_GAP / (BAR_HEIGHT * max(len(by_name), 1) + ROW_GAP),
        legend_traceorder="normal",
        showlegend=True,
    )
    longest = max((largest[feature] for feature in shown), default=1.0)
    figure.update_xaxes(visible=False, range=[0, ROOM * longest])  # each bar has its number
    return figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)


def _words(one: FeatureDistance) -> str:
    """What differs, the missing values with it."""
    before, after = (f"{share or 0:.1%}" for share in (one.missing_before, one.missing_after))
    said = one.detail if one.distance is None else f"{one.distance:.3f}  {one.detail}"
    return said if before == after else f"{said}; missing {before} -> {after}"
