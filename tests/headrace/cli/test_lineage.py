"""`headrace lineage` on small stores: what it prints, what it takes for a name, how it refuses."""

import json
from pathlib import Path

import pytest

from headrace.metadata import MetadataStore
from headrace.metadata.properties import PARAMETERS, RUN_STATE
from headrace.settings import Settings
from tests.headrace.cli.conftest import Command
from tests.headrace.recording import record_artifact, record_execution


@pytest.fixture
def model(store: MetadataStore) -> int:
    """A model that is pushed, made of examples; the number of the model's artifact."""
    examples = record_artifact(store, "Examples", "/home/examples", split_names='["train"]')
    model = record_artifact(store, "Model", "/home/[bold]model")
    pushed = record_artifact(store, "PushedModel", "/home/pushed", pushed=1, pushed_destination="/serving/taxi/1")
    record_execution(store, "taxi", "20260101-1", "Gen", outputs={"examples": [examples]})
    record_execution(
        store, "taxi", "20260101-1", "Trainer", inputs={"examples": [examples]}, outputs={"model": [model]}
    )
    record_execution(store, "taxi", "20260101-1", "Pusher", inputs={"model": [model]}, outputs={"pushed": [pushed]})
    return model


@pytest.fixture
def without_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """No screen, so no browser."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["latest", "20260101", "Trainer.model", "/serving/taxi/1", "/home/pushed"])
def test_a_trace_is_a_tree_from_what_was_made_to_what_it_is_of(model: int, headrace: Command, name: str) -> None:
    code, out, err = headrace("lineage", "trace", name)
    assert (code, err) == (0, "")
    order = [
        out.index(word) for word in (f"Model {model}  /home/[bold]model", "Trainer (", "examples: Examples", "Gen (")
    ]
    assert order == sorted(order)
    assert "train: unknown rows of unknown" in out


def test_a_trace_as_json_has_the_graph(model: int, headrace: Command) -> None:
    trace = json.loads(headrace("lineage", "trace", str(model), "--json")[1])
    assert [step["node"] for step in trace["steps"]] == ["Gen", "Trainer", "Pusher"]
    assert {one["id"] for one in trace["graph"]["artifacts"]} >= {model}
    assert trace["runs"][0]["user"] is None


def test_impact_tells_what_is_live(model: int, headrace: Command) -> None:
    code, out, err = headrace("lineage", "impact", "Gen.examples")
    assert (code, err) == (0, "")
    assert "made from it: 1 Model, 1 PushedModel" in out
    assert f"live: Model {model} in /serving/taxi/1" in out


def test_live_needs_no_name_where_there_is_one_pipeline(store: MetadataStore, model: int, headrace: Command) -> None:
    assert f"Model {model} of run 20260101-1 is live in /serving/taxi/1" in headrace("lineage", "live")[1]
    [live] = json.loads(headrace("lineage", "live", "--json")[1])
    assert live["push"]["model"] == model
    record_execution(store, "other", "20260102-1", "Gen")
    assert "no model of other is live: none was pushed" in headrace("lineage", "live", "other")[1]
    code, out, err = headrace("lineage", "live")
    assert (code, out) == (2, "")
    assert "why: these were run: other, taxi" in err


def test_diff_is_with_the_latest(store: MetadataStore, model: int, headrace: Command) -> None:
    record_execution(store, "taxi", "20260102-1", "Gen")
    code, out, _ = headrace("lineage", "diff", "20260101")
    assert code == 0
    assert out.startswith("20260101-1 -> 20260102-1\nnodes: Trainer: only in the run before\n")
    assert headrace("lineage", "diff", "latest") == (0, out, "")  # with the one before it
    assert headrace("lineage", "diff", "20260102", "latest") == (0, out, "")
    same = "20260101-1 -> 20260101-1\nnothing differs that was recorded\n"
    assert headrace("lineage", "diff", "20260101", "20260101") == (0, same, "")


def test_diff_of_the_only_run_says_that_there_is_none_before_it(
    store: MetadataStore, model: int, headrace: Command
) -> None:
    code, _, err = headrace("lineage", "diff", "latest")
    assert code == 2
    assert "cannot be compared with itself\n  why: there is no run of taxi before it" in err


def test_spans_are_a_table_a_page_and_a_frame_of_it_as_json(
    store: MetadataStore, model: int, settings: Settings, headrace: Command
) -> None:
    code, out, err = headrace("lineage", "spans")
    assert (code, out) == (2, "")
    assert "no run of taxi is of a span" in err
    assert "next: headrace runs list --pipeline taxi" in err
    store.annotate_run("20260101-1", {PARAMETERS: '{"span": 7}', RUN_STATE: "succeeded"})
    code, out, err = headrace("lineage", "spans", "taxi")
    assert (code, err) == (0, "")
    assert out.splitlines()[2].split()[:2] == ["7", "unknown"]
    page = settings.pages / "taxi-spans.html"
    assert out.endswith(f"\nchart: {page}\n")
    assert "<title>taxi by span</title>" in page.read_text()
    page.unlink()
    [span] = json.loads(headrace("lineage", "spans", "--json")[1])["spans"]
    assert (span["span"], span["live"], span["live_span"]) == (7, model, 7)
    assert not page.exists()


def test_a_page_is_written_below_the_home_and_its_path_printed(
    model: int, settings: Settings, headrace: Command, without_display: None
) -> None:
    code, out, err = headrace("lineage", "open")
    assert (code, out, err) == (0, f"{settings.home}/pages/run-20260101-1-of-taxi.html\n", "")
    assert Path(out.strip()).read_text().startswith("<!doctype html>")
    out = headrace("lineage", "open", "Trainer.model")[1]
    assert Path(out.strip()).name == f"Model-{model}.html"


def test_a_page_of_what_was_made_from_something(
    model: int, tmp_path: Path, headrace: Command, without_display: None
) -> None:
    file = tmp_path / "a folder" / "page.html"
    code, out, err = headrace("lineage", "open", "Gen.examples", "--impact", "--output", str(file))
    assert (code, out, err) == (0, f"{file}\n", "")
    data = json.loads(file.read_text().split('id="data">')[1].split("</script>")[0])
    assert {node["name"] for node in data["nodes"]} == {"Trainer", "Pusher", "Examples", "Model", "PushedModel"}
    assert [node["name"] for node in data["nodes"] if node["asked"]] == ["Examples"]


def test_a_page_that_cannot_be_written_is_one_message(
    model: int, tmp_path: Path, headrace: Command, without_display: None
) -> None:
    (tmp_path / "file").touch()
    code, out, err = headrace("lineage", "open", "--output", str(tmp_path / "file" / "page.html"))
    assert (code, out) == (2, "")
    assert err.startswith("error: the page cannot be written")


def test_a_page_is_opened_where_there_is_a_display(
    model: int, tmp_path: Path, headrace: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, told = tmp_path / "browser", tmp_path / "told"
    browser.write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    assert headrace("lineage", "open")[0] == 0
    assert told.read_text().startswith("file://")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("trace", "Trainer.modl"), "there is no artifact or run 'Trainer.modl'\n  why: did you mean 'Trainer.model'?"),
        (("impact", "/no/such.csv"), "nothing is recorded of '/no/such.csv'"),
        (("impact", "latest"), "latest is a run"),
        (("impact",), "give either THING or --column NAME"),
        (("impact", "--column", "fare"), "there is no raw column 'fare'"),
        (("diff", "x"), "there is no run 'x'"),
        (("open", "Trainer.modl"), "there is no artifact or run 'Trainer.modl'"),
        (("features",), "no transform graph went into run 20260101-1"),
        (("schema", "taxy"), "there is no pipeline 'taxy'\n  why: did you mean 'taxi'?"),
    ],
)
def test_a_mistake_is_one_message(model: int, headrace: Command, arguments: tuple[str, ...], what: str) -> None:
    code, out, err = headrace("lineage", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {what}")
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["trace", "features", "live", "schema", "open", "spans"])
@pytest.mark.usefixtures("project")
def test_before_anything_was_run_each_command_says_so(headrace: Command, command: str) -> None:
    code, out, err = headrace("lineage", command)
    assert (code, out) == (2, "")
    assert "nothing is recorded yet" in err


def test_a_card_is_written_where_it_is_asked_for(model: int, headrace: Command, tmp_path: Path) -> None:
    code, out, err = headrace("lineage", "card", "latest", "--into", str(tmp_path / "card"))
    assert (code, err) == (0, "")
    assert out.splitlines() == [str(tmp_path / "card" / name) for name in ("card.html", "card.md")]
    assert f"taxi: Model {model}" in (tmp_path / "card" / "card.html").read_text()
    (tmp_path / "file").write_text("")
    code, out, err = headrace("lineage", "card", "latest", "--into", str(tmp_path / "file"))
    assert (code, out) == (2, "")
    assert "the card cannot be written" in err
