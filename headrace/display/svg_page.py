"""A page of words, pictures and tables in the look of the model card: one file, without scripts, that loads nothing."""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

from headrace.display.markup import element, html

# Beside the card's style: a picture for a window, another for a phone; words that mean good and bad.
_STYLE = """
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 14px 0 0; color: var(--dim); font-size: 13px; }
.key span { display: inline-flex; align-items: center; gap: 6px; }
.tone.good { color: var(--good); font-weight: 600; } .tone.bad { color: var(--bad); font-weight: 600; }
.tone::before { font-weight: 400; }
td.long { min-width: 22em; }
@media (max-width: 640px) { td.long { min-width: 0; } }
"""


def svg_page(title: str, subtitle: str, sections: Iterable[Element]) -> str:
    """The page as HTML."""
    style = files("headrace.display").joinpath("card.css").read_text(encoding="utf-8") + _STYLE
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", style),
    )
    header = element("header", element("h1", title), element("p", subtitle, class_="subtitle"))
    return html(element("html", head, element("body", element("main", header, *sections)), lang="en"))


def section(title: str, *children: Element) -> Element:
    """A part of a page with a heading."""
    return element("section", element("h2", title), *children)


def figures(wide: Element, narrow: Element) -> list[Element]:
    """A picture as it fits a window, and as it fits a phone."""
    return [element("figure", wide, class_="across"), element("figure", narrow, class_="down")]


def key(marks: Sequence[tuple[Element, str]]) -> Element:
    """What marks mean."""
    shown = (
        element("span", element("svg", mark, width=16, height=16, viewBox="0 0 16 16", aria_hidden="true"), words)
        for mark, words in marks
    )
    return element("p", *shown, class_="key")
