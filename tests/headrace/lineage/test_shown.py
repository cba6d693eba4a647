"""How answers show themselves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headrace.contents.times import local_time
from headrace.lineage.recorded_values import json_of, object_of, text_of
from headrace.lineage.shown import Records, Section, Shown, plain, size, text
from headrace.metadata import Property, State

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "unknown"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (0.1234567, "0.123457"),
        (1e9, "1e+09"),
        (TIME, local_time(TIME)),
        ({"a": 1, "b": [1, None], "c": {"d": True}}, 'a: 1, b: [1, null], c: {"d": true}'),
        ({}, ""),
        ([1, "x", None], "1, x, unknown"),
        ((1, (2, 3)), "1, [2, 3]"),
        ("x", "x"),
        (Path("/a"), "/a"),
    ],
)
def test_a_value_is_told_as_people_read_it(value: object, told: str) -> None:
    assert text(value) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (1_000_000, "1.0 MB"),
        (2_500_000_000, "2.5 GB"),
    ],
)
def test_bytes_are_told_in_the_largest_unit_that_fits(number: float, told: str) -> None:
    assert size(number) == told


@dataclass(frozen=True)
class Thing:
    name: str
    value: object


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Thing("a", Thing("b", (1, 2))), {"name": "a", "value": {"name": "b", "value": [1, 2]}}),
        (State.COMPLETE, "COMPLETE"),
        (TIME, "2026-01-02T03:04:05+00:00"),
        (Path("/a"), "/a"),
        ({(): 1, (("hour", 3),): None, "x": 2, 4: 5}, {"overall": 1, "hour = 3": None, "x": 2, "4": 5}),
        ([Path("/a")], ["/a"]),
        (None, None),
        (0.5, 0.5),
    ],
)
def test_as_json_a_value_is_plain(value: object, expected: object) -> None:
    assert plain(value) == expected


class Answer(Shown):
    def __init__(self, *shown: Section) -> None:
        self._shown = list(shown)

    def sections(self) -> list[Section]:
        return self._shown

    def rows(self) -> list[dict[str, object]]:
        return [{"title": one.title} for one in self._shown]


def test_an_answer_is_a_page_of_its_sections() -> None:
    page = Answer(Section("A <b>", ("one & two",), ("x", "y"), (("1", "<2>"),)), Section("", ("alone",)))._repr_html_()
    cell = 'style="text-align: left; vertical-align: top; white-space: nowrap"'
    assert page == (
        "<h4>A &lt;b&gt;</h4><div>one &amp; two</div>"
        f"<table><thead><tr><th {cell}>x</th><th {cell}>y</th></tr></thead>"
        f"<tbody><tr><td {cell}>1</td><td {cell}>&lt;2&gt;</td></tr></tbody></table>"
        "<div>alone</div>"
    )


def test_a_table_whose_columns_have_no_names_has_no_head() -> None:
    assert "<thead>" not in Answer(Section("A", (), ("", ""), (("1", "2"),)))._repr_html_()


@pytest.mark.parametrize(("length", "broken"), [(40, False), (41, True)])
def test_a_long_cell_is_broken_between_folders(length: int, broken: bool) -> None:
    cell = "/a".rjust(length, "x")
    page = Answer(Section("", (), ("c",), ((cell,),)))._repr_html_()
    assert ("/<wbr>a" in page, page.count("min-width")) == (broken, int(broken))


def test_records_show_themselves_as_a_table_of_their_fields_or_of_some() -> None:
    things = [Thing("a", 1), Thing("b", None)]
    assert "<th" in Records(things)._repr_html_()
    for shown in (Records(things)._repr_html_(), Records(things, ("name",))._repr_html_()):
        assert [cell in shown for cell in (">name<", ">a<", ">b<")] == [True] * 3
    assert ">unknown<" in Records(things)._repr_html_()
    assert ">value<" not in Records(things, ("name",))._repr_html_()
    assert Records()._repr_html_() == "<p>none</p>"
    assert Records(things).to_json() == [{"name": "a", "value": 1}, {"name": "b", "value": None}]
    assert Records(things[:1], ("name",)).to_frame().to_dict("list") == {"name": ["a"], "value": [1]}


def test_answers_show_themselves_one_after_another() -> None:
    answers = Records([Answer(Section("A")), Answer(Section("B"), Section("C"))])
    assert answers._repr_html_() == "<h4>A</h4><h4>B</h4><h4>C</h4>"
    assert list(answers.to_frame()["title"]) == ["A", "B", "C"]


def test_properties_are_read_as_what_they_hold() -> None:
    own: dict[str, Property] = {"text": "x", "number": 3, "empty": "", "zero": 0, "json": '{"a": 1}', "broken": "{"}
    assert [text_of(own, name) for name in ("text", "number", "empty", "zero", "none")] == ["x", "3", None, "0", None]
    assert [json_of(own, name) for name in ("json", "broken", "empty", "none")] == [{"a": 1}, None, None, None]
    assert [object_of(value) for value in ('{"a": 1}', "{", 3, None)] == [{"a": 1}, "{", 3, None]
