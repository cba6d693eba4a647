"""Pictures of how good a model is: a metric by slice, the ROC curve, the calibration."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from xml.etree.ElementTree import Element

from headrace.contents.metrics import metric_text
from headrace.contents.model_card import Dots
from headrace.contents.plots import CalibrationPoint, Plots
from headrace.display.axes import ticks, value_range
from headrace.display.markup import element, line, picture, shortened, text
from headrace.display.style import COLOURS

_WIDTH, _LEFT, _RIGHT = 440, 172, 376  # pixels; between left and right lie the dots
_TOP, _ROW = 62, 22
_SMALL = 10.5
_SQUARE, _SIDE, _MARGIN = 300, 236, 44  # pixels of a curve's picture, of its axes, and left of these


def dots(block: Dots) -> Element:
    """A dot for each value of a feature, hollow where it is of few examples; a dashed line at the overall value."""
    values = [value for one in block.dots for value in (one.value, one.baseline) if value is not None]
    low, high = value_range([*values, *([] if block.overall is None else [block.overall])])
    bottom = _TOP + _ROW * max(len(block.dots), 1)

    def x(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (value - low) / (high - low)

    metric = metric_text(block.metric)
    shapes = [text(0, 14, f"{metric} by {block.feature}", font_weight="600")]
    shapes.append(text(_WIDTH, _TOP - 10, "examples", text_anchor="end", **_dim()))
    if block.overall is not None:
        at = x(block.overall)
        shapes.append(line(at, _TOP - 4, at, bottom, class_="edge", stroke_dasharray="3 3"))
        shapes.append(text(at, _TOP - 10, f"overall {block.overall:.3f}", text_anchor=_anchor(at), **_dim()))
    for index, one in enumerate(block.dots):
        y = _TOP + _ROW * (index + 0.5)
        shapes.append(line(_LEFT, y, _RIGHT, y, stroke_width=0.5))
        if one.baseline is not None:
            bar = {"x": x(one.baseline) - 1.5, "y": y - 7, "width": 3, "height": 14}
            shapes.append(element("rect", **bar, fill=COLOURS[1]))
        fill = COLOURS[0] if one.reliable else "none"
        shapes.append(element("circle", cx=x(one.value), cy=y, r=4.5, fill=fill, stroke=COLOURS[0], stroke_width=1.5))
        kind = "ink" if one.reliable else "dim"
        shapes.append(text(_LEFT - 12, y + 4, shortened(one.label, 22), text_anchor="end", class_=kind))
        count = "" if one.examples is None else f"{one.examples:,}"
        shapes.append(text(_WIDTH, y + 4, count, text_anchor="end", class_=kind))
    if not block.dots:
        shapes.append(text(_LEFT, _TOP + 14, "no slice has a value", **_dim()))
    for tick in ticks(low, high):
        shapes.append(line(x(tick), bottom, x(tick), bottom + 4))
        shapes.append(text(x(tick), bottom + 16, f"{tick:.4g}", text_anchor="middle", **_dim()))
    notes = _notes(block)
    shapes += [text(0, bottom + 38 + 15 * index, words, **_dim()) for index, words in enumerate(notes)]
    return picture(_WIDTH, bottom + 28 + 15 * len(notes), f"{metric} by {block.feature}", *shapes)


def curves(plots: Plots) -> Iterator[tuple[str, Element]]:
    """The ROC curve and the calibration, as far as there are such, by name."""
    if plots.roc:
        points = [(0.0, 0.0), *plots.roc, (1.0, 1.0)]
        labels = ("false positive rate", "true positive rate")
        yield "roc", _square("ROC curve", labels, [_path(points)])
    if plots.calibration:
        tenths = _tenths(plots.calibration)
        circles = [_circle(one, max(each.examples for each in tenths)) for one in tenths]
        labels = ("predicted", "observed")
        yield "calibration", _square("Calibration; larger dots are more examples", labels, circles)


def _notes(block: Dots) -> list[str]:
    """What is to be said below the dots, a line at a time."""
    said = ["bars: the model it was compared with"] if any(one.baseline is not None for one in block.dots) else []
    said += block.note.split("; ") if block.note else []
    return [part for words in said for part in wrap(words, 70)]


def _square(title: str, labels: tuple[str, str], marks: Sequence[Element]) -> Element:
    """A picture with both axes from 0 to 1 and the diagonal."""
    top, bottom, right = 28, 28 + _SIDE, _MARGIN + _SIDE
    shapes = [
        text(0, 14, title, font_weight="600"),
        line(_MARGIN, bottom, right, bottom),
        line(_MARGIN, top, _MARGIN, bottom),
        line(_MARGIN, bottom, right, top, stroke_dasharray="3 3"),
        text(_MARGIN + _SIDE / 2, bottom + 30, labels[0], text_anchor="middle", **_dim()),
        text(
            0, 0, labels[1], text_anchor="middle", transform=f"translate(16 {(top + bottom) / 2}) rotate(-90)", **_dim()
        ),
    ]
    for share in (0.0, 0.5, 1.0):
        shapes.append(text(_x(share), bottom + 15, f"{share:g}", text_anchor="middle", **_dim()))
        shapes.append(text(_MARGIN - 6, _y(share) + 4, f"{share:g}", text_anchor="end", **_dim()))
    return picture(_SQUARE, bottom + 36, title, *shapes, *marks)


def _path(points: Sequence[tuple[float, float]]) -> Element:
    places = " ".join(f"{_x(across):.1f},{_y(up):.1f}" for across, up in points)
    return element("polyline", points=places, fill="none", stroke=COLOURS[0], stroke_width=2)


def _circle(point: CalibrationPoint, most: float) -> Element:
    radius = 2 + 8 * (point.examples / most) ** 0.5
    place = {"cx": _x(min(max(point.predicted, 0), 1)), "cy": _y(min(max(point.observed, 0), 1))}
    return element("circle", **place, r=radius, fill=COLOURS[0], fill_opacity=0.8)


def _tenths(points: Sequence[CalibrationPoint]) -> list[CalibrationPoint]:
    """The points of each tenth of the predictions as one."""
    found = []
    for _, group in groupby(points, lambda one: min(max(math.floor(10 * one.predicted), 0), 9)):
        its = list(group)
        examples = sum(one.examples for one in its)
        predicted = sum(one.predicted * one.examples for one in its) / examples
        found.append(CalibrationPoint(predicted, sum(one.observed * one.examples for one in its) / examples, examples))
    return found


def _x(share: float) -> float:
    return _MARGIN + _SIDE * share


def _y(share: float) -> float:
    return 28 + _SIDE * (1 - share)


def _anchor(place: float) -> str:
    third = (_RIGHT - _LEFT) / 3
    return "start" if place < _LEFT + third else "end" if place > _RIGHT - third else "middle"


def _dim() -> dict[str, str | float]:
    return {"class_": "dim", "font_size": _SMALL}
