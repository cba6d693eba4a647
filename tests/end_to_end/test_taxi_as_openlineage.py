"""The taxi run as OpenLineage's events, each fact against what really happened: files, rows, columns, code, times."""

import csv
import json
import statistics
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.event_v2 import RunEvent

from headrace.lineage import Lineage
from headrace.lineage.openlineage_sending import line_of
from pipelines.taxi.features import AMOUNTS, COORDINATES, FARE, LABEL, NUMBERS, TEXTS, TIPS, transformed_name
from tests.conftest import ROOT, Command, RecordedRun, from_readme
from tests.headrace.lineage.openlineage_reading import read_event
from tests.headrace.lineage_server import lineage_server

DATA = ROOT / "data" / "taxi"
FILES = {"train": ("trips-2013.csv", "trips-2014.csv"), "eval": ("trips-2015.csv", "trips-2016.csv")}


@pytest.fixture(scope="module")
def events(taxi_run: RecordedRun) -> list[RunEvent]:
    """The run's, read back strictly."""
    return [read_event(line_of(event)) for event in Lineage(taxi_run.store).openlineage(taxi_run.run.id)]


def end(events: list[RunEvent], node: str = "") -> Any:
    """How a node, or the pipeline, ended."""
    job = f"taxi.{node}" if node else "taxi"
    return [event for event in events if event.job.name == job][-1]


def by_name(datasets: Any) -> dict[str, Any]:
    """Datasets by the last two parts of their names."""
    return {"/".join(Path(one.name).parts[-2:]): one for one in datasets}


def rows(split: str) -> list[dict[str, str]]:
    """The rows of a split's files."""
    return [row for file in FILES[split] for row in csv.DictReader((DATA / file).open(newline=""))]


def test_each_node_starts_and_ends_when_it_did(events: list[RunEvent], taxi_run: RecordedRun) -> None:
    recorded = {
        f"taxi.{node}": (one.started.isoformat(timespec="milliseconds"), one.ended.isoformat(timespec="milliseconds"))
        for node, one in taxi_run.executions.items()
    }
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event.job.name, []).append(event.eventTime)
    assert {job: tuple(times) for job, times in found.items() if job != "taxi"} == recorded
    assert [event.eventType.value for event in (events[0], events[-1]) if event.eventType] == ["START", "COMPLETE"]
    assert events[0].job.name == events[-1].job.name == "taxi"
    assert {one.name for event in events for one in event.inputs or [] if one.namespace != "file"} == set()


def test_what_was_read_is_the_files(events: list[RunEvent]) -> None:
    files = [DATA / name for names in FILES.values() for name in names]
    read = end(events, "CsvExampleGen").inputs
    assert [one.name for one in read] == [str(file) for file in files]
    assert [one.inputFacets["inputStatistics"].size for one in read] == [file.stat().st_size for file in files]
    [schema] = end(events, "ImportSchemaGen").inputs
    assert schema.name == str(ROOT / "pipelines" / "taxi" / "schema.pbtxt")


@pytest.mark.parametrize("split", FILES)
def test_examples_have_the_rows_and_columns_of_the_files(
    events: list[RunEvent], taxi_run: RecordedRun, split: str
) -> None:
    made = by_name(end(events, "CsvExampleGen").outputs)[f"examples/Split-{split}"]
    found = rows(split)
    assert made.outputFacets["outputStatistics"].rowCount == len(found)
    assert {field.name for field in made.facets["schema"].fields} == set(found[0])
    artifact = taxi_run.output("CsvExampleGen", "examples")
    assert made.facets["version"].datasetVersion == str(artifact.id)
    assert Path(artifact.uri).parent == Path(made.name).parent
    assert made == by_name(end(events, "CsvExampleGen").outputs)[f"examples/Split-{split}"]
    assert by_name(end(events, "Evaluator").inputs)[f"examples/Split-{split}"].facets == made.facets


@pytest.mark.parametrize("split", FILES)
def test_data_quality_is_that_of_the_rows(events: list[RunEvent], split: str) -> None:
    read = by_name(end(events, "StatisticsGen").inputs)[f"examples/Split-{split}"]
    evaluated, known = read.inputFacets["dataQualityMetrics"], read.facets["dataQualityMetrics"]
    found = rows(split)
    assert evaluated.rowCount == known.rowCount == len(found)
    for column in found[0]:
        cells = [row[column] for row in found if row[column]]
        metrics = evaluated.columnMetrics[column]
        assert (metrics.nullCount, metrics.count) == (len(found) - len(cells), len(cells))
        assert known.columnMetrics[column].quantiles == metrics.quantiles
        if column in TEXTS:
            assert metrics.distinctCount == len(set(cells))
        if column in (FARE, TIPS):
            values = [float(cell) for cell in cells]
            assert metrics.min == pytest.approx(min(values))
            assert metrics.max == pytest.approx(max(values))
            assert metrics.quantiles["0.5"] == pytest.approx(statistics.median(values), abs=0.5)
            tenth = statistics.quantiles(values, n=10)[0]
            assert metrics.quantiles["0.1"] == pytest.approx(tenth, abs=0.5)


@pytest.mark.parametrize("split", FILES)
def test_each_feature_is_of_the_columns_that_the_preprocessing_takes(events: list[RunEvent], split: str) -> None:
    made = by_name(end(events, "Transform").outputs)[f"transformed_examples/Split-{split}"]
    fields = made.facets["columnLineage"].fields
    columns = {name: {one.field for one in field.inputFields} for name, field in fields.items()}
    raw = [*AMOUNTS, *COORDINATES, *TEXTS, *NUMBERS]
    expected = {transformed_name(column): {column} for column in raw}
    assert columns == {**expected, transformed_name(LABEL): {TIPS, FARE}}
    assert {field.name for field in made.facets["schema"].fields} == set(columns)
    source = by_name(end(events, "CsvExampleGen").outputs)[f"examples/Split-{split}"]
    assert {(one.namespace, one.name) for field in fields.values() for one in field.inputFields} == {
        (source.namespace, source.name)
    }
    [fare] = fields[transformed_name(AMOUNTS[0])].inputFields
    assert [(one.type, one.subtype, one.description) for one in fare.transformations] == [
        ("DIRECT", "TRANSFORMATION", "scale_to_z_score")
    ]


def test_the_code_of_a_node_is_its_file(events: list[RunEvent]) -> None:
    for node, module in (("Transform", "preprocessing.py"), ("Trainer", "model.py")):
        assert (
            end(events, node).job.facets["sourceCode"].sourceCode == (ROOT / "pipelines" / "taxi" / module).read_text()
        )
    assert "sourceCode" not in end(events, "CsvExampleGen").job.facets


def test_the_served_folder_has_the_model_that_was_pushed(events: list[RunEvent], taxi_run: RecordedRun) -> None:
    destination = Path(str(taxi_run.output("Pusher", "pushed_model").properties["pushed_destination"]))
    served = by_name(end(events, "Pusher").outputs)["serving/taxi"]
    assert (served.name, served.facets["version"].datasetVersion) == (str(destination.parent), destination.name)


def test_the_command_sends_the_same_events(command: Command, taxi_run: RecordedRun, events: list[RunEvent]) -> None:
    with lineage_server() as server:
        ran = command(f"{from_readme('headrace lineage export')} {taxi_run.run.id} --to {server.url}")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert [json.loads(one.body) for one in server.posted] == [json.loads(line_of(event)) for event in events]
