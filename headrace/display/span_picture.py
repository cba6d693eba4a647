"""What came of each span as a picture: the candidate and the live model, what drifted, how many rows."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import pandas as pd

from headrace.display.axes import ticks, value_range
from headrace.display.markup import element, line, picture, text
from headrace.display.style import COLOURS

WIDE, NARROW = 940, 340  # pixels
_LEFT, _RIGHT, _TOP = 46, 14, 12
_HEIGHT, _BARS = 220, 54  # of the metric, and of each row of bars
_GAP = 26
_CANDIDATE, _LIVE, _BLESSED, _DRIFT, _REJECTED, _ROWS = COLOURS
_BAR_ROWS = {"drifted": ("features that drifted", _DRIFT), "rows": ("rows", _ROWS)}
_LABEL = 26  # pixels that the number of a span needs
Row = Mapping[Hashable, Any]


def span_picture(spans: pd.DataFrame, metric: str, width: float) -> Element:
    """The metric of each span's candidate and of the model that was live, over drift and rows where these are known.

    Args:
        spans: as for `headrace.display.span_page.span_figure`.
        metric: the metric's name.
        width: of the picture, in pixels.
    """
    rows = spans.to_dict("records")
    step = (width - _LEFT - _RIGHT) / len(rows)
    places = [_LEFT + step * (index + 0.5) for index in range(len(rows))]
    shapes = _metric(rows, places, metric, width)
    y = _TOP + _HEIGHT
    for name, (title, colour) in _BAR_ROWS.items():
        if spans[name].notna().any():
            y += _GAP
            shapes += _bars(rows, places, name, title, colour, (y, width, min(step * 0.6, 34)))
            y += _BARS
    every = max(1, -(-_LABEL // int(max(step, 1))))  # of the spans so many have a label
    for index, (row, x) in enumerate(zip(rows, places, strict=True)):
        if index % every == 0:
            shapes.append(text(x, y + 18, str(row["span"]), text_anchor="middle", class_="dim"))
    shapes.append(text(_LEFT, y + 38, "span", class_="dim"))
    return picture(width, y + 46, f"{metric} of each span's candidate and of the model that was live", *shapes)


def mark_of(verdict: str | None, x: float, y: float) -> Element:
    """A disc for a candidate that was blessed, a cross for one that was rejected, a diamond for any other."""
    if verdict == "blessed":
        return element("circle", cx=x, cy=y, r=5, fill=_BLESSED)
    if verdict == "rejected":
        cross = f"M{x - 5:.2f} {y - 5:.2f}l10 10m0 -10l-10 10"
        return element("path", d=cross, stroke=_REJECTED, stroke_width=3, fill="none")
    return element("path", d=f"M{x:.2f} {y - 6:.2f}l6 6l-6 6l-6 -6z", class_="dim")


def live_mark(x: float, y: float) -> Element:
    """A ring for the model that was live."""
    return element("circle", cx=x, cy=y, r=7, fill="none", stroke=_LIVE, stroke_width=2)


def _metric(rows: Sequence[Row], places: Sequence[float], metric: str, width: float) -> list[Element]:
    values = [row[name] for row in rows for name in ("candidate_value", "live_value") if not pd.isna(row[name])]
    low, high = value_range(values)

    def height(value: float) -> float:
        return _TOP + _HEIGHT * (high - value) / (high - low)

    shapes = [text(_LEFT, _TOP - 1, metric, class_="dim")]
    for tick in ticks(low, high):
        shapes.append(line(_LEFT, height(tick), width - _RIGHT, height(tick), stroke_width=0.6))
        shapes.append(text(_LEFT - 8, height(tick) + 4, f"{tick:.4g}", text_anchor="end", class_="dim"))
    for name, colour, dash in (("live_value", _LIVE, "2 4"), ("candidate_value", _CANDIDATE, "none")):
        shapes += [
            element("polyline", points=part, fill="none", stroke=colour, stroke_width=2, stroke_dasharray=dash)
            for part in _parts(rows, places, name, height)
        ]
    for row, x in zip(rows, places, strict=True):
        if not pd.isna(row["live_value"]):
            shapes.append(_told(live_mark(x, height(row["live_value"])), row, f"live model {row['live_value']:.4f}"))
        if not pd.isna(row["candidate_value"]):
            mark = mark_of(row["verdict"], x, height(row["candidate_value"]))
            shapes.append(_told(mark, row, f"candidate {row['candidate_value']:.4f}, {row['why']}"))
    return shapes


def _parts(rows: Sequence[Row], places: Sequence[float], name: str, height: Any) -> list[str]:
    """Points of the line; it breaks off where there was no model to measure."""
    parts: list[list[str]] = [[]]
    for row, x in zip(rows, places, strict=True):
        if pd.isna(row[name]):
            parts.append([])
        else:
            parts[-1].append(f"{x:.1f},{height(row[name]):.1f}")
    return [" ".join(part) for part in parts if len(part) > 1]


def _bars(
    rows: Sequence[Row],
    places: Sequence[float],
    name: str,
    title: str,
    colour: str,
    place: tuple[float, float, float],
) -> list[Element]:
    """A row of bars: `place` is its top, the picture's width, and the width of a bar."""
    top, width, wide = place
    most = max((row[name] for row in rows if not pd.isna(row[name])), default=0) or 1
    bottom = top + _BARS
    shapes = [
        text(_LEFT, top - 7, title, class_="dim"),
        text(_LEFT - 8, top + 10, f"{most:,.0f}", text_anchor="end", class_="dim", font_size=10.5),
        line(_LEFT, bottom, width - _RIGHT, bottom, class_="edge"),
    ]
    for row, x in zip(rows, places, strict=True):
        if not pd.isna(row[name]):
            tall = _BARS * row[name] / most
            bar = element("rect", x=x - wide / 2, y=bottom - tall, width=wide, height=tall, fill=colour)
            shapes.append(_told(bar, row, f"{row[name]:,.0f} {title}"))
    return shapes


def _told(shape: Element, row: Row, words: str) -> Element:
    shape.append(element("title", f"span {row['span']}: {words}"))
    return shape
