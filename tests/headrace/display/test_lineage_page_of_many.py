"""Pages of made records: 300 of them, hostile ones, what has no room, what came from the cache."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from headrace.display.page.lineage_page import LineagePage
from headrace.display.page.nodes import edges_of, nodes_of
from headrace.metadata import State
from headrace.metadata.graph import Event, Graph
from headrace.metadata.records import RESOLVER
from tests.accessibility import DESK, PHONE, SCHEMES, is_cut_off, opened_in, violations
from tests.headrace.display.conftest import Open
from tests.headrace.display.lineage_of_spans import FAILED, RECORDS, SPANS, graph_of_spans

SMALLEST_TYPE = 10  # pixels on the screen
HOSTILE = "</script><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of_spans()


@pytest.fixture(scope="module")
def many(graph: Graph, opened: Open, tmp_path_factory: pytest.TempPathFactory) -> Page:
    file = tmp_path_factory.mktemp("page") / "many.html"
    file.write_text(LineagePage("24 spans of taxi", graph).html(), encoding="utf-8")
    return opened(file)


@pytest.fixture(scope="module")
def all_of_many(many: Page) -> Page:
    """The same, with all artifacts."""
    many.evaluate("picture.all || showArtifacts(true)")
    return many


def test_the_page_opens_with_all_executions_in_the_window_and_their_names_can_be_read(many: Page, graph: Graph) -> None:
    expect(many.locator(".node")).to_have_count(len(graph.executions))
    window = many.locator("#graph").bounding_box()
    assert window
    inside = many.locator(".node .body").evaluate_all(
        """(all, window) => all.every(one => {
             const box = one.getBoundingClientRect();
             return box.left >= window.x && box.top >= window.y
               && box.right <= window.x + window.width && box.bottom <= window.y + window.height;
           })""",
        window,
    )
    assert inside
    assert smallest_type(many, ".name") >= SMALLEST_TYPE
    assert_apart(many)


def test_names_that_come_again_have_their_span(many: Page) -> None:
    names = many.locator(".node.execution").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    assert len({str(name).partition(", ")[0] for name in names}) == len(names)
    assert any(str(name).startswith("execution Pusher span 23, ") for name in names)


def test_three_hundred_records_are_three_hundred_nodes(all_of_many: Page) -> None:
    many = all_of_many
    expect(many.locator(".node")).to_have_count(RECORDS)
    expect(many.locator("#record .sub")).to_have_text(re.compile("^139 executions, 161 artifacts"))


def test_no_two_nodes_overlap(all_of_many: Page) -> None:
    assert_apart(all_of_many)


def assert_apart(page: Page) -> None:
    boxes = page.locator(".node .body").evaluate_all(
        "all => all.map(one => { const b = one.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })"
    )
    for index, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[index + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def smallest_type(page: Page, kind: str) -> float:
    """Of the names in the window, in pixels on the screen."""
    sizes = page.locator(f".node {kind}").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    )
    return float(min(sizes))


def test_names_are_in_their_nodes_from_afar(all_of_many: Page) -> None:
    inside = all_of_many.locator(".node").evaluate_all(
        """all => all.map(one => [one.querySelector('.body'), one.querySelector('.distant')]
                               .map(part => part.getBoundingClientRect().width))"""
    )
    assert all(name <= body for body, name in inside)


def test_what_failed_is_found_and_tells_its_error(many: Page) -> None:
    many.locator("#search").fill("failed")
    many.locator("#search").press("Enter")
    expect(many.locator("#record h2")).to_have_text(f"Pusher, span {FAILED}")
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
    many.evaluate("choose(null)")
    many.evaluate("showArtifacts(false)")
    expect(many.locator(".node")).to_have_count(len(graph.executions))
    edges = many.evaluate("picture.view.edges.map(edge => [edge.source, edge.target])")
    names = {f"e{one.id}": one.node for one in graph.executions.values()}
    pairs = {(names[source], names[target]) for source, target in edges}
    assert ("CsvExampleGen", "Trainer") in pairs
    assert ("Trainer", "Pusher") in pairs
    assert ("StatisticsGen", "Trainer") not in pairs
    many.keyboard.press("a")
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
    expect(page.locator(".node")).to_have_count(1)  # without any execution it is drawn at once


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


def test_a_resolver_is_joined_with_what_it_chose_and_with_what_read_it(graph: Graph) -> None:
    judge = next(one for one in graph.executions.values() if one.node == "Evaluator" and one.run == "run-05")
    baseline = next(
        event.artifact
        for event in graph.events
        if event.execution == judge.id and not event.is_output and event.index == 2
    )
    resolver = replace(judge, id=9000, node="live_model", type=RESOLVER)
    events = tuple(
        replace(event, key="baseline_model") if (event.execution, event.artifact) == (judge.id, baseline) else event
        for event in graph.events
    )
    found = (Event(resolver.id, baseline, "model", 0, is_output=True),)
    edges = {
        (edge.source, edge.target): edge.key
        for edge in edges_of(Graph({**graph.executions, resolver.id: resolver}, graph.artifacts, events, found))
    }
    assert edges[f"a{baseline}", "e9000"] == "model"
    assert edges["e9000", f"e{judge.id}"] == "baseline_model"
    assert ("e9000", f"a{baseline}") not in edges  # it made nothing


def test_what_is_there_is_available_and_not_called_live(graph: Graph) -> None:
    states = {node.state for node in nodes_of(graph) if node.kind == "artifact"}
    assert states == {"available", "blessed", "not blessed", "pushed", "not pushed"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everybody_can_use_it_with_many_nodes(browser: Browser, graph: Graph, tmp_path: Path, scheme: str) -> None:
    file = tmp_path / "many.html"
    file.write_text(LineagePage("24 spans of taxi", graph).html(), encoding="utf-8")
    for size in (DESK, PHONE):
        with opened_in(browser, file, size, scheme) as page:
            page.locator("body[data-ready]").wait_for()
            assert violations(page) == []
            assert not is_cut_off(page)
