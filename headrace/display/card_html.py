"""A model card as one HTML file: its pictures and its style are in it, and it loads nothing."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from xml.etree.ElementTree import Element

from headrace.contents.model_card import (
    Block,
    Bullets,
    Commands,
    Curves,
    Distributions,
    Dots,
    Facts,
    Figure,
    ModelCard,
    Section,
    Steps,
    Table,
    Words,
)
from headrace.display.card_pictures import pictures_of
from headrace.display.card_steps import steps_picture
from headrace.display.markup import element, html


def card_html(card: ModelCard) -> str:
    """The card as a page.

    Raises:
        FileNotFoundError: what a picture draws was removed since.
    """
    style = files("headrace.display").joinpath("card.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", card.title),
        element("style", style),
    )
    header = element(
        "header",
        element("h1", card.title),
        element("p", card.subtitle, class_="subtitle"),
        element("dl", *map(_figure, card.figures), class_="figures"),
    )
    main = element("main", header, _contents(card), *map(_section, card.sections))
    return html(element("html", head, element("body", main), lang="en"))


def _figure(figure: Figure) -> Element:
    return element(
        "div",
        element("dt", figure.label),
        element("dd", figure.value, class_=f"value {figure.tone}"),
        element("dd", figure.note, class_="note"),
    )


def _contents(card: ModelCard) -> Element:
    links = [element("a", one.title, href=f"#{_anchor(one.title)}") for one in card.sections]
    return element("nav", *links, aria_label="Contents")


def _section(section: Section) -> Element:
    return element("section", element("h2", section.title), *_blocks(section.blocks), id=_anchor(section.title))


def _blocks(blocks: Iterable[Block]) -> Iterator[Element]:
    """The blocks; small charts that follow one another stand side by side."""
    charts: Element | None = None
    for block in blocks:
        if isinstance(block, Dots | Curves):
            if charts is None:
                charts = element("div", class_="charts")
                yield charts
            charts.extend(_figures(block))
        else:
            charts = None
            yield from _block(block)


def _block(block: Block) -> Iterator[Element]:
    match block:
        case Words():
            paragraphs = block.text.split("\n\n")
            yield from (element("p", one, class_="quiet" if block.quiet else "said") for one in paragraphs)
        case Bullets():
            yield element("ul", *(element("li", element("strong", lead), f": {rest}") for lead, rest in block.points))
        case Facts():
            pairs = [(element("dt", name), element("dd", value)) for name, value in block.rows]
            yield element("dl", *(one for pair in pairs for one in pair), class_="facts")
        case Table():
            yield _table(block)
        case Commands():
            rows = [
                element("tr", element("td", element("code", typed)), element("td", told)) for typed, told in block.rows
            ]
            yield element("div", element("table", element("tbody", *rows), class_="two"), class_="wide")
        case Steps():
            yield element("figure", *(drawn for _, drawn in pictures_of(block)), class_="across")
            yield element("figure", steps_picture(block, down=True), class_="down")
        case Distributions():
            [key, *panels] = _figures(block)
            yield key
            yield element("div", *panels, class_="panels")
        case _:
            yield from _figures(block)


def _figures(block: Block) -> Iterator[Element]:
    for _, drawn in pictures_of(block):  # type: ignore[arg-type]
        yield element("figure", drawn)


def _table(table: Table) -> Element:
    def cells(tag: str, row: Iterable[str]) -> Iterator[Element]:
        for index, words in enumerate(row):
            attributes = {"class_": "number"} if index in table.numbers else {}
            if tag == "td":
                attributes["data_column"] = table.columns[index]
            yield element(tag, *_breakable(words), **attributes)

    parts = [element("caption", table.caption)] if table.caption else []
    parts.append(element("thead", element("tr", *cells("th", table.columns))))
    parts.append(element("tbody", *(element("tr", *cells("td", row)) for row in table.rows)))
    return element("div", element("table", *parts, class_="many" if len(table.columns) > 2 else "two"), class_="wide")


def _breakable(words: str) -> Iterator[Element | str]:
    """Words that may be broken behind the slashes of a path."""
    first, *rest = words.split("/")
    yield first
    for part in rest:
        yield from ("/", element("wbr"), part)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
