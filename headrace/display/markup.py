"""Elements of pages and pictures: text is escaped, and what is written is well-formed."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from headrace.display.style import FONT_SIZE

SVG = "http://www.w3.org/2000/svg"
# Pictures in a page take the page's colours of text and lines; one by itself has these, by the reader's preference.
_ALONE = """
text { font-family: system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; }
.ink { fill: #24292f; } .dim { fill: #656d76; } .line { stroke: #d0d7de; } .box { fill: #f6f8fa; stroke: #afb8c1; }
.edge { stroke: #8c959f; } .subject { stroke: #0072b2; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
.ink { fill: #e6edf3; } .dim { fill: #9198a1; } .line { stroke: #3d444d; } .edge { stroke: #7d8590; }
.box { fill: #161b22; stroke: #565e67; } .subject { stroke: #56b4e9; }
}
"""


def element(tag: str, *children: Element | str, **attributes: str | float) -> Element:
    """An element of what is in it; `class_` is the attribute class, `text_anchor` is text-anchor."""
    made = Element(tag, {_name(name): _value(value) for name, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):
            made[-1].tail = f"{made[-1].tail or ''}{child}"
        else:
            made.text = f"{made.text or ''}{child}"
    return made


def picture(width: float, height: float, label: str, *shapes: Element) -> Element:
    """A picture of so many pixels, which becomes smaller where there is less room; `label` is read out instead."""
    box = f"0 0 {_value(width)} {_value(height)}"
    return element(
        "svg", *shapes, viewBox=box, width=width, height=height, role="img", aria_label=label, class_="picture"
    )


def text(x: float, y: float, words: str, **attributes: str | float) -> Element:
    """Words in a picture; their base line begins at a place."""
    given: dict[str, str | float] = {"class_": "ink", "font_size": FONT_SIZE, **attributes}
    return element("text", words, x=x, y=y, **given)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> Element:
    """A thin line in a picture."""
    given: dict[str, str | float] = {"class_": "line", **attributes}
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **given)


def html(page: Element) -> str:
    """A page as a file."""
    return f"<!DOCTYPE html>\n{ElementTree.tostring(page, encoding='unicode', method='html')}\n"


def svg(drawn: Element) -> str:
    """A picture as a file of its own."""
    alone = element("svg", element("style", _ALONE), *drawn, **drawn.attrib, xmlns=SVG)
    return f"{ElementTree.tostring(alone, encoding='unicode')}\n"


def shortened(words: str, most: int) -> str:
    """Words that fit into so many characters."""
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
