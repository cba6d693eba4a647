"""What came of each span: a chart, and a page of its own that shows it without a network."""

from collections.abc import Hashable, Iterator, Mapping
from html import escape
from typing import Any
from xml.etree.ElementTree import Element

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from headrace.display.markup import element
from headrace.display.span_picture import NARROW, WIDE, live_mark, mark_of, span_picture
from headrace.display.style import COLOURS, INK, template
from headrace.display.svg_page import figures, key, svg_page

_TOP_HEIGHT = 390  # pixels
_BAR_SHARE = 0.28  # of that, for each row of bars
_CANDIDATE, _LIVE, _BLESSED, _DRIFT, _REJECTED, _ROWS = COLOURS
_MARKS = {"blessed": ("circle", _BLESSED), "rejected": ("x", _REJECTED)}
_OTHER_MARK = ("diamond", INK)
# What is drawn as bars: title, colour, what is said of one.
_BARS = {
    "drifted": ("drifted", _DRIFT, "%{y} features drifted<br>%{customdata}"),
    "rows": ("rows", _ROWS, "%{y:,} rows"),
}
_COLUMNS = ("span", "rows", "drift", "{metric}", "live {metric}", "verdict", "live after", "why")
_NUMBERS = 5  # columns of them
_VERDICT = 5  # the column
_TONES = {"blessed": "good", "rejected": "bad"}
_Row = Mapping[Hashable, Any]


def span_figure(spans: pd.DataFrame, metric: str) -> go.Figure:
    """The metric of each span's candidate and of the model that was live, over drift and rows where these are known.

    A disc is a candidate that was blessed, a cross one that was rejected, a hollow circle the live model on the
    same examples; a line breaks off where there was no model to measure.

    Args:
        spans: a row a span, in order, with the columns span, rows, drifted, drifted_features, candidate_value,
            live_value, verdict and why; what is unknown is missing.
        metric: the metric's name.
    """
    bars = [name for name in _BARS if spans[name].notna().any()]
    heights = [1.0, *(_BAR_SHARE for _ in bars)]
    total = sum(heights)
    figure = make_subplots(len(heights), 1, shared_xaxes=True, vertical_spacing=0.07, row_heights=heights)
    figure.update_layout(template=template(), height=_TOP_HEIGHT * total, bargap=0.6)
    figure.update_layout(margin={"l": 12, "r": 24, "t": 40, "b": 48})
    _draw_metric(figure, spans, metric)
    for row, name in enumerate(bars, start=2):
        title, colour, hover = _BARS[name]
        figure.add_bar(
            x=_at(spans),
            y=spans[name],
            marker_color=colour,
            customdata=[", ".join(one) if one else "" for one in spans["drifted_features"]],
            hovertemplate=f"{hover}<extra>span %{{x}}</extra>",
            showlegend=False,
            row=row,
            col=1,
        )
        figure.update_yaxes(title=title, rangemode="tozero", nticks=4, tickformat="~s", row=row, col=1)
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=_at(spans), showgrid=False)
    figure.update_xaxes(title="span", row=len(heights), col=1)
    figure.update_yaxes(title=metric, tickformat=".2f", nticks=7, row=1, col=1)
    return figure.update_yaxes(title_standoff=8, automargin=True)


def span_page(spans: pd.DataFrame, pipeline: str, metric: str | None) -> str:
    """An HTML page with a picture of some spans and a table of them; it needs nothing from elsewhere.

    Args:
        spans: as for `span_figure`, with the columns model, baseline, live and live_span too.
        pipeline: whose spans they are.
        metric: the metric's name; None where no model was measured, and there is no picture.
    """
    drawn: list[Element] = []
    if metric:
        marks = [
            (mark_of("blessed", 8, 8), "candidate, blessed"),
            (mark_of("rejected", 8, 8), "candidate, rejected"),
            (live_mark(8, 8), "the model that was live, on the same examples"),
        ]
        drawn = [key(marks), *figures(*(span_picture(spans, metric, width) for width in (WIDE, NARROW)))]
    table = element("div", _table(spans, metric or "metric"), class_="wide")
    return svg_page(f"{pipeline} by span", _summary(spans), [element("section", *drawn, table)])


def _draw_metric(figure: go.Figure, spans: pd.DataFrame, metric: str) -> None:
    place = {"row": 1, "col": 1}
    figure.add_scatter(
        x=_at(spans),
        y=spans["live_value"],
        name="the model that was live",
        mode="lines+markers",
        line={"color": _LIVE, "width": 2, "dash": "dot"},
        marker={"symbol": "circle-open", "size": 15, "line": {"width": 2}},
        hovertemplate=f"live model<br>{metric} %{{y:.4f}}<extra>span %{{x}}</extra>",
        **place,
    )
    line = {"color": _CANDIDATE, "width": 2}
    candidates = spans["candidate_value"]
    figure.add_scatter(x=_at(spans), y=candidates, name="candidate", mode="lines", line=line, hoverinfo="skip", **place)
    for verdict, its in spans.groupby(spans["verdict"].fillna("unknown"), sort=False):
        symbol, colour = _MARKS.get(str(verdict), _OTHER_MARK)
        if its["candidate_value"].notna().any():
            figure.add_scatter(
                x=_at(its),
                y=its["candidate_value"],
                name=str(verdict),
                mode="markers",
                marker={"symbol": symbol, "size": 11, "color": colour},
                customdata=its["why"].map(_wrapped),
                hovertemplate=f"candidate<br>{metric} %{{y:.4f}}<br>%{{customdata}}<extra>span %{{x}}</extra>",
                **place,
            )


def _at(spans: pd.DataFrame) -> list[str]:
    return [str(span) for span in spans["span"]]


def _summary(spans: pd.DataFrame) -> str:
    verdicts = spans["verdict"].fillna("unknown").value_counts(sort=False)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    live = f"live after the last one: {_live(spans.iloc[-1])}"
    return f"{len(spans)} {'span' if len(spans) == 1 else 'spans'}: {counted}; {live}"


def _table(spans: pd.DataFrame, metric: str) -> Element:
    names = [name.format(metric=metric) for name in _COLUMNS]
    kinds = [{"class_": "number"} if index < _NUMBERS else {} for index in range(len(names))]
    kinds[-1] = {"class_": "long"}
    head = element("tr", *(element("th", name, scope="col", **kind) for name, kind in zip(names, kinds, strict=True)))
    rows = []
    for row in spans.to_dict("records"):
        cells = list(_cells(row))
        kinds[_VERDICT] = {"class_": f"tone {_TONES.get(cells[_VERDICT], '')}".rstrip()}
        shown = zip(names, cells, kinds, strict=True)
        rows.append(element("tr", *(element("td", cell, data_column=name, **kind) for name, cell, kind in shown)))
    return element("table", element("thead", head), element("tbody", *rows), class_="many")


def _cells(row: _Row) -> Iterator[str]:
    yield from (str(row["span"]), _number(row["rows"], ",.0f"), _number(row["drifted"], ".0f"))
    for model, value in (("model", "candidate_value"), ("baseline", "live_value")):
        yield "none" if pd.isna(row[model]) else _number(row[value], ".4f")
    yield from (row["verdict"] or "unknown", _live(row), row["why"])


def _live(row: "_Row | pd.Series[Any]") -> str:
    if pd.isna(row["live"]):
        return "nothing"
    model = f"Model {row['live']:.0f}"
    return model if pd.isna(row["live_span"]) else f"span {row['live_span']:.0f} ({model})"


def _number(value: float | None, form: str) -> str:
    return "unknown" if pd.isna(value) else format(value, form)


def _wrapped(text: str) -> str:
    return escape(text).replace("; ", ";<br>")
