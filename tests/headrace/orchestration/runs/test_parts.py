"""Resuming, running parts, and what the cache may be trusted with."""

from pathlib import Path

import pytest
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.types.standard_artifacts import Integer

from headrace.errors import UnknownNameError, UserError
from headrace.metadata import State
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from tests.headrace.orchestration.runs.conftest import Ran, RunPipeline
from tests.small_components import AddOne, Flaky, Number, Positive

RESUME = RunRequest(resume=True)


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


def chain(marks: Path, failures: int = 0) -> list[BaseNode]:
    """Number -> AddOne -> Last, and Flaky, which Last waits for."""
    number = Number(value=1)
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
    run_pipeline("newest", chain(marks))
    failed = run_pipeline("newest", [Number(value=5), *chain(marks, failures=9)[1:]], RunRequest(cache=False))
    assert failed.error is not None
    ran = run_pipeline("newest", chain(marks), RunRequest(from_nodes=("Last",), to_nodes=("Last",), cache=False))
    assert ran.error is None  # the failed run lacks Flaky, so the first one is the base
    assert ran.value("Last", "sum") == ["3"]


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


@pytest.mark.parametrize("damage", ["emptied", "removed"])
def test_a_damaged_output_is_not_taken_from_the_cache(run_pipeline: RunPipeline, marks: Path, damage: str) -> None:
    first = run_pipeline("cache", chain(marks), enable_cache=True)
    [artifact] = first.store.outputs(first.of("Number")[0].id)["number"]
    if damage == "emptied":
        Path(artifact.uri).write_text("")
    else:
        Path(artifact.uri).unlink()
    again = run_pipeline("cache", chain(marks), enable_cache=True)
    assert again.states["Number"] is NodeState.SUCCEEDED
    assert again.value("Last", "sum") == ["3"]


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
