"""Which spans are done: by the records of runs alone."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, Property, Run
from headrace.metadata.properties import BASIS, PARAMETERS, RUN_STATE
from headrace.metadata.store import sqlite_config
from headrace.orchestration.basis import Basis
from headrace.orchestration.span_history import SpanState, state_of
from tests.headrace.recording import record_run

NOW = Basis({"code model.py": "1", "data of Gen": "1"}, {"Gen": frozenset({"data of Gen"}), "Train": frozenset()})


class Runs:
    """Runs of the pipeline "months", recorded one after another."""

    def __init__(self, folder: Path) -> None:
        self.store = MetadataStore.connect(sqlite_config(folder / "metadata.sqlite"))

    def add(self, span: int, state: str = "succeeded", basis: str = "", **parameters: Property) -> str:
        run = f"run-{len(self.store.runs())}"
        record_run(self.store, "months", run)
        given = json.dumps({"span": span, **parameters})
        self.store.annotate_run(run, {RUN_STATE: state, PARAMETERS: given, BASIS: basis or NOW.to_json()})
        return run

    def __getitem__(self, run: str) -> Run:
        return next(one for one in self.store.runs() if one.id == run)

    def state(self, span: int, after: Run | None = None, **parameters: Property) -> SpanState:
        return state_of(self.store.runs("months"), {"span": span, **parameters}, NOW, after)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def done(state: SpanState) -> str | None:
    return state.done.id if state.done else None


def test_a_span_is_done_by_a_run_that_succeeded_whatever_ran_since(runs: Runs) -> None:
    assert runs.state(3) == SpanState()
    third, fourth = runs.add(3), runs.add(4)
    assert done(runs.state(3)) == third
    assert done(runs.state(4, after=runs[third])) == fourth
    runs.add(3)  # on its own, once more
    assert done(runs.state(3)) == third
    assert done(runs.state(4, after=runs[third])) == fourth


def test_a_run_with_other_parameters_or_of_a_part_does_not_count(runs: Runs) -> None:
    runs.add(3, epochs=2)
    record_run(runs.store, "months", "part")
    runs.store.annotate_run("part", {RUN_STATE: "succeeded", PARAMETERS: '{"span": 3}'})
    assert runs.state(3) == SpanState()
    assert runs.state(3, epochs=2).done is not None


def test_a_run_from_before_the_run_of_the_span_before_it_does_not_count(runs: Runs) -> None:
    fourth, third = runs.add(4), runs.add(3)
    state = runs.state(4, after=runs[third])
    assert state.done is None
    assert state.why == f"its run {fourth} was before that of the span before it"


def test_a_clock_that_was_set_back_makes_no_run_an_earlier_one(runs: Runs) -> None:
    third, fourth = runs[runs.add(3)], runs[runs.add(4)]
    early = replace(fourth, started=third.started - timedelta(hours=1))
    state = state_of([early, third], {"span": 4}, NOW, third)
    assert state.done is not None
    assert state.done.id == fourth.id


def test_what_changed_since_is_named_and_so_are_later_spans(runs: Runs) -> None:
    old = runs.add(3, basis='{"code model.py": "0", "data of Gen": "1", "definition of Gone": "1"}')
    runs.add(7)
    state = runs.state(3)
    assert state.done is None
    assert state.why == f"since its run {old} changed: code model.py, definition of Gone"
    assert state.latest == 7


@pytest.mark.parametrize("ended", ["failed", "died", "canceled"])
def test_what_was_interrupted_is_gone_on_with_but_for_what_is_stale(runs: Runs, ended: str) -> None:
    interrupted = runs.add(3, ended, '{"code model.py": "1", "data of Gen": "0"}')
    state = runs.state(3)
    assert state.interrupted is not None
    assert (state.interrupted.id, state.stale) == (interrupted, frozenset({"Gen"}))
    again = runs.add(3)
    assert done(runs.state(3)) == again


@pytest.mark.parametrize("ended", ["failed", "died", "canceled", "running"])
def test_a_run_that_did_not_succeed_is_not_done_though_nothing_changed(runs: Runs, ended: str) -> None:
    interrupted = runs[runs.add(3, ended)]
    assert runs.state(3) == SpanState(interrupted=None if ended == "running" else interrupted)
    assert runs.state(4) == SpanState()


def test_the_newest_of_the_interrupted_runs_is_gone_on_with(runs: Runs) -> None:
    runs.add(3, "died", '{"code model.py": "1", "data of Gen": "0"}')
    newest = runs[runs.add(3, "failed")]
    assert runs.state(3) == SpanState(interrupted=newest)


def test_the_newest_of_the_runs_that_succeeded_tells_what_changed(runs: Runs) -> None:
    runs.add(3, basis='{"code model.py": "0", "data of Gen": "0"}')
    newest = runs.add(3, basis='{"code model.py": "1", "data of Gen": "0"}')
    assert runs.state(3) == SpanState(why=f"since its run {newest} changed: data of Gen")


@pytest.mark.parametrize(("gone", "told"), [("a", "a"), ("abc", "a, b, c"), ("abcd", "a, b, c and 1 more")])
def test_of_many_changes_three_are_named_and_the_rest_counted(runs: Runs, gone: str, told: str) -> None:
    old = runs.add(3, basis=json.dumps({**NOW.facts, **dict.fromkeys(gone, "1")}))
    assert runs.state(3) == SpanState(why=f"since its run {old} changed: {told}")


def test_what_goes_on_with_a_run_from_before_the_span_before_it_would_build_on_the_wrong_things(runs: Runs) -> None:
    runs.add(4, "died")
    third = runs.add(3)
    assert runs.state(4, after=runs[third]).interrupted is None
