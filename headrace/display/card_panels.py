"""Small pictures of a model card's data: a feature by split, and shares."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from xml.etree.ElementTree import Element

from headrace.contents.model_card import Shares
from headrace.contents.statistics import FeatureStatistics, SplitStatistics
from headrace.display.distributions import NumericBars, TextBars, numeric_bars, text_bars
from headrace.display.markup import element, line, picture, shortened, text
from headrace.display.style import COLOURS

WIDTH, HEIGHT = 280, 174  # pixels of a panel
_GAP = 20  # to the panel beside it
_TOP, _BOTTOM = 48, 154  # of the bars
_SMALL = 10.5  # pixels of the lesser words
_TEXT_ROW = 22
_LABEL_LENGTH = 42
_SHARES_WIDTH, _SHARES_LEFT, _SHARES_RIGHT = 440, 110, 330


def legend(splits: Mapping[str, SplitStatistics], palette: Mapping[str, str]) -> Element:
    """Which colour is which split."""
    shapes: list[Element] = []
    place = 0.0
    for name in palette:
        words = f"{name} ({splits[name].examples:,} examples)"
        shapes += [
            element("rect", x=place, y=4, width=11, height=11, rx=2, fill=palette[name]),
            text(place + 17, 14, words),
        ]
        place += 40 + 6.8 * len(words)
    return picture(place, 20, f"colours: {', '.join(palette)}", *shapes)


def panel(name: str, features: Mapping[str, FeatureStatistics], palette: Mapping[str, str]) -> Element:
    """One feature's distribution, a colour for each split."""
    shapes = [text(0, 14, shortened(name, 36), font_weight="600"), text(0, 30, _missing(features), **_dim())]
    if numeric := numeric_bars(features):
        shapes += _numeric(numeric, palette)
    elif texts := text_bars(features):
        shapes += _texts(texts, palette)
    else:
        shapes.append(text(0, 60, "no values", **_dim()))
    return picture(WIDTH + _GAP, HEIGHT, f"{name} by split", *shapes)


def shares(block: Shares) -> Element:
    """Bars from 0 to 100 %."""
    shapes = [text(0, 14, block.caption, font_weight="600")]
    width = _SHARES_RIGHT - _SHARES_LEFT
    for index, (label, share, beside) in enumerate(block.rows):
        y = 30.0 + 26 * index
        shapes += [
            text(_SHARES_LEFT - 10, y + 12, shortened(label, 16), text_anchor="end"),
            element("rect", x=_SHARES_LEFT, y=y, width=width, height=16, rx=2, class_="box", stroke_width=0),
            element("rect", x=_SHARES_LEFT, y=y, width=width * share, height=16, rx=2, fill=COLOURS[0]),
            text(_SHARES_RIGHT + 10, y + 12, f"{share:.1%} {beside}"),
        ]
    return picture(_SHARES_WIDTH, 34 + 26 * len(block.rows), block.caption, *shapes)


def _numeric(bars: NumericBars, palette: Mapping[str, str]) -> Iterator[Element]:
    count, top = len(bars.edges) - 1, max(max(ones) for ones in bars.shares.values())
    slot = WIDTH / max(count, 5)
    room = (WIDTH - slot * count) / 2
    yield line(0, _TOP, WIDTH, _TOP, stroke_dasharray="2 3")
    yield text(WIDTH, _TOP - 4, f"{top:.0%}", text_anchor="end", **_dim())
    drawn = [split for split in palette if split in bars.shares]
    thick = slot * 0.84 / len(drawn)
    for place, split in enumerate(drawn):
        for index, share in enumerate(bars.shares[split]):
            height = (_BOTTOM - _TOP) * share / top
            x = room + slot * (index + 0.08) + thick * place
            yield element("rect", x=x, y=_BOTTOM - height, width=thick, height=height, fill=palette[split])
    yield line(0, _BOTTOM, WIDTH, _BOTTOM)
    first, last = _ends(bars)
    if count == 1:
        yield text(WIDTH / 2, _BOTTOM + 15, first, text_anchor="middle", **_dim())
    else:
        yield text(0, _BOTTOM + 15, first, **_dim())
        yield text(WIDTH, _BOTTOM + 15, last, text_anchor="end", **_dim())


def _ends(bars: NumericBars) -> tuple[str, str]:
    """The words below the first and the last bar."""
    names = [_range(low, high, whole=bars.whole) for low, high in pairwise(bars.edges)]
    if not bars.whole and len(names) > 1:
        names[0], names[-1] = _number(bars.edges[0]), _number(bars.edges[-1])
    return names[0], f"over {_number(bars.edges[-2])}" if bars.open_ended else names[-1]


def _range(low: float, high: float, *, whole: bool) -> str:
    if not whole:
        return f"{_number(low)} to {_number(high)}"
    first, last = round(low + 0.5), round(high - 0.5)
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _texts(bars: TextBars, palette: Mapping[str, str]) -> Iterator[Element]:
    drawn = [split for split in palette if split in bars.shares]
    thick = 6 / len(drawn)
    top = max(max(ones) for ones in bars.shares.values())
    for index, label in enumerate(bars.labels):
        y = 50.0 + _TEXT_ROW * index
        yield text(0, y, shortened(label, _LABEL_LENGTH), font_size=_SMALL)
        largest = max(bars.shares[split][index] for split in drawn)
        yield text(WIDTH, y, _percent(largest), text_anchor="end", **_dim())
        for place, split in enumerate(drawn):
            width = WIDTH * bars.shares[split][index] / top
            yield element("rect", x=0, y=y + 4 + thick * place, width=width, height=thick, fill=palette[split])


def _missing(features: Mapping[str, FeatureStatistics]) -> str:
    gaps = {split: feature.missing_share for split, feature in features.items() if feature.missing}
    if not gaps:
        return "none missing"
    return f"missing: {', '.join(f'{split} {_percent(share)}' for split, share in gaps.items())}"


def _percent(share: float) -> str:
    return "< 1%" if 0 < share < 0.01 else "> 99%" if 0.99 < share < 1 else f"{share:.0%}"


def _dim() -> dict[str, str | float]:
    return {"class_": "dim", "font_size": _SMALL}
