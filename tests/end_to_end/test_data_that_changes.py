"""Months of flights that are not as those before: what a person sees, what stays as it was, and how it goes on."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.metadata import Execution, MetadataStore, Run, State
from headrace.metadata.records import LIVE
from tests.conftest import ROOT, Command, assert_one_clear_message

NAME = "flights"
AFTER_THE_GATE = {"Transform", "TrainingStatistics", "Tuner", "Trainer", "Evaluator", "InfraCheck", "Pusher"}
# The pipeline with a schema of one's own, to be edited, and whose models go live although few flights teach little.
RUNNER = """
from pathlib import Path
from headrace.orchestration import HeadraceDagRunner
from headrace.settings import Settings
from pipelines.flights import pipeline

pipeline.SMALLEST_AUC = 0.5
pipeline.SCHEMA = Path(__file__).with_name("schema.pbtxt")
settings, data = Settings.load(), Path(__file__).with_name("months")
made = pipeline.create_pipeline("flights", settings.pipeline_root("flights"), data, settings.serving_root("flights"))
HeadraceDagRunner(settings).run(made)
"""

Change = Callable[[pa.Table], pa.Table]
Result = subprocess.CompletedProcess[str]


def deliver(
    months: Path, month: int, version: int = 0, change: Change = lambda flights: flights, first: int = 0
) -> Path:
    """Puts a sixth of a month's flights there, from the `first` of them on."""
    flights = pq.read_table(ROOT / "data" / "flights" / f"span-{month:02}" / "v0" / "flights.parquet")
    path = months / f"span-{month:02}" / f"v{version}" / "flights.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(change(flights.take(list(range(first, len(flights), 6)))), path)
    return path


def column(name: str, make: Callable[[pa.ChunkedArray], pa.Array]) -> Change:
    """The same flights with another column."""
    return lambda flights: flights.set_column(flights.column_names.index(name), name, make(flights[name]))


def with_a_new_carrier(flights: pa.Table) -> pa.Table:
    """One flight in fifty is of ZZ."""
    carriers = [name if row % 50 else "ZZ" for row, name in enumerate(flights["carrier"].to_pylist())]
    return column("carrier", lambda _: pa.array(carriers))(flights)


@dataclass(frozen=True)
class Project:
    """A folder with the months of January to March, from which a model was made that is live."""

    folder: Path
    command: Command

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def store(self) -> MetadataStore:
        return MetadataStore.open(self.home / "metadata.sqlite")

    @property
    def run(self) -> Run:
        """The last one."""
        return self.store.runs(NAME)[0]

    @property
    def executions(self) -> dict[str, Execution]:
        """Those of the last run."""
        return {one.node: one for one in self.store.executions(self.run)}

    def type(self, line: str) -> Result:
        return self.command(line, HEADRACE_HOME=str(self.home))

    def live(self) -> list[str]:
        """The files of all models that were pushed."""
        return sorted(str(path) for path in (self.home / "serving" / NAME).rglob("*"))

    def assert_nothing_half_written(self) -> None:
        executions, artifacts = self.store.executions(), self.store.artifacts()
        assert {one.state for one in executions} <= {State.COMPLETE, State.CACHED, State.FAILED, State.CANCELED}
        assert {one.state for one in artifacts} == {LIVE}
        places = [Path(one.uri) for one in artifacts]
        assert [place for place in places if not place.exists()] == []
        files = [path for path in (self.home / "pipelines" / NAME).rglob("*") if path.is_file()]
        kept = set(places)
        assert [path for path in files if kept.isdisjoint([path, *path.parents])] == []
        assert [path for path in files if "unfinished" in path.name or "tmp" in path.name] == []


@pytest.fixture(scope="module")
def project(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "pipelines" / "flights" / "schema.pbtxt", folder)
    (folder / "mine.py").write_text(RUNNER)
    for month in (1, 2, 3):
        deliver(folder / "months", month)
    made = Project(folder, command)
    result = made.type(f"headrace run {folder}/mine.py --set span=3")
    assert result.returncode == 0, result.stdout + result.stderr
    assert made.live()
    made.assert_nothing_half_written()
    return made


@pytest.fixture
def months(project: Project, tmp_path: Path) -> Path:
    """The same months, to be spoilt; as they were read, so that they are not read again."""
    return Path(shutil.copytree(project.folder / "months", tmp_path / "months"))


def run_of_april(months: Path) -> str:
    return f"headrace run flights --set span=4 --set data_root={months}"


def next_steps(result: Result) -> list[str]:
    lines = (result.stdout + result.stderr).splitlines()
    return [line.partition("next: ")[2] for line in lines if line.startswith("  next: ")]


def assert_stopped(project: Project, live: list[str], failed: str) -> None:
    """Asserts that one node failed, that none trained or pushed, and that nothing is half-written."""
    assert [node for node, one in project.executions.items() if one.state is State.FAILED] == [failed]
    assert AFTER_THE_GATE.isdisjoint(project.executions)
    assert project.live() == live
    project.assert_nothing_half_written()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_a_new_carrier, "carrier in split flights: Unexpected string values: Examples contain values missing "
         "from the schema: ZZ (~2%)"),
        (lambda flights: flights.drop_columns(["wind_speed"]), "wind_speed in split flights: Column dropped"),
        (column("distance", lambda miles: miles.cast(pa.string())), "distance in split flights: Unexpected data type: "
         "Expected data of type: INT but got STRING"),
        (column("distance", lambda miles: miles.cast(pa.float64())), "distance in split flights: Unexpected data type: "
         "Expected data of type: INT but got FLOAT"),
        (column("carrier", lambda names: pa.array(range(len(names)))), "carrier in split flights: Unexpected data "
         "type: Expected data of type: BYTES but got INT"),
    ],
    ids=["a new category", "a column that vanished", "numbers as text", "integers as floats", "text as numbers"],
)  # fmt: skip
def test_what_is_not_as_the_schema_says_stops_at_the_gate_until_it_is_put_right(
    project: Project, months: Path, change: Change, why: str
) -> None:
    live = project.live()
    deliver(months, 4, change=change)
    result = project.type(run_of_april(months))
    schema = ROOT / "pipelines" / "flights" / "schema.pbtxt"
    assert_one_clear_message(result, 1, "AnomalyGate failed", f"{NAME} failed: AnomalyGate\n")
    assert "AnomaliesFoundError: 1 anomaly in the data of span 4\n" in result.stdout
    assert f"  why: span 4: {why}" in result.stdout
    assert_stopped(project, live, "AnomalyGate")

    show, resume = next_steps(result)
    assert show.endswith(f"  # then put the data right, or allow this in {schema}")
    shown = project.type(show)
    assert shown.returncode == 0
    assert why.split()[0] in shown.stdout
    assert resume.endswith("--resume  # once what AnomalyGate failed on is put right")

    deliver(months, 4)
    mended = project.type(f"{run_of_april(months)} --to AnomalyGate")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert project.executions["AnomalyGate"].state is State.COMPLETE


def test_what_is_right_is_allowed_in_the_schema(project: Project, months: Path) -> None:
    deliver(months, 4, change=with_a_new_carrier)
    line = f"headrace run {project.folder}/mine.py --set span=4 --set data_root={months} --to AnomalyGate"
    refused, schema = project.type(line), project.folder / "schema.pbtxt"
    assert_one_clear_message(refused, 1, f"or allow this in {schema}\n")
    before = schema.read_text()
    schema.write_text(before.replace('  value: "YV"\n', '  value: "YV"\n  value: "ZZ"\n'))
    allowed = project.type(line)
    schema.write_text(before)
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
    assert project.executions["ArrowExampleGen"].state is State.CACHED
    assert project.executions["AnomalyGate"].state is State.COMPLETE


def test_once_the_data_are_put_right_the_command_that_was_told_goes_on(project: Project, months: Path) -> None:
    deliver(months, 4, change=lambda flights: flights.drop_columns(["wind_speed"]))
    [_, resume] = next_steps(project.type(run_of_april(months)))
    stopped = project.run.id
    deliver(months, 4)
    result = project.type(resume)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"note: ArrowExampleGen runs again: what it reads has changed since {stopped}\n" in result.stderr
    assert "≡ ImportSchemaGen reused\n" in result.stdout
    assert {project.executions[node].state for node in AFTER_THE_GATE} == {State.COMPLETE}
    project.assert_nothing_half_written()


def test_a_month_without_rows_is_named(project: Project, months: Path) -> None:
    live = project.live()
    path = deliver(months, 4, change=lambda flights: flights.slice(0, 0))
    result = project.type(run_of_april(months))
    assert_one_clear_message(result, 1, "InputDataError: the input files hold no rows\n", f"  where: {path}\n")
    assert next_steps(result)[0] == "put the rows there, or take the files away; then run again"
    assert_stopped(project, live, "ArrowExampleGen")
    assert project.executions["SpanBackfill"].state is State.COMPLETE  # the other months are as they were


def test_a_month_without_files_is_said_before_anything_runs(project: Project, months: Path) -> None:
    before = project.run
    for line in (run_of_april(months), f"headrace run flights --set data_root={months} --span 3..4"):
        result = project.type(line)
        assert_one_clear_message(result, 2, "ArrowExampleGen has no files of span 4\n", f"{months}/span-")
        assert "  why: the files there are of the spans 1, 2, 3\n" in result.stderr
        assert project.run == before
    project.assert_nothing_half_written()


def test_a_month_that_is_missing_before_it_is_named(project: Project, months: Path) -> None:
    live = project.live()
    deliver(months, 4)
    shutil.rmtree(months / "span-02")
    result = project.type(run_of_april(months))
    assert_one_clear_message(result, 1, "before span 4 there are no files of span 2\n")
    assert_stopped(project, live, "SpanBackfill")


def test_a_late_version_passes_the_gate_and_then_is_what_models_are_made_of(project: Project) -> None:
    line, months = f"headrace run {project.folder}/mine.py --span 3", project.folder / "months"
    live, first = project.live(), project.store.runs(NAME)[-1].id
    old, late = (months / "span-02" / version / "flights.parquet" for version in ("v0", "v1"))
    made_of_old = project.type(f"headrace lineage impact {old}").stdout
    assert f"{first}  " in made_of_old
    assert "is done: run " + first in project.type(line).stdout

    deliver(months, 2, version=1, change=with_a_new_carrier)
    stopped = project.type(line)
    again = f"is run again: since its run {first} changed: data of SpanBackfill (span 2, version 1)\n"
    assert_one_clear_message(stopped, 1, again, "span 3 of 3: the run of flights failed: AnomalyGate\n")
    assert "AnomaliesFoundError: 1 anomaly in the data of span 2\n" in stopped.stdout
    assert_stopped(project, live, "AnomalyGate")

    deliver(months, 2, version=1, first=1)
    result = project.type(line)
    assert result.returncode == 0, result.stdout + result.stderr
    assert {project.executions[node].state for node in AFTER_THE_GATE} == {State.COMPLETE}
    project.assert_nothing_half_written()

    traced = project.type("headrace lineage trace Trainer.model").stdout
    assert f"from {months}, span 2, version 1\n" in traced
    assert "span 2, version 0" not in traced
    made_of_late = project.type(f"headrace lineage impact {late}").stdout
    assert project.run.id in made_of_late
    assert first not in made_of_late
    assert project.run.id not in project.type(f"headrace lineage impact {old}").stdout
    assert f"is done: run {project.run.id}" in project.type(line).stdout
