"""Resuming, running parts, and what the cache may be trusted with."""

import json
from pathlib import Path

import pytest
from tfx.components import CsvExampleGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.orchestration.pipeline import Pipeline, PipelineInputs, RunOptions
from tfx.types.standard_artifacts import Integer

from headrace.errors import InputDataError, UnknownNameError, UserError
from headrace.metadata import State
from headrace.metadata.properties import CHANGED_INPUTS
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from tests.headrace.orchestration.runs.conftest import Ran, RunPipeline
from tests.small_components import AddOne, Flaky, MaybeAddOne, Number, Positive, Spoil

RESUME = RunRequest(resume=True)
LAST = RunRequest(from_nodes=("Last",), to_nodes=("Last",))


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


def chain(marks: Path, failures: int = 0) -> list[BaseNode]:
    """Number -> AddOne -> Last, and Flaky, which Last waits for."""
    return numbered(marks, 1, failures)


def numbered(marks: Path, value: int, failures: int = 0) -> list[BaseNode]:
    """The same from another number."""
    number = Number(value=value)
    plus = AddOne(number=number.outputs["number"])
    flaky = Flaky(marks=str(marks), failures=failures)
    last = AddOne(number=plus.outputs["sum"]).with_id("Last")
    last.add_upstream_node(flaky)
    return [number, plus, flaky, last]


def test_a_resumed_run_takes_what_succeeded_and_runs_the_rest(run_pipeline: RunPipeline, marks: Path) -> None:
    failed = run_pipeline("resumed", chain(marks, failures=1))
    assert failed.error is not None
    resumed = run_pipeline("resumed", chain(marks, failures=1), RESUME)
    assert resumed.error is None
    assert resumed.states == {
        "Number": NodeState.REUSED,
        "AddOne": NodeState.REUSED,
        "Flaky": NodeState.SUCCEEDED,
        "Last": NodeState.SUCCEEDED,
    }
    assert resumed.value("Last", "sum") == ["3"]
    # As TFX records a partial run: what is reused is a cached execution in the new run.
    assert [one.state for one in resumed.of("AddOne")] == [State.CACHED]


def test_what_was_put_right_meanwhile_is_read_again(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    (tmp_path / "number").write_text("-2")

    def run(request: RunRequest | None = None) -> Ran:
        number = Importer(source_uri=str(tmp_path / "number"), artifact_type=Integer).with_id("imported")
        plus = AddOne(number=number.outputs["result"])
        return run_pipeline("mended", [number, plus, Positive(number=plus.outputs["sum"]), Number(value=1)], request)

    assert run().error is not None
    (tmp_path / "number").write_text("8")
    mended = run(RESUME)
    assert mended.error is None
    assert mended.value("Positive", "same") == ["9"]
    assert mended.states["Number"] is NodeState.REUSED


def test_there_is_nothing_to_resume_after_a_run_that_succeeded(run_pipeline: RunPipeline, marks: Path) -> None:
    run_pipeline("done", chain(marks))
    refused = run_pipeline("done", chain(marks), RESUME)
    assert isinstance(refused.error, UserError)
    assert refused.error.what == "the last run of done succeeded"
    assert len(refused.store.runs("done")) == 1


def test_there_is_nothing_to_resume_before_the_first_run(run_pipeline: RunPipeline, marks: Path) -> None:
    run_pipeline("other", [Number(value=1)])
    refused = run_pipeline("new", chain(marks), RESUME)
    assert isinstance(refused.error, UserError)
    assert "there is no earlier run of new" in refused.error.what


def test_a_part_runs_on_what_an_earlier_run_made(run_pipeline: RunPipeline, marks: Path) -> None:
    run_pipeline("part", chain(marks))
    ran = run_pipeline("part", chain(marks), RunRequest(from_nodes=("Last",), to_nodes=("Last",), cache=False))
    assert ran.error is None
    assert [node for node, state in ran.states.items() if state is NodeState.SUCCEEDED] == ["Last"]
    ran = run_pipeline("part", chain(marks), RunRequest(from_nodes=("AddOne",), cache=False))
    assert [node for node, state in ran.states.items() if state is NodeState.SUCCEEDED] == ["AddOne", "Last"]


def test_one_node_takes_the_newest_inputs_that_were_made(run_pipeline: RunPipeline, marks: Path) -> None:
    for value in (1, 5):
        assert run_pipeline("newest", numbered(marks, value)).error is None
    failed = run_pipeline("newest", numbered(marks, 8, failures=9), RunRequest(cache=False))
    assert failed.error is not None
    ran = run_pipeline("newest", chain(marks), RunRequest(from_nodes=("Last",), to_nodes=("Last",), cache=False))
    assert ran.error is None  # the failed run lacks Flaky, so the second one is the base
    assert ran.value("Last", "sum") == ["7"]


def test_a_part_that_needs_nothing_runs_before_anything_else_has(run_pipeline: RunPipeline, marks: Path) -> None:
    for request, options in (
        (RunRequest(to_nodes=("AddOne",)), None),
        (RunRequest(), RunOptions(to_nodes=["AddOne"])),
    ):
        ran = run_pipeline(f"first{options is None}", chain(marks), request, run_options=options)
        assert ran.error is None
        assert ran.states == {
            "Number": NodeState.SUCCEEDED,
            "AddOne": NodeState.SUCCEEDED,
            "Flaky": NodeState.LEFT_OUT,
            "Last": NodeState.LEFT_OUT,
        }
        assert {execution.node for execution in ran.executions} == {"Number", "AddOne"}


def test_a_part_that_needs_something_names_it_where_nothing_has_run(run_pipeline: RunPipeline, marks: Path) -> None:
    run_pipeline("other", [Number(value=1)])
    refused = run_pipeline("needy", chain(marks), RunRequest(from_nodes=("AddOne",)))
    assert isinstance(refused.error, UserError)
    assert refused.error.what == "there is no earlier run of needy"
    assert refused.error.why.endswith("needed: Flaky, Number")


def test_what_failed_or_never_ran_is_not_called_reused(run_pipeline: RunPipeline, marks: Path) -> None:
    assert run_pipeline("failing", chain(marks, failures=9)).error is not None
    ran = run_pipeline("failing", chain(marks), RunRequest(from_nodes=("AddOne",), to_nodes=("AddOne",)))
    assert ran.error is None
    assert ran.states == {
        "Number": NodeState.REUSED,
        "AddOne": NodeState.SUCCEEDED,
        "Flaky": NodeState.LEFT_OUT,
        "Last": NodeState.LEFT_OUT,
    }


def test_a_part_without_a_node_is_refused(run_pipeline: RunPipeline, marks: Path) -> None:
    run_pipeline("empty", chain(marks))
    refused = run_pipeline("empty", chain(marks), RunRequest(from_nodes=("AddOne",), to_nodes=("Flaky",)))
    assert isinstance(refused.error, UserError)
    assert refused.error.why == "nothing of Flaky depends on AddOne"
    assert len(refused.store.runs("empty")) == 1


def test_the_run_that_tfx_options_name_is_the_one_that_the_rest_is_taken_from(
    run_pipeline: RunPipeline, marks: Path
) -> None:
    first = run_pipeline("based", chain(marks))
    run_pipeline("based", [Number(value=5), *chain(marks)[1:]])
    assert first.run is not None
    last = RunOptions(from_nodes=["AddOne"], base_pipeline_run_id=first.run.id)
    assert run_pipeline("based", chain(marks), run_options=last).value("Last", "sum") == ["3"]
    unknown = RunOptions(from_nodes=["AddOne"], base_pipeline_run_id=first.run.id[:-1])
    error = run_pipeline("based", chain(marks), run_options=unknown).error
    assert isinstance(error, UnknownNameError)
    assert first.run.id in error.why


def test_a_part_runs_without_what_was_skipped_where_it_can(run_pipeline: RunPipeline) -> None:
    def nodes() -> list[BaseNode]:
        number = Number(value=1)
        with Cond(number.outputs["number"].future()[0].value == 2):
            tuned = Number(value=7).with_id("Tuned")
        maybe = MaybeAddOne(number=tuned.outputs["number"])
        return [number, tuned, maybe, AddOne(number=tuned.outputs["number"]).with_id("Needs")]

    run_pipeline("tuning", nodes())
    ran = run_pipeline("tuning", nodes(), RunRequest(from_nodes=("MaybeAddOne",), to_nodes=("MaybeAddOne",)))
    assert ran.value("MaybeAddOne", "sum") == ["1"]
    refused = run_pipeline("tuning", nodes(), RunRequest(from_nodes=("Needs",), to_nodes=("Needs",)))
    assert isinstance(refused.error, UserError)


def test_nodes_of_a_sub_pipeline_outside_the_part_do_not_run(run_pipeline: RunPipeline) -> None:
    number = Number(value=5)
    inputs = PipelineInputs({"number": number.outputs["number"]})
    one = AddOne(number=inputs.inputs["number"]).with_id("One")
    inner = Pipeline("inner", "", components=[one], inputs=inputs, outputs={"sum": one.outputs["sum"]})
    ran = run_pipeline("outer", [number, inner], RunRequest(to_nodes=("Number",)))
    assert ran.error is None
    assert {state for node, state in ran.states.items() if node != "Number"} == {NodeState.LEFT_OUT}


def test_what_would_be_taken_from_a_sub_pipeline_is_refused_with_the_reason(run_pipeline: RunPipeline) -> None:
    def run(request: RunRequest | None = None) -> Ran:
        number = Number(value=5)
        inputs = PipelineInputs({"number": number.outputs["number"]})
        one = AddOne(number=inputs.inputs["number"]).with_id("One")
        inner = Pipeline("inner", "", components=[one], inputs=inputs, outputs={"sum": one.outputs["sum"]})
        return run_pipeline("outer", [number, inner, AddOne(number=inner.outputs["sum"]).with_id("Last")], request)

    assert run().error is None
    for request, what in ((RESUME, "no run of outer can be resumed"), (LAST, "this part of outer cannot be run")):
        refused = run(request).error
        assert isinstance(refused, UserError)
        assert refused.what == what
        assert "sub-pipeline" in refused.why


def test_what_a_node_outside_the_part_would_read_need_not_be_there(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    def run(request: RunRequest | None = None) -> Ran:
        return run_pipeline("read", [CsvExampleGen(str(tmp_path / "data")), Number(value=1)], request)

    assert run(RunRequest(to_nodes=("Number",))).error is None
    assert isinstance(run().error, InputDataError)
    assert isinstance(run(RunRequest(to_nodes=("CsvExampleGen",))).error, InputDataError)


def test_a_run_is_resumed_from_what_is_still_there(run_pipeline: RunPipeline, marks: Path) -> None:
    failed = run_pipeline("gone", chain(marks, failures=1))
    [artifact] = failed.store.outputs(failed.of("AddOne")[0].id)["sum"]
    Path(artifact.uri).unlink()
    resumed = run_pipeline("gone", chain(marks, failures=1), RESUME)
    assert resumed.states["Number"] is NodeState.REUSED
    assert resumed.states["AddOne"] is NodeState.SUCCEEDED
    assert resumed.value("Last", "sum") == ["3"]


def test_a_node_that_is_not_there_is_refused(run_pipeline: RunPipeline, marks: Path) -> None:
    run_pipeline("part", chain(marks))
    refused = run_pipeline("part", chain(marks), RunRequest(from_nodes=("Lst",)))
    assert isinstance(refused.error, UnknownNameError)
    assert "did you mean 'Last'?" in refused.error.why


def cached(ran: Ran) -> list[str]:
    return sorted(node for node, state in ran.states.items() if state is NodeState.CACHED)


def test_what_has_not_changed_comes_from_the_cache(run_pipeline: RunPipeline, marks: Path) -> None:
    run_pipeline("cache", chain(marks), enable_cache=True)
    again = run_pipeline("cache", chain(marks), enable_cache=True)
    assert cached(again) == ["AddOne", "Flaky", "Last", "Number"]


def test_the_cache_can_be_off_for_a_run_for_a_node_and_for_a_pipeline(run_pipeline: RunPipeline, marks: Path) -> None:
    run_pipeline("cache", chain(marks), enable_cache=True)
    assert cached(run_pipeline("cache", chain(marks), RunRequest(cache=False), enable_cache=True)) == []
    one = run_pipeline("cache", chain(marks), RunRequest(no_cache_for=("Flaky",)), enable_cache=True)
    assert "Flaky" not in cached(one)
    assert "AddOne" in cached(one)
    assert cached(run_pipeline("cache", chain(marks), enable_cache=False)) == []


@pytest.mark.parametrize("damage", ["emptied", "removed", "edited to the same size"])
def test_a_damaged_output_is_not_taken_from_the_cache(run_pipeline: RunPipeline, marks: Path, damage: str) -> None:
    first = run_pipeline("cache", chain(marks), enable_cache=True)
    [artifact] = first.store.outputs(first.of("Number")[0].id)["number"]
    if damage == "emptied":
        Path(artifact.uri).write_text("")
    elif damage != "removed":
        Path(artifact.uri).write_text("7")
    else:
        Path(artifact.uri).unlink()
    again = run_pipeline("cache", chain(marks), enable_cache=True)
    assert again.states["Number"] is NodeState.SUCCEEDED
    assert again.value("Last", "sum") == ["3"]


def test_a_node_that_writes_into_its_input_is_reported_and_what_it_spoiled_is_made_again(
    run_pipeline: RunPipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    def run() -> Ran:
        number = Number(value=1)
        spoils = Spoil(number=number.outputs["number"])
        return run_pipeline("spoiled", [number, AddOne(number=number.outputs["number"]), spoils], enable_cache=True)

    first = run()
    assert first.error is None
    [artifact] = first.store.outputs(first.of("Number")[0].id)["number"]
    assert first.of("Spoil")[0].properties[CHANGED_INPUTS] == json.dumps([artifact.uri])
    assert f"Spoil: its input changed while it ran: {artifact.uri}" in capfd.readouterr().out
    again = run()
    assert again.states["Number"] is NodeState.SUCCEEDED
    assert again.value("Spoil", "seen") == ["1"]


def test_an_edit_of_what_an_importer_brought_in_is_seen(run_pipeline: RunPipeline, tmp_path: Path) -> None:
    (tmp_path / "number").write_text("4")

    def run() -> Ran:
        number = Importer(source_uri=str(tmp_path / "number"), artifact_type=Integer).with_id("imported")
        return run_pipeline("importing", [number, AddOne(number=number.outputs["result"])], enable_cache=True)

    assert run().value("AddOne", "sum") == ["5"]
    assert "AddOne" in cached(run())
    (tmp_path / "number").write_text("7")
    assert run().value("AddOne", "sum") == ["8"]


COMPONENT = """
from tfx.dsl.component.experimental.annotations import OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Integer
import {helper}

@component
def Edited(number: OutputArtifact[Integer]) -> None:
    number.value = {helper}.value() + 0
"""


def test_an_edit_of_a_component_or_of_what_it_imports_is_seen(
    run_pipeline: RunPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    monkeypatch.syspath_prepend(str(code))
    (code / "edited_component.py").write_text(COMPONENT.format(helper="edited_helper"))
    (code / "edited_helper.py").write_text("def value(): return 1\n")
    from edited_component import Edited  # type: ignore[import-not-found]

    def run() -> Ran:
        return run_pipeline("edited", [Edited()], enable_cache=True)

    assert run().value("Edited", "number") == ["1"]
    assert cached(run()) == ["Edited"]
    (code / "edited_helper.py").write_text("def value(): return 22\n")
    assert run().value("Edited", "number") == ["22"]
    component = (code / "edited_component.py").read_text()
    (code / "edited_component.py").write_text(component.replace("+ 0", "+ 300"))
    assert run().value("Edited", "number") == ["322"]
