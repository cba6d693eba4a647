"""The page of a real run of the taxi pipeline, as `headrace lineage open` writes it, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from headrace.contents.evaluation import read_findings
from headrace.contents.metrics import OVERALL
from tests.accessibility import DESK, PHONE, SCHEMES, is_cut_off, opened_in, violations
from tests.conftest import Command, RecordedRun, from_readme
from tests.headrace.display.conftest import Open
from tests.headrace.waiting import until


@pytest.fixture(scope="module")
def file(taxi_run: RecordedRun, command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "run.html"
    line = f"{from_readme('headrace lineage open')} {taxi_run.run.id} --output {path}"
    ran = command(line, DISPLAY="", WAYLAND_DISPLAY="")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{path}\n", "")
    return path


@pytest.fixture(scope="module")
def only_page(file: Path, opened: Open) -> Page:
    return opened(file)


@pytest.fixture
def page(only_page: Page) -> Page:
    """The page with all its artifacts, nothing chosen and nothing searched for, all of it in view."""
    only_page.keyboard.press("Escape")
    only_page.keyboard.press("Escape")
    only_page.evaluate("picture.all || showArtifacts(true)")
    expect(only_page.locator("#record h2")).to_have_text(re.compile("^run "))
    only_page.evaluate("picture.fit()")
    return only_page


def execution(page: Page, run: RecordedRun, node: str) -> Locator:
    return page.locator(f"#node-e{run.executions[node].id}")


def artifact(page: Page, run: RecordedRun, node: str, key: str) -> Locator:
    return page.locator(f"#node-a{run.output(node, key).id}")


def record(page: Page) -> Locator:
    return page.locator("#record")


def left(node: Locator) -> float:
    box = node.bounding_box()
    assert box
    return box["x"]


def top(node: Locator) -> float:
    box = node.bounding_box()
    assert box
    return box["y"]


def scale(page: Page) -> float:
    return float(page.evaluate("d3.zoomTransform(document.getElementById('graph')).k"))


def test_the_page_is_one_file_of_less_than_two_megabytes(file: Path) -> None:
    assert 100_000 < file.stat().st_size < 2_000_000
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", file.read_text())


def test_each_record_is_a_node(page: Page, taxi_run: RecordedRun) -> None:
    store = taxi_run.store
    made = {
        one.id
        for execution in taxi_run.executions.values()
        for many in store.outputs(execution.id).values()
        for one in many
    }
    expected = {f"node-e{one.id}" for one in taxi_run.executions.values()} | {f"node-a{one}" for one in made}
    assert set(page.locator(".node").evaluate_all("nodes => nodes.map(node => node.id)")) == expected


def test_data_flows_from_left_to_right(page: Page, taxi_run: RecordedRun) -> None:
    way = [
        execution(page, taxi_run, "CsvExampleGen"),
        artifact(page, taxi_run, "CsvExampleGen", "examples"),
        execution(page, taxi_run, "Transform"),
        execution(page, taxi_run, "Trainer"),
        artifact(page, taxi_run, "Trainer", "model"),
        execution(page, taxi_run, "Evaluator"),
        execution(page, taxi_run, "Pusher"),
    ]
    places = [left(node) for node in way]
    assert places == sorted(places)
    assert page.locator(".edge").count() > len(way)


def test_without_a_choice_the_record_tells_of_the_run(page: Page, taxi_run: RecordedRun) -> None:
    expect(record(page)).to_contain_text(f"Run {taxi_run.run.id} of taxi")
    expect(record(page)).to_contain_text("was pushed to")
    expect(record(page)).to_contain_text("trips-2013.csv")


def test_an_execution_has_its_record_and_what_it_made_drawn(page: Page, taxi_run: RecordedRun) -> None:
    statistics_gen = taxi_run.executions["StatisticsGen"]
    execution(page, taxi_run, "StatisticsGen").click()
    for told in ("complete", taxi_run.run.id, str(statistics_gen.properties["headrace_code"]), "peak memory"):
        expect(record(page)).to_contain_text(told)
    panels = record(page).locator(".panel")
    expect(panels).to_have_count(18)
    expect(record(page).locator(".keys li")).to_have_text([re.compile("train"), re.compile("eval")])
    payment = panels.filter(has=page.get_by_text("payment_type", exact=True))
    expect(payment).to_contain_text("Credit Card")
    fare = panels.filter(has=page.get_by_text("fare", exact=True))
    heights = fare.locator(".bin i.split-0").evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().height)")
    assert len(heights) >= 10
    assert max(heights) > 60 > min(heights)


def test_an_evaluation_has_its_metrics_drawn_by_slice(page: Page, taxi_run: RecordedRun) -> None:
    evaluation = taxi_run.output("Evaluator", "evaluation")
    found = read_findings(Path(evaluation.uri))
    auc = found.metrics[OVERALL]["auc"]
    assert auc is not None
    artifact(page, taxi_run, "Evaluator", "evaluation").click()
    expect(record(page)).to_contain_text(evaluation.uri)
    row = record(page).locator(".metrics tr").filter(has=page.get_by_text("auc", exact=True))
    assert float(row.locator("td").inner_text()) == pytest.approx(auc, abs=1e-4)
    cash = record(page).locator(".slice", has_text="Credit Card")
    wanted = found.metrics[("payment_type", "Credit Card"),]
    for metric in ("auc", "binary_accuracy"):
        record(page).locator("select").select_option(metric)
        told = cash.locator(".number").last.inner_text()
        assert float(told) == pytest.approx(wanted[metric], abs=1e-4)


def test_a_blessing_tells_why_and_a_model_how_it_was_judged(page: Page, taxi_run: RecordedRun) -> None:
    artifact(page, taxi_run, "Evaluator", "blessing").click()
    expect(record(page).locator(".state")).to_have_text("blessed")
    expect(record(page)).to_contain_text("all thresholds held: AUC at least 0.92")
    artifact(page, taxi_run, "Trainer", "model").click()
    expect(record(page)).to_contain_text("all thresholds held: AUC at least 0.92")
    expect(record(page).locator(".slices")).not_to_have_count(0)


def test_a_schema_and_anomalies_are_tables(page: Page, taxi_run: RecordedRun) -> None:
    artifact(page, taxi_run, "ImportSchemaGen", "schema").click()
    expect(record(page).locator("tbody tr")).to_have_count(18)
    artifact(page, taxi_run, "ExampleValidator", "anomalies").click()
    expect(record(page)).to_contain_text("none: the examples are as the schema asks")


def test_what_a_node_came_from_and_what_came_of_it_stand_out(page: Page, taxi_run: RecordedRun) -> None:
    execution(page, taxi_run, "Trainer").click()
    expect(execution(page, taxi_run, "CsvExampleGen")).to_have_class(re.compile(r"\bup\b"))
    expect(execution(page, taxi_run, "Pusher")).to_have_class(re.compile(r"\bdown\b"))
    expect(execution(page, taxi_run, "AnomalyGate")).not_to_have_class(re.compile(r"\b(up|down)\b"))
    page.keyboard.press("Escape")
    expect(page.locator(".up.node, .down.node")).to_have_count(0)


def test_search_marks_what_it_finds_and_goes_from_one_to_the_next(page: Page, taxi_run: RecordedRun) -> None:
    page.keyboard.press("/")
    page.keyboard.type("statistics")
    found = page.locator(".node.found")
    count = found.count()
    assert count >= 4  # the node, and what it and Transform made
    expect(page.locator("#found")).to_have_text(f"{count} found")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_have_text(f"1 of {count}")
    expect(page.locator(".node.chosen")).to_have_attribute("id", str(found.first.get_attribute("id")))
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_have_text(f"2 of {count}")
    page.keyboard.press("Shift+Enter")
    expect(page.locator("#found")).to_have_text(f"1 of {count}")
    page.locator("#search").fill("no such thing")
    expect(page.locator("#found")).to_have_text("none")


@pytest.mark.parametrize("asked", ["uri", "id"])
def test_search_knows_ids_and_places(page: Page, taxi_run: RecordedRun, asked: str) -> None:
    model = taxi_run.output("Trainer", "model")
    page.locator("#search").fill({"uri": model.uri, "id": f"model {model.id}"}[asked])
    page.locator("#search").press("Enter")
    expect(record(page).locator("h2")).to_have_text("Model")
    expect(record(page)).to_contain_text(model.uri)


def test_arrows_walk_along_the_edges(page: Page, taxi_run: RecordedRun) -> None:
    execution(page, taxi_run, "AnomalyGate").click()
    page.keyboard.press("ArrowLeft")
    expect(record(page).locator("h2")).to_have_text("ExampleAnomalies")
    page.keyboard.press("ArrowLeft")
    expect(record(page).locator("h2")).to_have_text("ExampleValidator")
    expect(execution(page, taxi_run, "ExampleValidator")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(record(page).locator("h2")).to_have_text("AnomalyGate")


def test_arrows_go_to_the_next_node_of_a_column_and_back(page: Page, taxi_run: RecordedRun) -> None:
    made = [one for many in taxi_run.store.outputs(taxi_run.executions["Transform"].id).values() for one in many]
    topmost = min((page.locator(f"#node-a{one.id}") for one in made), key=top)
    topmost.click()
    for key, is_back in (("ArrowDown", False), ("ArrowUp", True)):
        page.keyboard.press(key)
        expect(page.locator(".node.chosen")).to_have_count(1)
        assert (page.locator(".node.chosen").get_attribute("id") == topmost.get_attribute("id")) == is_back


def test_keys_zoom_and_show_all_again(page: Page) -> None:
    whole = float(page.evaluate("picture._fitting().k"))
    page.keyboard.press("0")
    until(lambda: scale(page) == pytest.approx(whole), "not all was shown")
    page.keyboard.press("+")
    assert scale(page) == pytest.approx(1.3 * whole)
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert scale(page) == pytest.approx(whole / 1.3)
    page.keyboard.press("0")
    until(lambda: scale(page) == pytest.approx(whole), "not all was shown again")


def test_the_wheel_zooms_and_a_drag_pans(page: Page, taxi_run: RecordedRun) -> None:
    before, node = scale(page), execution(page, taxi_run, "Trainer")
    page.mouse.move(450, 130)
    page.mouse.wheel(0, -240)
    until(lambda: scale(page) > before, "the wheel did not zoom")
    place = left(node)
    page.mouse.down()
    page.mouse.move(500, 160)
    page.mouse.up()
    assert left(node) == pytest.approx(place + 50, abs=1)
    page.keyboard.press("0")


def test_the_page_opens_with_executions_only_and_artifacts_appear_around_what_is_chosen(
    page: Page, taxi_run: RecordedRun
) -> None:
    page.reload()
    page.locator("body[data-ready]").wait_for()
    expect(page.locator(".node")).to_have_count(len(taxi_run.executions))
    trainer = execution(page, taxi_run, "Trainer")
    before = left(trainer.locator(".body"))
    trainer.click()
    shown = {str(one) for one in page.locator(".node.artifact").evaluate_all("all => all.map(one => one.id)")}
    read = taxi_run.store.inputs(taxi_run.executions["Trainer"].id).values()
    made = taxi_run.store.outputs(taxi_run.executions["Trainer"].id).values()
    assert shown == {f"node-a{one.id}" for many in (*read, *made) for one in many}
    assert left(trainer.locator(".body")) == pytest.approx(before, abs=1)  # it stays where it is
    record(page).get_by_role("button", name="TransformGraph").click()
    graph = taxi_run.output("Transform", "transform_graph").id
    expect(page.locator(".node.artifact")).to_have_count(1)
    expect(page.locator(".node.chosen")).to_have_attribute("id", f"node-a{graph}")
    page.keyboard.press("Escape")
    expect(page.locator(".node.artifact")).to_have_count(0)


def test_all_artifacts_can_be_shown(page: Page, taxi_run: RecordedRun) -> None:
    page.keyboard.press("a")
    artifact_id = taxi_run.output("Trainer", "model").id
    page.locator("#search").fill(f"model {artifact_id}")
    page.locator("#search").press("Enter")
    expect(page.locator(".node.artifact")).to_have_count(1)
    page.get_by_role("button", name="All artifacts").click()
    assert page.locator(".node.artifact").count() > 10
    expect(page.locator(".node.chosen")).to_have_attribute("id", f"node-a{artifact_id}")


def test_a_record_leads_to_its_neighbours(page: Page, taxi_run: RecordedRun) -> None:
    execution(page, taxi_run, "Pusher").click()
    record(page).get_by_role("button", name="ModelBlessing").first.click()
    expect(page.locator(".node.chosen")).to_have_attribute("id", f"node-a{taxi_run.output('Evaluator', 'blessing').id}")


def test_the_page_follows_light_and_dark_and_nothing_moves(page: Page, taxi_run: RecordedRun) -> None:
    def brightness() -> float:
        colour = str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3

    places = {}
    for scheme, bright in (("dark", False), ("light", True)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert (brightness() > 128) == bright
        places[scheme] = left(execution(page, taxi_run, "Evaluator"))
    assert places["dark"] == places["light"]


def test_the_page_of_a_run_begins_with_that_run_though_others_read_what_it_made(
    page: Page, taxi_run: RecordedRun
) -> None:
    first = record(page).locator(".drawing h3").first
    expect(first).to_have_text(f"Run {taxi_run.run.id} of taxi")


def test_times_have_one_format_and_no_json_is_shown(page: Page, taxi_run: RecordedRun) -> None:
    started = f"{taxi_run.run.started.astimezone():%Y-%m-%d %H:%M}"
    expect(record(page)).to_contain_text(started)
    for node in ("CsvExampleGen", "Trainer", "Evaluator"):
        execution(page, taxi_run, node).click()
        began = taxi_run.executions[node].started
        expect(record(page)).to_contain_text(f"{began.astimezone():%Y-%m-%d %H:%M:%S}")
        properties = record(page).locator(".properties").inner_text()
        assert not re.search(r"""[{}]|"[a-z_]+":|headrace_""", properties)
    expect(record(page).locator(".properties")).to_contain_text("lower bound")  # of the evaluation's configuration


def test_a_digest_a_place_and_a_class_break_between_their_parts(page: Page, taxi_run: RecordedRun) -> None:
    execution(page, taxi_run, "Trainer").click()
    facts = record(page).locator(".facts").first

    def parts(label: str) -> list[str]:
        return str(facts.locator(f"dt:text-is('{label}') + dd").evaluate("one => one.innerHTML")).split("<wbr>")

    assert parts("type") == ["tfx.", "components.", "trainer.", "component.", "Trainer"]
    assert {len(one) for one in parts("code digest")} == {8}
    assert "logs/" in parts("log")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everybody_can_use_it_and_nothing_is_cut_off(
    browser: Browser, file: Path, taxi_run: RecordedRun, size: tuple[int, int], scheme: str
) -> None:
    with opened_in(browser, file, size, scheme) as page:
        page.locator("body[data-ready]").wait_for()
        for node in ("", "StatisticsGen", "Evaluator"):
            if node:
                page.evaluate(f"choose('e{taxi_run.executions[node].id}')")
            assert violations(page) == []
            assert not is_cut_off(page)
