"""The taxi pipeline run otherwise: without payment_type, through the TFX CLI, again."""

import subprocess
from pathlib import Path

import pytest

from headrace.metadata import State
from tests.conftest import Command, RecordedRun

RUNNER = "pipelines/taxi/local_runner.py"


def test_a_second_run_takes_everything_from_the_cache_but_compares_with_the_blessed_model(
    command: Command, taxi_run: RecordedRun
) -> None:
    again = command("headrace", "run", "taxi")
    assert again.returncode == 0, again.stderr
    assert "≡ Trainer cached" in again.stdout
    assert "Blessed: all 2 thresholds held." in again.stdout
    assert "changed by +0, asked: at least -0.003" in again.stdout


def test_without_payment_type_the_model_is_not_blessed_and_nothing_is_pushed(
    command: Command, taxi_run: RecordedRun, home: Path
) -> None:
    models = sorted((home / "serving" / "taxi").iterdir())
    variant = command("headrace", "run", "taxi", "--set", 'hyperparameters={"exclude": ["payment_type"]}')
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
    def tfx(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return command("tfx", *arguments, "--engine", engine, BEAM_HOME=str(tmp_path), LOCAL_HOME=str(tmp_path))

    runs = len(taxi_run.store.runs("taxi"))
    created = tfx("pipeline", "create", "--pipeline_path", RUNNER)
    assert created.returncode == 0, created.stderr
    assert 'Pipeline "taxi" created successfully.' in created.stdout
    assert len(taxi_run.store.runs("taxi")) == runs
    ran = tfx("run", "create", "--pipeline_name", "taxi")
    assert ran.returncode == 0, ran.stderr
    assert "≡ Trainer cached" in ran.stdout
    assert len(taxi_run.store.runs("taxi")) == runs + 1
