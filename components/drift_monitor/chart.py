"""The report as a page that needs no network: how far each feature moved, and what moved in those that drifted."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from headrace.contents.drift import MISSING, Drift, FeatureDrift, drift_text
from headrace.display.markup import element, line, picture, shortened, text
from headrace.display.style import COLOURS
from headrace.display.svg_page import figures, key, section, svg_page

BEFORE, AFTER, ALARM, CALM = COLOURS[5], COLOURS[0], COLOURS[4], "#8c959f"
MOST_FEATURES = 30  # of the ranking
MOST_PANELS = 12
LABEL_LENGTH = 24  # characters
FARTHEST = 10.0  # times the threshold: what is farther ends there, and its label says how far
_WIDE, _NARROW, _PANEL = 940, 340, 300  # pixels
_ROW, _BAR = 50, 10  # of the ranking
_TOP = 26
_VALUE_ROW, _VALUE_LEFT, _VALUE_RIGHT = 34, 118, 252  # of a panel; between left and right lie the bars
_SMALL = 10.5


def chart_page(drift: Drift) -> str:
    """The page, as HTML."""
    headline = drift_text(drift).splitlines()[0]
    sections = []
    if drift.features:
        marks = [(_square(ALARM), "drifted"), (_square(CALM), "within its threshold")]
        pictures = (ranking_picture(drift.features, width) for width in (_WIDE, _NARROW))
        sections.append(section("Distance over threshold", key(marks), *figures(*pictures)))
    drifted = [one for one in drift.features if one.drifted and one.shares and one.measure != MISSING][:MOST_PANELS]
    if drifted:
        marks = [(_square(BEFORE), "before"), (_square(AFTER), "after")]
        panels = element("div", *(element("figure", shares_picture(one)) for one in drifted), class_="panels")
        sections.append(section("What moved", key(marks), panels))
    return svg_page(headline, _subtitle(drift), sections)


def ranking_picture(features: Sequence[FeatureDrift], width: float) -> Element:
    """A bar for each feature, by the measure that is farthest over its threshold; the farthest first."""
    farthest = {one.feature: one for one in reversed(features)}
    shown = sorted(farthest.values(), key=lambda one: -one.excess)[:MOST_FEATURES]
    most = max(1.3, *(min(one.excess, FARTHEST) for one in shown))
    bottom = _TOP + _ROW * len(shown)
    threshold = width / most
    shapes = [
        line(threshold, _TOP - 8, threshold, bottom, class_="edge", stroke_dasharray="3 3"),
        text(threshold, _TOP - 12, "threshold", text_anchor=_anchor(threshold, width), class_="dim", font_size=_SMALL),
    ]
    for index, one in enumerate(shown):
        y = _TOP + _ROW * index
        long = max(1.0, width * min(one.excess, FARTHEST) / most)
        colour = ALARM if one.drifted else CALM
        bar = element("rect", element("title", str(one)), x=0, y=y + 18, width=long, height=_BAR, fill=colour)
        shapes += [
            text(0, y + 12, shortened(one.feature, LABEL_LENGTH), font_weight="600"),
            text(width, y + 12, _figures(one), text_anchor="end", font_size=_SMALL),
            bar,
            text(0, y + 40, one.measure_name, class_="dim", font_size=_SMALL),
        ]
    return picture(width, bottom + 4, "how far each feature moved, in times its threshold", *shapes)


def shares_picture(one: FeatureDrift) -> Element:
    """The shares of a feature's values before and after."""
    most = max(max(share.before, share.after) for share in one.shares) or 1.0
    shapes = [
        text(0, 13, shortened(one.feature, LABEL_LENGTH), font_weight="600"),
        text(0, 29, _figures(one), class_="dim", font_size=_SMALL),
    ]
    for index, share in enumerate(one.shares):
        top = 40 + _VALUE_ROW * index
        shapes.append(text(_VALUE_LEFT - 8, top + 16, shortened(share.value, 16), text_anchor="end"))
        for row, (value, colour) in enumerate(((share.before, BEFORE), (share.after, AFTER))):
            y = top + 13 * row
            wide = max(0.5, (_VALUE_RIGHT - _VALUE_LEFT) * value / most)
            shapes.append(element("rect", x=_VALUE_LEFT, y=y, width=wide, height=11, fill=colour))
            shapes.append(text(_VALUE_LEFT + wide + 5, y + 9.5, f"{value:.1%}", font_size=_SMALL))
    return picture(_PANEL, 44 + _VALUE_ROW * len(one.shares), f"{one.feature} before and after", *shapes)


def _subtitle(drift: Drift) -> str:
    parts = [f"after: {_data(drift.after.artifacts, drift.after.spans)}"]
    if drift.before:
        parts.insert(0, f"before: {_data(drift.before.artifacts, drift.before.spans)}")
        parts.append(f"at most {100 * drift.false_alarm_rate:.3g} % of reports on unchanged data tell of a drift")
    if drift.untold:
        parts.append("cannot be told: " + ", ".join(drift.untold))
    if drift.not_compared:
        parts.append("not compared: " + ", ".join(f"{one.feature} ({one.why})" for one in drift.not_compared))
    return "; ".join(parts)


def _data(artifacts: Sequence[int], spans: Sequence[int]) -> str:
    ids = ", ".join(map(str, artifacts))
    return f"statistics {ids} of span {', '.join(map(str, spans))}" if any(spans) else f"statistics {ids}"


def _figures(one: FeatureDrift) -> str:
    return f"{one.distance:.3f}, allowed {one.threshold:.3f}" if one.threshold else one.threshold_from


def _square(colour: str) -> Element:
    return element("rect", x=2, y=2, width=12, height=12, rx=2, fill=colour)


def _anchor(place: float, width: float) -> str:
    return "end" if place > width - 40 else "middle"
