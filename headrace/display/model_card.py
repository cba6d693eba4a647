"""Pages of a model card: one of HTML, one of Markdown with its pictures beside it."""

from pathlib import Path

from headrace.contents.model_card import ModelCard
from headrace.display.card_html import card_html
from headrace.display.card_markdown import FOLDER, card_markdown
from headrace.display.markup import svg

HTML, MARKDOWN = "card.html", "card.md"


def write_card(card: ModelCard, folder: Path) -> None:
    """Writes card.html, card.md and the folder of its pictures into `folder`, which is made where it is missing.

    Raises:
        FileNotFoundError: what a picture draws was removed since.
    """
    page, (words, pictures) = card_html(card), card_markdown(card)
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / HTML).write_text(page, encoding="utf-8")
    (folder / MARKDOWN).write_text(words, encoding="utf-8")
    for path, drawn in pictures.items():
        (folder / path).write_text(svg(drawn), encoding="utf-8")
