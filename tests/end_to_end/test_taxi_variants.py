"""The taxi pipeline run otherwise: without payment_type, through the TFX CLI, again."""

import subprocess
from pathlib import Path

import pytest

from headrace.metadata import State
from tests.conftest import Command, RecordedRun, from_readme


def test_an_unchanged_run_trains_evaluates_and_pushes_nothing_again(
    command: Command, taxi_run: RecordedRun, home: Path
) -> None:
    command(from_readme("headrace run taxi"))  # another test may have pushed another model since
    models = sorted((home / "serving" / "taxi").iterdir())
    again = command(from_readme("headrace run taxi"))
    assert again.returncode == 0, again.stderr
    for node in ("Trainer", "Evaluator", "Pusher"):
        assert f"≡ {node} cached" in again.stdout
    assert sorted((home / "serving" / "taxi").iterdir()) == models


def test_without_payment_type_the_model_is_not_blessed_and_nothing_is_pushed(
    command: Command, taxi_run: RecordedRun, home: Path
) -> None:
    models = sorted((home / "serving" / "taxi").iterdir())
    variant = command(from_readme("headrace run taxi --set"))
    assert variant.returncode == 0, variant.stderr  # a rejected model is an answer, not a failure
    assert "Not blessed: 2 of 2 thresholds did not hold." in variant.stdout
    assert "asked: at least 0.92" in variant.stdout
    assert "nothing was pushed" in variant.stdout
    assert sorted((home / "serving" / "taxi").iterdir()) == models
    run = RecordedRun(taxi_run.store, taxi_run.store.runs("taxi")[0])
    assert run.executions["Transform"].state is State.CACHED
    assert run.output("Evaluator", "blessing").properties["blessed"] == 0
    assert run.output("Pusher", "pushed_model").properties["pushed"] == 0


@pytest.mark.parametrize("engine", ["beam", "local"])
def test_the_tfx_cli_creates_without_running_and_runs(
    engine: str, command: Command, taxi_run: RecordedRun, tmp_path: Path
) -> None:
    def tfx(start: str) -> "subprocess.CompletedProcess[str]":
        line = from_readme(start).replace("--engine beam", f"--engine {engine}")
        return command(line, BEAM_HOME=str(tmp_path), LOCAL_HOME=str(tmp_path))

    runs = len(taxi_run.store.runs("taxi"))
    created = tfx("tfx pipeline create")
    assert created.returncode == 0, created.stderr
    assert 'Pipeline "taxi" created successfully.' in created.stdout
    assert len(taxi_run.store.runs("taxi")) == runs
    ran = tfx("tfx run create")
    assert ran.returncode == 0, ran.stderr
    assert "≡ Trainer cached" in ran.stdout
    assert len(taxi_run.store.runs("taxi")) == runs + 1


def test_the_demo_is_the_taxi_run(command: Command) -> None:
    assert (
        command("make --no-print-directory -n demo").stdout.splitlines()[-1]
        == f".venv/bin/{from_readme('headrace run taxi')}"
    )
