"""A model card as Markdown, with its pictures in files beside it."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

from headrace.contents.model_card import Block, Bullets, Commands, Distributions, Facts, ModelCard, Table, Words
from headrace.display.card_pictures import pictures_of

FOLDER = "pictures"
# An underscore in a word is one; at the beginning of a line, some signs make a list.
_SPECIAL = re.compile(r"([\\`*\[\]<>|#~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|(?<=^)[-+](?= )|(?<=^\d)[.)](?= ))")


def card_markdown(card: ModelCard) -> tuple[str, dict[str, Element]]:
    """The card as text, and its pictures by the path, relative to the text, that they are named by.

    Raises:
        FileNotFoundError: what a picture draws was removed since.
    """
    pictures: dict[str, Element] = {}
    parts = [f"# {_plain(card.title)}", _plain(card.subtitle)]
    figures = Table(("", "", ""), tuple((one.label, one.value, one.note) for one in card.figures))
    parts.append(_table(figures))
    for section in card.sections:
        parts += [f"## {_plain(section.title)}", *(_block(block, pictures) for block in section.blocks)]
    return "\n\n".join(parts) + "\n", pictures


def _block(block: Block, pictures: dict[str, Element]) -> str:
    match block:
        case Words():
            return "\n\n".join(map(_plain, block.text.split("\n\n")))
        case Bullets():
            return "\n".join(f"- **{_plain(lead)}**: {_plain(rest)}" for lead, rest in block.points)
        case Facts():
            return _table(Table(("", ""), block.rows))
        case Table():
            return _table(block)
        case Commands():
            wide = max(len(typed) for typed, _ in block.rows)
            lines = (f"{typed:<{wide}}  # {told}" for typed, told in block.rows)
            return "\n".join(("```console", *lines, "```"))
        case Distributions():
            key, *panels = _images(pictures_of(block), pictures)
            return "\n".join((key, "", *panels))
        case _:
            return "\n".join(_images(pictures_of(block), pictures))


def _images(drawn: Iterable[tuple[str, Element]], pictures: dict[str, Element]) -> Iterator[str]:
    for name, one in drawn:
        path = f"{FOLDER}/{re.sub(r'[^0-9A-Za-z]+', '-', name).strip('-').lower()}.svg"
        if path in pictures:  # names that differ in other letters only
            path = path.replace(".svg", f"-{len(pictures)}.svg")
        pictures[path] = one
        yield f"![{_plain(one.get('aria-label', name))}]({quote(path)})"


def _table(table: Table) -> str:
    rules = ["--:" if index in table.numbers else "---" for index in range(len(table.columns))]
    rows = [table.columns, rules, *table.rows]
    lines = [f"| {' | '.join(_plain(cell) if row is not rules else cell for cell in row)} |" for row in rows]
    return "\n".join(lines) + (f"\n\n{_plain(table.caption)}" if table.caption else "")


def _plain(words: str) -> str:
    """Words as they are: nothing in them is taken for Markdown, and they stay in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(words.split()))
