"""A model card as pages: well-formed, by themselves, and true to what they are given."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from headrace.contents.model_card import (
    Block,
    Bullets,
    Commands,
    Distributions,
    Dot,
    Dots,
    Facts,
    Figure,
    ModelCard,
    Section,
    Shares,
    StepBox,
    Steps,
    Table,
    Words,
)
from headrace.display.card_html import card_html
from headrace.display.card_markdown import card_markdown
from headrace.display.card_steps import steps_picture
from headrace.display.model_card import write_card
from tests.accessibility import DESK, PHONE, SCHEMES, is_cut_off, opened_in, violations
from tests.pages import Page

NASTY = '<b>&"| * _x_ `y` [z](w) # <script>alert(1)</script>'
DOTS = Dots(
    "payment",
    "auc",
    0.9,
    (Dot("Card", 0.95, 0.9, 500, reliable=True), Dot("Barter", 0.4, None, 3, reliable=False)),
    "hollow: fewer than 100 examples",
)
STEPS = Steps(
    tuple(
        StepBox(number, name, "1 s", number == 3)
        for number, name in enumerate(("Gen", "Stats", "Transform", "Train", "Judge"))
    ),
    ((0, 1), (0, 2), (2, 3), (0, 4), (3, 4)),
)


def card(*blocks: Block) -> ModelCard:
    figures = (Figure("Verdict", "Blessed", NASTY, "good"),)
    return ModelCard(1, "taxi", "a subtitle", figures, (Section("One part", blocks),))


BLOCKS: tuple[Block, ...] = (
    Words(f"{NASTY}\n\nanother"),
    Bullets(((NASTY, "rest"),)),
    Facts((("name", NASTY),)),
    Table(("column", NASTY), (("a/b", NASTY),), numbers=(1,), caption=NASTY),
    Commands((("headrace show 1", "what it holds"),)),
    Shares("a share", (("train", 0.25, "of 8"),)),
    DOTS,
    STEPS,
)


def test_the_page_is_well_formed_and_what_it_says_is_text() -> None:
    page = Page(card_html(card(*BLOCKS)))
    assert page.text.count(NASTY) == 7
    assert "script" not in page.tags
    assert page.tags.count("h1") == 1


def test_the_page_loads_nothing() -> None:
    assert Page(card_html(card(*BLOCKS))).loaded == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everybody_can_use_it_and_nothing_is_cut_off(browser: Browser, tmp_path: Path, scheme: str) -> None:
    write_card(card(*BLOCKS), tmp_path)
    for size in (DESK, PHONE):
        with opened_in(browser, tmp_path / "card.html", size, scheme) as page:
            assert violations(page) == []
            assert not is_cut_off(page)


def test_the_contents_lead_to_the_sections() -> None:
    page = Page(card_html(card()))
    assert ("a", "href", "#one-part") in page.attributes
    assert ("section", "id", "one-part") in page.attributes


def test_markdown_says_the_same_and_takes_nothing_for_markup(tmp_path: Path) -> None:
    words, _ = card_markdown(card(*BLOCKS))
    rendered = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(words))
    assert rendered.text.count(NASTY) == 7
    assert not {"b", "script", "a", "em"} & set(rendered.tags)
    assert rendered.tags.count("table") == 3
    assert "headrace show 1  # what it holds" in rendered.text


@pytest.mark.parametrize("words", ["- a point", "1. a point", "# a title", "snake_case_name", "_x_ and __y__", "a > b"])
def test_the_beginning_of_words_is_no_markup_either(words: str) -> None:
    rendered = Page(MarkdownIt("commonmark").render(card_markdown(card(Words(words)))[0]))
    assert words in rendered.words
    assert not {"ul", "ol", "li", "em", "strong"} & set(rendered.tags)


def test_every_picture_of_the_markdown_is_a_file_beside_it_and_none_is_left_over(tmp_path: Path) -> None:
    write_card(card(*BLOCKS), tmp_path)
    rendered = Page(MarkdownIt("commonmark").render((tmp_path / "card.md").read_text()))
    named = set(rendered.loaded)
    there = {str(path.relative_to(tmp_path)) for path in (tmp_path / "pictures").iterdir()}
    assert named == there
    assert len(named) == 3
    for path in named:
        drawn = ElementTree.parse(tmp_path / path).getroot()
        assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(list(drawn.iter())) > 5


def test_names_that_differ_in_other_letters_only_are_pictures_of_their_own() -> None:
    twice = [Dots(name, "auc", None, (), "") for name in ("a b", "a_b")]
    assert len(card_markdown(card(*twice))[1]) == 2


def test_slices_of_few_examples_are_hollow_and_have_their_number() -> None:
    [drawn] = card_markdown(card(DOTS))[1].values()
    fills = [one.get("fill") for one in drawn.iter("circle")]
    assert fills[0] != "none"
    assert fills[1] == "none"
    words = [one.text for one in drawn.iter("text")]
    assert {"Card", "500", "Barter", "3", "overall 0.900"} <= set(words)


def test_dots_stand_where_their_values_are() -> None:
    [drawn] = card_markdown(card(DOTS))[1].values()
    card_at, barter_at = (float(str(one.get("cx"))) for one in drawn.iter("circle"))
    ticks = {one.text: float(str(one.get("x"))) for one in drawn.iter("text") if one.get("y") == ticks_y(drawn)}
    scale = (ticks["0.8"] - ticks["0.6"]) / 0.2
    assert barter_at == pytest.approx(ticks["0.6"] - 0.2 * scale, abs=0.1)
    assert card_at == pytest.approx(ticks["0.8"] + 0.15 * scale, abs=0.1)


def ticks_y(drawn: ElementTree.Element) -> str:
    [y] = [one.get("y") for one in drawn.iter("text") if one.text == "0.6"]
    return str(y)


@pytest.mark.parametrize("down", [False, True])
def test_each_step_is_behind_those_that_it_read_from_and_no_box_covers_another(down: bool) -> None:
    drawn = steps_picture(STEPS, down=down)
    along, across = ("y", "x") if down else ("x", "y")
    groups = [(one[0], str(one[1].text)) for one in drawn.iter("g")]
    place = {name: (float(str(box.get(along))), float(str(box.get(across)))) for box, name in groups}
    for start, end in STEPS.arrows:
        titles = {one.id: one.title for one in STEPS.boxes}
        assert place[titles[start]][0] < place[titles[end]][0]
    assert len(set(place.values())) == len(place)
    assert [str(one.get("class")) for one in drawn.iter("rect")].count("box subject") == 1
    _, _, width, height = map(float, str(drawn.get("viewBox")).split())
    for box, _ in groups:
        assert 0 <= float(str(box.get("x"))) <= width - float(str(box.get("width")))
        assert 0 <= float(str(box.get("y"))) <= height - float(str(box.get("height")))


def test_what_was_removed_meanwhile_is_an_error_and_no_empty_picture(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        card_html(card(Distributions(str(tmp_path / "gone"), ("fare",))))
