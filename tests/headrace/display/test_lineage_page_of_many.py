"""Pages of made records: 300 of them, hostile ones, what has no room, what came from the cache."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from headrace.display.page.lineage_page import LineagePage
from headrace.display.page.nodes import edges_of, nodes_of
from headrace.metadata import State
from headrace.metadata.graph import Event, Graph
from tests.headrace.display.conftest import Open
from tests.headrace.display.lineage_of_spans import FAILED, RECORDS, SPANS, graph_of_spans

SMALLEST_TYPE = 7  # pixels on the screen
HOSTILE = "</script><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of_spans()


@pytest.fixture(scope="module")
def many(graph: Graph, opened: Open, tmp_path_factory: pytest.TempPathFactory) -> Page:
    file = tmp_path_factory.mktemp("page") / "many.html"
    file.write_text(LineagePage("24 spans of taxi", graph).html(), encoding="utf-8")
    return opened(file)


def test_three_hundred_records_are_three_hundred_nodes(many: Page) -> None:
    expect(many.locator(".node")).to_have_count(RECORDS)
    expect(many.locator("#record .sub")).to_have_text(re.compile("^139 executions, 161 artifacts"))


def test_no_two_nodes_overlap(many: Page) -> None:
    boxes = many.locator(".node .body").evaluate_all(
        "all => all.map(one => { const b = one.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })"
    )
    for index, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[index + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_names_can_be_read_as_the_page_opens(many: Page) -> None:
    sizes = many.locator(".node .distant").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    )
    assert min(sizes) >= SMALLEST_TYPE
    inside = many.locator(".node").evaluate_all(
        """all => all.map(one => [one.querySelector('.body'), one.querySelector('.distant')]
                               .map(part => part.getBoundingClientRect().width))"""
    )
    assert all(name <= body for body, name in inside)


def test_what_failed_is_found_and_tells_its_error(many: Page) -> None:
    many.locator("#search").fill("failed")
    many.locator("#search").press("Enter")
    expect(many.locator("#record h2")).to_have_text("Pusher")
    expect(many.locator("#record .error")).to_contain_text("No space left on device")
    expect(many.locator("#record .facts").nth(1)).to_contain_text(f"run-{FAILED:02}")
    expect(many.locator(".node.chosen")).to_be_in_viewport()
    many.locator("#search").press("Escape")


def test_what_is_called_as_was_asked_is_found_before_what_has_the_words_somewhere(
    graph: Graph, opened: Open, tmp_path: Path
) -> None:
    first, *_, last = [one for one in graph.artifacts.values() if one.type == "Examples"]
    artifacts = {**graph.artifacts, first.id: replace(first, uri=f"/data/{last.id}")}
    file = tmp_path / "page.html"
    file.write_text(LineagePage("spans", replace(graph, artifacts=artifacts)).html(), encoding="utf-8")
    page = opened(file)
    page.locator("#search").fill(f"examples {last.id}")
    page.locator("#search").press("Enter")
    expect(page.locator("#found")).to_have_text("1 of 2")
    expect(page.locator(".node.chosen")).to_have_attribute("id", f"node-a{last.id}")
    page.locator("#search").press("Enter")
    expect(page.locator(".node.chosen")).to_have_attribute("id", f"node-a{first.id}")


def test_executions_only_leaves_the_executions(many: Page, graph: Graph) -> None:
    many.keyboard.press("e")
    expect(many.locator(".node")).to_have_count(len(graph.executions))
    edges = many.evaluate("picture.view.edges.map(edge => [edge.source, edge.target])")
    names = {f"e{one.id}": one.node for one in graph.executions.values()}
    pairs = {(names[source], names[target]) for source, target in edges}
    assert ("CsvExampleGen", "Trainer") in pairs
    assert ("Trainer", "Pusher") in pairs
    assert ("StatisticsGen", "Trainer") not in pairs
    many.keyboard.press("e")
    expect(many.locator(".node")).to_have_count(RECORDS)


def test_nothing_recorded_becomes_markup(graph: Graph, opened: Open, tmp_path: Path) -> None:
    [artifact, *_] = graph.artifacts.values()
    hostile = replace(artifact, type=HOSTILE, uri=HOSTILE, properties={HOSTILE: HOSTILE})
    file = tmp_path / "hostile.html"
    made = Graph({}, {artifact.id: hostile}, ())
    file.write_text(LineagePage(f"{HOSTILE} $title", made, (artifact.id,)).html(), encoding="utf-8")
    page = opened(file)
    expect(page.locator("#record h2")).to_have_text(HOSTILE)  # it was asked for, so it is chosen
    expect(page.locator("#record .properties dd")).to_have_text(HOSTILE)
    expect(page).to_have_title(f"{HOSTILE} $title")
    assert page.locator("img").count() == 0
    page.keyboard.press("e")  # without any execution there is nothing to draw
    expect(page.locator(".node")).to_have_count(0)


def test_what_there_is_no_room_for_is_said_to_be_left_out(graph: Graph, opened: Open, tmp_path: Path) -> None:
    file = tmp_path / "small.html"
    asked = graph.of_type("ExampleStatistics")[0].id
    file.write_text(LineagePage("small", graph, (asked,), room=1).html(), encoding="utf-8")
    page = opened(file)
    expect(page.locator("#record")).to_contain_text("cannot be read any more")  # drawn first, though it is gone
    other = graph.of_type("ExampleStatistics")[1].id
    page.locator("#search").fill(f"ExampleStatistics {other}")
    page.locator("#search").press("Enter")
    expect(page.locator("#record .left-out code")).to_have_text(f"headrace lineage open {other}")


def test_what_took_all_from_the_cache_is_told_with_what_made_it(graph: Graph) -> None:
    maker = next(one for one in graph.executions.values() if one.node == "StatisticsGen")
    [statistics] = graph.outputs(maker.id)["key"]
    cached = replace(maker, id=9000, state=State.CACHED, run="run-99")
    both = Graph(
        {**graph.executions, cached.id: cached},
        graph.artifacts,
        (*graph.events, Event(cached.id, statistics.id, "key", 0, is_output=True)),
    )
    nodes = {node.id: node for node in nodes_of(both)}
    assert "e9000" not in nodes
    assert nodes[f"e{maker.id}"].mark == "cached"
    assert "execution 9000, run run-99" in [fact.value for fact in nodes[f"e{maker.id}"].facts]
    assert edges_of(both) == edges_of(graph)


def test_what_took_all_from_a_run_that_is_not_shown_is_a_node_of_its_own(graph: Graph) -> None:
    one = next(one for one in graph.executions.values() if one.node == "Trainer")
    alone = Graph(
        {one.id: replace(one, state=State.CACHED)},
        graph.artifacts,
        tuple(event for event in graph.events if event.execution == one.id),
    )
    assert [(node.id, node.mark) for node in nodes_of(alone) if node.kind == "execution"] == [(f"e{one.id}", "cached")]


def test_the_records_are_as_many_as_they_are_said_to_be(graph: Graph) -> None:
    assert len(graph.executions) + len(graph.artifacts) == RECORDS
    assert len(graph.of_type("Examples")) == SPANS
