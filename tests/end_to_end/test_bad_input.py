"""What a person sees who gives the pipeline something it cannot use, and what stays as it was."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from headrace.metadata import MetadataStore, State
from tests.conftest import ROOT, Command, RecordedRun, assert_one_clear_message

TRIPS = ROOT / "data" / "taxi"
ROWS = 200  # of each year: enough for statistics


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small copy of the trips, to be spoilt."""
    folder = tmp_path / "data"
    folder.mkdir()
    for path in TRIPS.glob("*.csv"):
        lines = path.read_text().splitlines(keepends=True)
        (folder / path.name).write_text("".join(lines[: ROWS + 1]))
    return folder


def spoil(data: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = data / "trips-2016.csv"
    change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def spoil_both_years(data: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Files of one split must have one header."""
    for year in (2015, 2016):
        path = data / f"trips-{year}.csv"
        change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def gate(command: Command, data: Path, home: Path) -> "subprocess.CompletedProcess[str]":
    return command(f"headrace run taxi --set data_root={data}", HEADRACE_HOME=str(home))


def test_an_unknown_payment_type_stops_at_the_gate_and_the_message_leads_on(
    command: Command, data: Path, tmp_path: Path
) -> None:
    spoil(data, lambda trips: trips.assign(payment_type=["Barter", *trips.payment_type[1:]]))
    home = tmp_path / "home"
    result = gate(command, data, home)
    assert_one_clear_message(result, 1, "AnomalyGate failed", "payment_type in split eval", "Barter", "headrace show ")
    store = MetadataStore.open(home / "metadata.sqlite")
    [run] = store.runs("taxi")
    executions = {execution.node: execution for execution in store.executions(run)}
    assert executions["ExampleValidator"].state is State.COMPLETE
    assert executions["AnomalyGate"].state is State.FAILED
    assert "Barter" in str(executions["AnomalyGate"].properties["headrace_error_why"])
    assert "Transform" not in executions
    [show] = [line.partition("next: ")[2] for line in result.stdout.splitlines() if "next: headrace show" in line]
    shown = command(show, HEADRACE_HOME=str(home))
    assert "payment_type" in shown.stdout


def test_a_missing_column_stops_at_the_gate(command: Command, data: Path, tmp_path: Path) -> None:
    spoil_both_years(data, lambda trips: trips.drop(columns="fare"))
    result = gate(command, data, tmp_path / "home")
    assert_one_clear_message(result, 1, "AnomalyGate failed", "fare in split eval", "Column dropped")


def test_a_wrong_type_stops_at_the_gate(command: Command, data: Path, tmp_path: Path) -> None:
    spoil(data, lambda trips: trips.assign(trip_miles=["far", *trips.trip_miles[1:]]))
    result = gate(command, data, tmp_path / "home")
    assert_one_clear_message(result, 1, "AnomalyGate failed", "trip_miles in split eval", "FLOAT")


def test_a_missing_data_folder_is_said_before_anything_runs(command: Command, tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = gate(command, tmp_path / "nowhere", home)
    assert_one_clear_message(result, 2, str(tmp_path / "nowhere"), "there is no such folder")
    assert not (home / "metadata.sqlite").exists()


@pytest.mark.parametrize(
    ("content", "why"), [("", "it is empty"), ("fare,tips\n", "each of 2 files has a header and no rows")]
)
def test_an_empty_csv_is_said_before_anything_runs(
    content: str, why: str, command: Command, data: Path, tmp_path: Path
) -> None:
    for year in (2013, 2014):  # all of a split: parts with a header alone are no fault
        (data / f"trips-{year}.csv").write_text(content)
    assert_one_clear_message(gate(command, data, tmp_path / "home"), 2, "trips-2013.csv", why)


def test_a_home_that_cannot_be_written_is_said_at_once(command: Command, tmp_path: Path) -> None:
    if os.geteuid() == 0:  # root may write everywhere but there
        home = Path("/proc/headrace-home")
    else:
        home = tmp_path / "read-only"
        home.mkdir(mode=0o500)
    result = command("headrace run taxi", HEADRACE_HOME=str(home))
    assert_one_clear_message(result, 2, "the home folder cannot be written", str(home), "HEADRACE_HOME")


def test_a_corrupt_metadata_store_is_said_and_left_as_it_is(command: Command, data: Path, tmp_path: Path) -> None:
    store = tmp_path / "metadata.sqlite"
    store.write_bytes(b"these bytes are no database " * 100)
    before = store.read_bytes()
    result = command("headrace run taxi", HEADRACE_HOME=str(tmp_path))
    assert_one_clear_message(result, 2, "metadata store", str(store), "file is not a database", f"mv {store}")
    assert store.read_bytes() == before


def test_a_mistyped_parameter_is_said_and_the_record_stays_as_it_was(
    command: Command, taxi_run: RecordedRun, home: Path
) -> None:
    before = (home / "metadata.sqlite").read_bytes()
    result = command("headrace run taxi --set hyperparameter={}")
    assert_one_clear_message(result, 2, "there is no parameter 'hyperparameter'", "did you mean 'hyperparameters'?")
    assert (home / "metadata.sqlite").read_bytes() == before


def test_a_run_with_hyperparameters_that_cannot_be_is_refused_before_anything_runs(
    command: Command, tmp_path: Path
) -> None:
    refused = command("headrace run taxi --set hyperparameters='{\"epochz\": 3}'", HEADRACE_HOME=str(tmp_path))
    assert_one_clear_message(
        refused, 2, "the parameter 'hyperparameters' cannot be", "no hyperparameter 'epochz': did you mean 'epochs'?"
    )
    assert refused.stdout == ""
    assert not list(tmp_path.iterdir())
