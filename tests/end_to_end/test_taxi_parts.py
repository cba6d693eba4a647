"""The taxi pipeline in parts: planned, failed and resumed, one node of it, and looked back at."""

from pathlib import Path

from headrace.metadata import State
from tests.conftest import Command, RecordedRun, from_readme

BAD = """headrace run taxi --set 'hyperparameters={"hidden_units": [1000000000000]}'"""  # no machine has the memory


def test_the_plan_says_what_would_run_and_why(command: Command, taxi_run: RecordedRun) -> None:
    plan = command(from_readme("headrace plan taxi") + """ --set 'hyperparameters={"epochs": 1}'""")
    assert plan.returncode == 0, plan.stderr
    rows = {line.split("│")[1].strip(): line for line in plan.stdout.splitlines() if line.count("│") > 3}
    assert "cached" in rows["Transform"]
    assert "run" in rows["Trainer"]
    assert "epochs 5 -> 1" in plan.stdout
    assert "upstream Trainer: would run" in plan.stdout


def test_a_run_that_failed_ends_with_the_command_that_resumes_it(command: Command, taxi_run: RecordedRun) -> None:
    failed = command(BAD)
    assert failed.returncode == 1
    assert "OOM when allocating tensor" in failed.stdout
    last = failed.stderr.strip().splitlines()[-1].partition("next: ")[2]
    assert last == """headrace run taxi '--set=hyperparameters={"hidden_units": [1000000000000]}' --resume"""
    resumed = command(from_readme("headrace run taxi --resume"))  # the parameter was at fault
    assert resumed.returncode == 0, resumed.stderr
    assert "≡ Transform reused" in resumed.stdout
    assert "Trainer cached" in resumed.stdout
    assert "pushed to" in resumed.stdout


def test_one_node_runs_alone_on_the_newest_inputs_it_had(command: Command, taxi_run: RecordedRun) -> None:
    ran = command(from_readme("headrace run taxi --only Trainer") + " --no-cache")
    assert ran.returncode == 0, ran.stderr
    assert "✓ Trainer succeeded" in ran.stdout
    run = RecordedRun(taxi_run.store, taxi_run.store.runs("taxi")[0])
    assert run.executions["Trainer"].state is State.COMPLETE
    assert run.executions["Transform"].state is State.CACHED
    assert "Evaluator" not in run.executions


def test_runs_are_listed(command: Command, taxi_run: RecordedRun) -> None:
    listed = command(from_readme("headrace runs list"))
    assert listed.returncode == 0, listed.stderr
    assert taxi_run.run.id in listed.stdout
    assert "succeeded" in listed.stdout


def test_a_second_run_without_a_change_evaluates_and_pushes_nothing_again(
    command: Command, taxi_run: RecordedRun, home: Path
) -> None:
    line = from_readme("headrace run taxi")
    first, second = command(line), command(line)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    for node in ("Trainer", "Evaluator", "Pusher"):
        assert f"≡ {node} cached" in second.stdout
    newest = max((home / "serving" / "taxi").iterdir(), key=lambda one: int(one.name))
    assert f"nothing new to push: an earlier run pushed to {newest}" in second.stdout
