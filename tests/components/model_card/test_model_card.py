"""The card that a pipeline makes of the taxi model, each fact against what really happened."""

import csv
import io
import re
import subprocess
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.types.standard_artifacts import Model, ModelEvaluation, PushedModel

from components.model_card.component import ModelCard
from headrace.contents.evaluation import read_evaluation
from headrace.contents.metrics import OVERALL
from headrace.metadata import Artifact, State
from headrace.orchestration import HeadraceDagRunner
from headrace.orchestration.output import quietly
from headrace.settings import Settings
from tests.components.model_card.conftest import Opened
from tests.conftest import ROOT, Command, RecordedRun, from_readme
from tests.headrace.recording import record_artifact, record_execution
from tests.pages import Page

FILES = {"train": ("trips-2013.csv", "trips-2014.csv"), "eval": ("trips-2015.csv", "trips-2016.csv")}
WORDS: dict[str, Any] = {
    "title": "Tips in taxis",
    "owner": "the data team",
    "intended_use": "For drivers.",
    "limits": "No cash tips.",
}


def trips(split: str) -> list[dict[str, str]]:
    folder = ROOT / "data" / "taxi"
    return [row for file in FILES[split] for row in csv.DictReader((folder / file).open(newline=""))]


def importer(artifact: Artifact, artifact_type: type) -> Importer:
    """A node that hands on what is recorded already."""
    return Importer(source_uri=artifact.uri, artifact_type=artifact_type).with_id(f"the_{artifact.type}")


def make_card(run: RecordedRun, home: Path, elsewhere: Path) -> RecordedRun:
    """A run of a pipeline that makes the card of a run's model; it names the store that the run is in as its own."""
    model = importer(run.output("Trainer", "model"), Model)
    evaluation = importer(run.output("Evaluator", "evaluation"), ModelEvaluation)
    channels = {"model": model.outputs["result"], "evaluation": evaluation.outputs["result"]}
    card = ModelCard(**channels, **WORDS)
    store = sqlite_metadata_connection_config(str(home / "metadata.sqlite"))
    pipeline = Pipeline("cards", str(home / "pipelines" / "cards"), store, [model, evaluation, card], enable_cache=True)
    with quietly(), redirect_stdout(io.StringIO()):
        HeadraceDagRunner(Settings(home=elsewhere)).run(pipeline)
    return RecordedRun(run.store, run.store.runs("cards")[0])


@pytest.fixture(scope="module")
def cards(own_run: RecordedRun, own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    return make_card(own_run, own_home, tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="module")
def folder(cards: RecordedRun) -> Path:
    return Path(cards.output("ModelCard", "card").uri)


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "card.html").read_text(encoding="utf-8"))


def test_it_says_what_the_author_said(page: Page) -> None:
    assert all(words in page.text for words in WORDS.values())


def test_the_rows_are_those_of_the_files(page: Page) -> None:
    for split in FILES:
        rows = len(trips(split))
        assert f"rows, {split}{rows:,}" in page.text
        assert f"{split} ({rows:,} examples)" in page.text


def test_the_files_are_named_as_they_are_on_the_disk(page: Page) -> None:
    for file in (one for files in FILES.values() for one in files):
        assert str(ROOT / "data" / "taxi" / file) in page.text


def test_the_period_is_that_of_the_trips(page: Page) -> None:
    for split in FILES:
        days = [int(row["trip_start_timestamp"]) for row in trips(split)]
        told = re.search(rf"{split} (\d{{4}}-\d\d-\d\d) to (\d{{4}}-\d\d-\d\d)", page.text)
        assert told is not None
        run = subprocess.run(
            ["date", "-u", "-f", "-", "+%F"],
            input=f"@{min(days)}\n@{max(days)}",
            text=True,
            capture_output=True,
            check=True,
        )
        assert list(told.groups()) == run.stdout.split()


def test_the_labels_shares_are_those_of_the_trips(page: Page) -> None:
    for split in FILES:
        rows = trips(split)
        share = sum(round(100 * float(row["tips"])) > 0.2 * round(100 * float(row["fare"])) for row in rows) / len(rows)
        assert f"{share:.1%} of {len(rows):,}" in page.text


def test_what_is_missing_is_told_as_often_as_it_is(page: Page) -> None:
    for split in FILES:
        rows = trips(split)
        share = sum(not row["company"] for row in rows) / len(rows)
        assert f"{100 * share:.1f}\N{NO-BREAK SPACE}%" in page.text


def test_the_metrics_are_those_of_the_evaluation(page: Page, own_run: RecordedRun) -> None:
    evaluation = read_evaluation(Path(own_run.output("Evaluator", "evaluation").uri))
    overall = evaluation.metrics[OVERALL]
    assert f"AUC{overall['auc']:.3f}on {overall['example_count']:,.0f} examples" in page.text
    for name in ("auc", "binary_accuracy", "binary_crossentropy"):
        assert f"{overall[name]:.4f}" in page.text
    assert "Blessed: all thresholds held: AUC at least 0.92" in page.text


def test_every_slice_with_enough_examples_is_drawn_with_its_number(page: Page) -> None:
    counts = Counter(row["trip_start_hour"] for row in trips("eval"))
    start = page.words.index("AUC by trip_start_hour")
    drawn = page.words[start : start + 60]
    for hour, count in counts.items():
        assert drawn[drawn.index(hour) + 1] == f"{count:,}"


def test_the_slice_where_it_does_worst_is_a_limit(page: Page, own_run: RecordedRun) -> None:
    metrics = read_evaluation(Path(own_run.output("Evaluator", "evaluation").uri)).metrics
    large = {key: one for key, one in metrics.items() if key and (one["example_count"] or 0) >= 100}
    [[feature, value]], worst = min(
        ((key, one["auc"]) for key, one in large.items() if one["auc"] is not None), key=lambda pair: pair[1] or 0
    )
    assert f"Weakest: {feature} = {value} (AUC {worst:.3f}" in page.text


def test_the_training_is_told_with_commit_time_and_hyperparameters(page: Page, own_run: RecordedRun) -> None:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"commit {commit[:12]}" in page.text
    properties = own_run.executions["Trainer"].properties
    assert f"took{properties['headrace_wall_seconds']:.1f} s" in page.text
    assert f"memory{int(properties['headrace_peak_memory_bytes']) / 1e6:.1f} MB at most" in page.text
    for name, value in (("epochs", "5"), ("hidden_units", "64, 32")):
        assert f"{name}{value}" in page.text


def test_the_steps_are_those_that_made_the_model_and_pushed_it(page: Page) -> None:
    for node in ("CsvExampleGen", "ImportSchemaGen", "StatisticsGen", "Transform", "Trainer", "Evaluator", "Pusher"):
        assert page.words.count(node) == 2  # from the left to the right, and from the top down


def test_its_commands_answer(page: Page, command: Command, own_home: Path) -> None:
    typed = [words for words in page.words if words.startswith(("headrace lineage", "headrace runs"))]
    assert len(typed) == 5
    for line in typed:
        answer = command(line, HEADRACE_HOME=str(own_home))
        assert answer.returncode == 0, answer.stderr


def test_the_page_is_one_file_that_loads_nothing_and_fits_a_desk_and_a_phone(
    page: Page, folder: Path, opened: Opened
) -> None:
    assert page.loaded == []
    assert opened(folder / "card.html", 1000) == (1000, [])
    assert opened(folder / "card.html", 400) == (400, [])


def test_every_picture_of_the_markdown_is_beside_it(folder: Path) -> None:
    rendered = Page(MarkdownIt("commonmark").enable("table").render((folder / "card.md").read_text(encoding="utf-8")))
    assert {str(path.relative_to(folder)) for path in (folder / "pictures").iterdir()} == set(rendered.loaded)
    assert len(rendered.loaded) > 15
    assert "Blessed: all thresholds held" in rendered.text


def test_the_readmes_command_makes_the_same_page_without_what_the_author_said(
    page: Page, command: Command, own_run: RecordedRun, own_home: Path
) -> None:
    model = own_run.output("Trainer", "model")
    answer = command(f"{from_readme('headrace lineage card')} {model.uri}", HEADRACE_HOME=str(own_home))
    assert answer.returncode == 0, answer.stderr
    written = own_home / "cards" / str(model.id)
    assert answer.stdout.split() == [str(written / "card.html"), str(written / "card.md")]
    after = "How good it is"  # the heading, behind the contents
    said, by_command = page.text, Page((written / "card.html").read_text()).text
    assert by_command.rpartition(after)[2].replace("Limits", "") == (
        said.rpartition(after)[2].replace("Limits" + WORDS["limits"], "").replace("Limits", "")
    )


def test_nothing_changed_so_it_is_taken_from_the_cache_until_the_model_is_pushed_again(
    cards: RecordedRun, own_run: RecordedRun, own_home: Path, tmp_path: Path
) -> None:
    again = make_card(own_run, own_home, tmp_path)
    assert again.executions["ModelCard"].state is State.CACHED
    assert again.output("ModelCard", "card").id == cards.output("ModelCard", "card").id
    pushed = record_artifact(
        own_run.store, PushedModel.TYPE_NAME, str(tmp_path), pushed=1, pushed_destination=str(tmp_path / "2")
    )
    model = own_run.output("Trainer", "model").id
    record_execution(
        own_run.store, "taxi", "later", "Pusher", inputs={"model": [model]}, outputs={"pushed_model": [pushed]}
    )
    third = make_card(own_run, own_home, tmp_path)
    assert third.executions["ModelCard"].state is State.COMPLETE
    text = (Path(third.output("ModelCard", "card").uri) / "card.md").read_text()
    assert str(tmp_path / "2") in text
