"""Statistics as small multiples, one panel a feature, and as a table."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from headrace.contents.statistics import FeatureStatistics, SplitStatistics
from headrace.display.distributions import NumericBars, TextBars, number_text, numeric_bars, text_bars
from headrace.display.style import colours, template
from headrace.errors import UnknownNameError

COLUMNS = 3
PANEL_HEIGHT = 240  # pixels, with its title
LONG_TICK = 10  # characters of an axis label; longer ones have room for two in a panel
WIDE_BAR = 100  # bars over so many whole numbers are labelled at their edges, others as "3 to 5"
MIN_SPAN = 5  # a panel is at least so many bars wide: a single one is no wall
LABEL_LENGTH = 34  # characters of a text value that fit a panel


def statistics_figure(statistics: Mapping[str, SplitStatistics], features: Sequence[str] | None = None) -> go.Figure:
    """Every feature's distribution, a colour for each split.

    Bars are shares of the values that a split has; the missing ones are in the panel's title.
    Where a few large values would squeeze all others into one bar, the last bar takes in all
    that is over the ninth decile, and its label says so.

    Args:
        statistics: split to its statistics.
        features: those to draw, in this order; by default all, in their recorded order.

    Raises:
        UnknownNameError: there is no such feature.
    """
    splits = _largest_first(statistics)
    known = _features(splits)
    for name in features or ():
        if name not in known:
            raise UnknownNameError.among("feature", name, known)
    names = list(features or known)
    panels = {name: {s.split: s.features[name] for s in splits if name in s.features} for name in names}
    rows = ceil(len(names) / COLUMNS)
    figure = make_subplots(
        rows,
        COLUMNS,
        subplot_titles=[_title(name, panel) for name, panel in panels.items()],
        horizontal_spacing=0.06,
        vertical_spacing=min(0.5, 78 / (PANEL_HEIGHT * rows)),
    )
    palette = colours(split.split for split in splits)
    for index, panel in enumerate(panels.values()):
        _draw(figure, panel, palette, index // COLUMNS + 1, index % COLUMNS + 1)
    for split in splits:  # the legend, apart from the bars: a panel may lack a split
        name = f"{split.split} ({split.examples:,} examples)"
        marker = {"color": palette[split.split], "symbol": "square", "size": 11}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=marker)
    figure.update_annotations(font_size=12, xanchor="left", align="left")
    for index, annotation in enumerate(figure.layout.annotations[: len(names)]):
        annotation.x = figure.get_subplot(index // COLUMNS + 1, index % COLUMNS + 1).xaxis.domain[0]
    return figure.update_layout(
        template=template(),
        height=PANEL_HEIGHT * rows + 90,
        margin={"l": 44, "r": 16, "t": 84, "b": 40},
        barmode="group",
        bargap=0.12,
        bargroupgap=0,
        legend={"yref": "container", "y": 0.995, "yanchor": "top", "title": {"text": "share of the values in "}},
    )


def statistics_frame(statistics: Mapping[str, SplitStatistics]) -> pd.DataFrame:
    """One row a feature and split: type, % missing, and what there is of mean, median, spread and top value."""
    splits = _largest_first(statistics)
    cells = ((split, name) for name in _features(splits) for split in splits if name in split.features)
    rows = [_row(split.split, split.features[name]) for split, name in cells]
    return pd.DataFrame(rows).set_index(["feature", "split"])


def _largest_first(statistics: Mapping[str, SplitStatistics]) -> list[SplitStatistics]:
    return sorted(statistics.values(), key=lambda split: -split.examples)


def _features(splits: Sequence[SplitStatistics]) -> dict[str, None]:
    return dict.fromkeys(name for split in splits for name in split.features)


def _row(split: str, feature: FeatureStatistics) -> dict[str, object]:
    row: dict[str, object] = {
        "feature": feature.name,
        "split": split,
        "type": feature.type,
        "missing %": round(100 * feature.missing_share, 2),
    }
    if numeric := feature.numeric:
        zeros = round(100 * numeric.zeros / feature.values, 2)
        row |= {"mean": numeric.mean, "std dev": numeric.std_dev, "zeros %": zeros}
        row |= {"min": numeric.min, "median": numeric.median, "max": numeric.max}
    if text := feature.text:
        label, count = text.ranked[0] if text.ranked else ("", 0.0)
        row |= {"unique": text.unique, "top value": label, "top %": round(100 * count / feature.values, 2)}
    return row


def _title(name: str, panel: Mapping[str, FeatureStatistics]) -> str:
    missing = {split: feature.missing_share for split, feature in panel.items() if feature.missing}
    if not missing:
        return f"<b>{name}</b>"
    shares = {split: _percent(share) for split, share in missing.items()}
    alike = len(shares) == len(panel) and len(set(shares.values())) == 1
    said = next(iter(shares.values())) if alike else ", ".join(f"{split} {share}" for split, share in shares.items())
    return f"<b>{name}</b><br><span style='font-size: 11px'>missing: {said}</span>"


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def _draw(
    figure: go.Figure, panel: Mapping[str, FeatureStatistics], palette: Mapping[str, str], row: int, column: int
) -> None:
    if numeric := numeric_bars(panel):
        _draw_numeric(figure, numeric, palette, row, column)
    elif text := text_bars(panel):
        _draw_text(figure, text, palette, row, column)
    else:
        axis = {"visible": False, "range": [0, 1]}
        figure.add_scatter(x=[0.5], y=[0.5], mode="text", text=["no values"], showlegend=False, row=row, col=column)
        figure.update_xaxes(axis, row=row, col=column).update_yaxes(axis, row=row, col=column)


def _draw_numeric(figure: go.Figure, bars: NumericBars, palette: Mapping[str, str], row: int, column: int) -> None:
    pairs = list(pairwise(bars.edges))
    middles = [(low + high) / 2 for low, high in pairs]
    ranges = bars.labels
    for split, shares in bars.shares.items():
        figure.add_bar(
            x=middles,
            y=shares,
            customdata=ranges,
            hovertemplate=f"%{{customdata}}: %{{y:.1%}} of {split}<extra></extra>",
            marker={"color": palette[split]},
            showlegend=False,
            row=row,
            col=column,
        )
    if len(middles) == 1 or (bars.whole and bars.edges[1] - bars.edges[0] < WIDE_BAR):
        ticks = dict(zip(middles, ranges, strict=True))
    else:
        ticks = {edge: number_text(edge + 0.5 if bars.whole else edge) for edge in bars.edges}
    if bars.open_ended:
        ticks = {place: text for place, text in ticks.items() if place < bars.edges[-3]} | {middles[-1]: ranges[-1]}
    if max(len(text) for text in ticks.values()) > LONG_TICK and len(middles) > 1:
        shown = _spread(list(ticks)[2:-2], 2)  # away from the sides: half a label is wider than the gap there
    else:
        shown = _spread(list(ticks), 3)
    margin = max(0.0, (MIN_SPAN - len(middles)) / 2) * (bars.edges[1] - bars.edges[0])
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", nticks=4, row=row, col=column)
    figure.update_xaxes(
        showgrid=False,
        tickvals=shown,
        ticktext=[ticks[place] for place in shown],
        tickangle=0,
        range=[bars.edges[0] - margin, bars.edges[-1] + margin],
        row=row,
        col=column,
    )


def _spread(places: list[float], most: int) -> list[float]:
    """At most so many of the places: the first, the last, and those evenly between."""
    chosen = {round(index * (len(places) - 1) / (most - 1)) for index in range(most)}
    return [places[index] for index in sorted(chosen)]


def _draw_text(figure: go.Figure, bars: TextBars, palette: Mapping[str, str], row: int, column: int) -> None:
    # Each value's label stands above its bars, inside the panel: long ones need no margin.
    places = list(range(len(bars.labels)))
    thick = 0.42 / len(bars.shares)
    for index, (split, shares) in enumerate(bars.shares.items()):
        figure.add_bar(
            y=places,
            x=shares,
            orientation="h",
            offset=0.38 + thick * index,
            width=thick,
            customdata=bars.labels,
            hovertemplate=f"%{{customdata}}: %{{x:.1%}} of {split}<extra></extra>",
            marker={"color": palette[split]},
            showlegend=False,
            row=row,
            col=column,
        )
    figure.add_scatter(
        x=[0] * len(places),
        y=[place + 0.17 for place in places],
        mode="text",
        text=[_shortened(label) for label in bars.labels],
        textposition="middle right",
        textfont={"size": 11},
        hoverinfo="skip",
        showlegend=False,
        row=row,
        col=column,
    )
    figure.update_yaxes(
        range=[max(len(places), 4), -0.1], showticklabels=False, ticks="", showgrid=False, row=row, col=column
    )
    figure.update_xaxes(tickformat=".0%", rangemode="tozero", nticks=5, showgrid=False, row=row, col=column)


def _shortened(label: str) -> str:
    return label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1]}…"
