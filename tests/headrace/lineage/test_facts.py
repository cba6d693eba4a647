"""What was recorded of runs and executions, as facts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headrace.contents.times import local_time
from headrace.lineage.facts import RunFacts, defaults_of_values, key_of, run_facts, run_state, step_of
from headrace.lineage.shown import Section
from headrace.metadata import Property, Run, State
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from headrace.metadata.records import Execution

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run_of(**properties: Property) -> Run:
    return Run("r1", "small", START, 1, {f"headrace_{name}": value for name, value in properties.items()})


def execution(
    state: State = State.COMPLETE, seconds: float = 1, facts: Mapping[str, Property] | None = None
) -> Execution:
    return Execution(
        7, "Train", "Trainer", state, START, START + timedelta(seconds=seconds), facts or {}, "small", "r1"
    )


def test_all_that_a_run_recorded_is_among_its_facts() -> None:
    run = run_of(
        user="ada",
        host="engine",
        git_commit="0" * 40,
        git_dirty=0,
        git_remote="https://ada:secret@example.org/r.git",
        git_folder="",
        versions='{"tfx": "1.21"}',
        parameters='{"epochs": 3}',
        defaults='{"epochs": 5}',
        command="headrace run small",
    )
    executions = [execution(seconds=2.5), execution(State.CACHED, 9.5), execution(seconds=4)]
    assert run_facts(run, executions) == RunFacts(
        "r1",
        "small",
        START,
        "succeeded",
        9.5,
        {"COMPLETE": 2, "CACHED": 1},
        user="ada",
        host="engine",
        git_commit="0" * 40,
        git_dirty=False,
        git_remote="https://example.org/r.git",
        git_folder="",
        versions={"tfx": "1.21"},
        parameters={"epochs": 3},
        command="headrace run small",
        defaults={"epochs": 5},
    )


def test_what_a_run_did_not_record_is_none() -> None:
    found = run_facts(run_of(user="", versions="no JSON"), [])
    assert found == RunFacts("r1", "small", START, None, None)


@pytest.mark.parametrize(
    ("recorded", "states", "expected"),
    [
        ("", [State.COMPLETE, State.CACHED], "succeeded"),
        ("", [State.COMPLETE, State.FAILED, State.CANCELED], "failed"),
        ("", [State.COMPLETE, State.CANCELED], "canceled"),
        ("", [State.COMPLETE, State.RUNNING], None),
        ("", [State.FAILED, State.NEW], None),
        ("", [], None),
        ("failed", [State.COMPLETE], "failed"),
        ("succeeded", [State.FAILED], "succeeded"),
        ("canceled", [], "canceled"),
    ],
)
def test_how_a_run_ended_is_as_recorded_or_as_its_executions_tell(
    recorded: str, states: list[State], expected: str | None
) -> None:
    assert run_state(run_of(run_state=recorded), map(execution, states)) == expected


def test_a_run_shows_itself_line_by_line() -> None:
    facts = RunFacts(
        "r1",
        "small",
        START,
        "failed",
        2.25,
        user="ada",
        host="engine",
        command="headrace run small",
        git_commit="0123456789abcdef",
        git_dirty=True,
        parameters={"hyper": '{"epochs": 3, "units": [64, 32]}', "root": "/data"},
        versions={"python": "3.11", "tfx": "1.21"},
    )
    started = local_time(START)
    assert facts.sections() == [
        Section(
            "Run r1 of small",
            (),
            ("", ""),
            (
                ("started", f"{started}, took 2.2 s, failed"),
                ("by", "ada on engine"),
                ("command", "headrace run small"),
                ("code", "commit 0123456789ab, with changes that are not committed"),
                ("parameters", "hyper: epochs: 3, units: [64, 32]; root: /data"),
                ("versions", "python: 3.11, tfx: 1.21"),
            ),
        )
    ]
    assert facts.rows()[0]["seconds"] == 2.25


@pytest.mark.parametrize(("parameters", "told"), [(None, "unknown"), ({}, "none"), ({"n": 3}, "n: 3")])
def test_parameters_that_are_none_are_told_from_those_that_are_unknown(
    parameters: dict[str, Property] | None, told: str
) -> None:
    [section] = RunFacts("r1", "small", START, None, None, parameters=parameters).sections()
    rows = {row[0]: row[1] for row in section.rows}
    assert rows["parameters"] == told
    assert rows["started"] == f"{local_time(START)}, took unknown, unknown"
    assert [rows[name] for name in ("by", "command", "code", "versions")] == [
        "unknown on unknown",
        "unknown",
        "commit unknown",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("commit", "dirty", "told"),
    [
        (None, None, "commit unknown"),
        (None, True, "commit unknown"),
        ("0123456789abcdef", None, "commit 0123456789ab"),
        ("0123456789abcdef", False, "commit 0123456789ab"),
        ("0123456789abcdef", True, "commit 0123456789ab, with changes that are not committed"),
    ],
)
def test_the_state_of_the_code_is_its_commit_and_whether_that_is_all(
    commit: str | None, dirty: bool | None, told: str
) -> None:
    assert RunFacts("r", "p", START, None, None, git_commit=commit, git_dirty=dirty).code_state == told


def test_a_step_has_what_was_measured_of_its_process() -> None:
    key = KeyParts(code={"model.py": "ff"})
    facts: dict[str, Property] = {
        names.WALL_SECONDS: 2,
        names.CPU_SECONDS: 0,
        names.PEAK_MEMORY_BYTES: 5.0,
        names.CODE: "digest",
        names.EXECUTOR: "our.Executor",
        names.KEY: key.to_json(),
        "__tfx_own__": 1,
        "epochs": 3,
    }
    step = step_of(execution(seconds=9, facts=facts))
    assert (step.execution, step.node, step.type, step.state, step.run) == (7, "Train", "Trainer", "COMPLETE", "r1")
    assert (step.seconds, step.cpu_seconds, step.peak_memory_bytes) == (2.0, 0.0, 5)
    assert (step.code, step.code_digest, step.executor) == ({"model.py": "ff"}, "digest", "our.Executor")
    assert (step.started, step.parameters) == (START, {"epochs": 3})


def test_a_step_of_which_nothing_was_measured_took_as_long_as_its_execution() -> None:
    step = step_of(execution(seconds=9))
    assert (step.seconds, step.cpu_seconds, step.peak_memory_bytes) == (9.0, None, None)
    assert (step.code, step.code_digest, step.executor, key_of(execution())) == (None, None, None, None)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"b": 1, "a": "x"}, {"a": "x", "b": 1}),
        ({"custom_config": '{"epochs": 3, "empty": [], "none": null}'}, {"epochs": 3, "empty": [], "none": None}),
        ({"other": '{"epochs": 3}'}, {"other": {"epochs": 3}}),
        ({"zero": 0, "no": 0.0, "empty": "", "list": "[]", "object": "{}", "null": "null"}, {"no": 0.0, "zero": 0}),
        ({"custom_config": "[1]"}, {"custom_config": [1]}),
        ({"input_base": "/data", "later": 1}, {"later": 1}),
        (dict.fromkeys(("input_base", "input_config", "input_fingerprint", "span", "version"), "1"), {}),
    ],
)
def test_the_options_of_a_step_are_its_parameters_that_say_something(
    parameters: Mapping[str, Property], expected: dict[str, Any]
) -> None:
    options = step_of(execution(facts=parameters)).options
    assert options == expected
    assert list(options) == list(expected)


def test_fields_that_were_not_given_are_at_their_defaults() -> None:
    given = '{"epochs": 3}'
    step = step_of(execution(facts={"custom_config": given, "other": '{"rate": 1}'}))
    found = step.options_with({given: {"epochs": 5, "seed": 7}})
    assert found == {"epochs": 3, "seed": 7, "other": {"rate": 1}}


def test_the_defaults_of_a_value_are_the_runs_own_or_else_those_of_the_other() -> None:
    given, other_given = '{"epochs": 3}', '{"rate": 1}'
    run = RunFacts("r", "p", START, None, None, parameters={"hyper": given, "more": other_given, "root": "/data"})
    own = RunFacts("r", "p", START, None, None, parameters=run.parameters, defaults={"hyper": '{"seed": 1}'})
    other = RunFacts("o", "p", START, None, None, defaults={"hyper": '{"seed": 2}', "more": '{"x": 3}', "root": "/"})
    assert defaults_of_values(run, other) == {given: {"seed": 2}, other_given: {"x": 3}}
    assert defaults_of_values(own, other) == {given: {"seed": 1}, other_given: {"x": 3}}
    assert defaults_of_values(run, run) == {}
