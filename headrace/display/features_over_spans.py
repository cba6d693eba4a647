"""How features change from span to span of the data: numbers by their quantiles, texts by the shares of values."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from headrace.contents.statistics import FeatureStatistics, SplitStatistics
from headrace.display.distributions import ALL_OTHERS, text_bars
from headrace.display.panels import Place, panels
from headrace.display.slices import shortened
from headrace.display.style import COLOURS, INK, colours
from headrace.errors import UnknownNameError

Spans = Mapping[int, SplitStatistics]
"""A span to its statistics, in order."""

_BANDS = {
    (0.1, 0.9): ("the middle 80 % of the values", "rgba(0, 114, 178, 0.16)"),
    (0.25, 0.75): ("the middle 50 %", "rgba(0, 114, 178, 0.3)"),
}
_LINES = {"median": ("solid", COLOURS[0]), "mean": ("dot", COLOURS[4])}
_QUANTILES = (0.1, 0.25, 0.75, 0.9)
_VALUES = 5  # of a text feature, in a table
_TITLE_LABELS = 12  # characters of a value in a panel's title


def features_over_spans(statistics: Spans, features: Sequence[str]) -> go.Figure:
    """A panel for each feature: what a number's values are in each span, which shares a text's values have.

    Shares are of the values that there are; how much is missing stands in the panel's title.

    Args:
        statistics: a span to its statistics, in order.
        features: those to draw, in this order.

    Raises:
        UnknownNameError: no span has such a feature.
    """
    its = [_of_feature(statistics, name) for name in features]
    figure, places = panels([_title(name, found) for name, found in zip(features, its, strict=True)])
    spans = [str(span) for span in statistics]
    legend: set[str] = set()
    for found, place in zip(its, places, strict=True):
        if any(one.numeric for one in found.values()):
            _draw_numbers(figure, found, place, legend)
        else:
            _draw_texts(figure, found, place)
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=spans, showgrid=False, **place)
        figure.update_xaxes(range=[-0.4, len(spans) - 0.6], **place)
    return figure.update_yaxes(nticks=5)


def feature_frame(statistics: Spans, feature: str) -> pd.DataFrame:
    """A row a span: how many examples, % missing, and a number's mean and quantiles or the % of a text's values.

    Raises:
        UnknownNameError: no span has such a feature.
    """
    found = _of_feature(statistics, feature)
    shares = text_bars({str(span): one for span, one in found.items()})
    rows = []
    for span, one in found.items():
        row: dict[str, object] = {"span": span, "examples": statistics[span].examples}
        row["missing %"] = round(100 * one.missing_share, 2)
        if one.numeric:
            low, lower, upper, high = map(one.numeric.quantile, _QUANTILES)
            row |= {"mean": one.numeric.mean, "10 %": low, "25 %": lower, "median": one.numeric.median}
            row |= {"75 %": upper, "90 %": high}
        if one.text and shares:
            its = zip(shares.labels, shares.shares[str(span)], strict=True)
            row |= {f"{label} %": round(100 * share, 2) for label, share in its}
        rows.append(row)
    return pd.DataFrame(rows).set_index("span")


def _of_feature(statistics: Spans, feature: str) -> dict[int, FeatureStatistics]:
    """Its statistics in the spans that have it."""
    found = {span: its.features[feature] for span, its in statistics.items() if feature in its.features}
    if not found:
        known = {name for its in statistics.values() for name in its.features}
        raise UnknownNameError.among("feature", feature, known)
    return found


def _title(name: str, found: Mapping[int, FeatureStatistics]) -> str:
    """The name; of texts the values in their colours; how much is missing, if anything is."""
    said = []
    if (bars := text_bars({str(span): one for span, one in found.items()})) is not None:
        palette = {**colours(bars.labels), ALL_OTHERS: INK}
        said.append(" ".join(f"<span style='color: {palette[one]}'>{_short(one)}</span>" for one in bars.labels))
    shares = [one.missing_share for one in found.values()]
    if max(shares) > 0:
        low, high = (f"{share:.1%}" for share in (min(shares), max(shares)))
        said.append(f"missing: {low if low == high else f'{low} to {high}'}")
    return f"<b>{name}</b><br><span style='font-size: 11px'>{'; '.join(said)}</span>"


def _short(label: str) -> str:
    return label if len(label) <= _TITLE_LABELS else f"{label[: _TITLE_LABELS - 1]}…"


def _draw_numbers(figure: go.Figure, found: Mapping[int, FeatureStatistics], place: Place, legend: set[str]) -> None:
    numbers = {str(span): one.numeric for span, one in found.items() if one.numeric}
    spans = list(numbers)
    for (low, high), (name, colour) in _BANDS.items():
        lower = [one.quantile(low) for one in numbers.values()]
        upper = [one.quantile(high) for one in numbers.values()]
        if None in lower:
            continue
        edge = {"mode": "lines", "line_width": 0, "hoverinfo": "skip", "legendgroup": name}
        figure.add_scatter(x=spans, y=lower, showlegend=False, **edge, **place)
        fill = {"fill": "tonexty", "fillcolor": colour, "name": name, "showlegend": name not in legend}
        figure.add_scatter(x=spans, y=upper, **edge, **fill, **place)
        legend.add(name)
    for name, (dash, colour) in _LINES.items():
        figure.add_scatter(
            x=spans,
            y=[getattr(one, name) for one in numbers.values()],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker_size=5,
            hovertemplate=f"{name} %{{y:.4~g}}<extra>span %{{x}}</extra>",
            legendgroup=name,
            showlegend=name not in legend,
            **place,
        )
        legend.add(name)


def _draw_texts(figure: go.Figure, found: Mapping[int, FeatureStatistics], place: Place) -> None:
    bars = text_bars({str(span): one for span, one in found.items()})
    if bars is None:
        return
    palette = {**colours(bars.labels), ALL_OTHERS: INK}
    for index, label in enumerate(bars.labels):
        figure.add_scatter(
            x=list(bars.shares),
            y=[shares[index] for shares in bars.shares.values()],
            name=label,
            mode="lines+markers",
            line={"color": palette[label], "width": 2},
            marker_size=5,
            hovertemplate=f"{shortened(label)} %{{y:.2%}}<extra>span %{{x}}</extra>",
            showlegend=False,
            **place,
        )
    figure.update_yaxes(tickformat=".0%", **place)
