"""Real runs, the clean-up between and beside them, and what the cache hands out after it."""

import threading
from collections.abc import Sequence
from pathlib import Path

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.experimental.node_execution_options.utils import NodeExecutionOptions
from tfx.types.standard_artifacts import Integer

from headrace.errors import UserError
from headrace.metadata import MetadataStore
from headrace.orchestration.clean_up import clean_up
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.removal import remove
from headrace.orchestration.request import RunRequest
from headrace.orchestration.run_lock import live_runs
from headrace.settings import Settings
from tests.headrace.orchestration.runs.conftest import Ran, RunPipeline
from tests.small_components import AddOne, MarkInput, Meet, Number, Point


def adding(value: int) -> list[BaseNode]:
    number = Number(value=value)
    return [number, AddOne(number=number.outputs["number"])]


def uris(ran: Ran) -> list[Path]:
    return [
        Path(artifact.uri)
        for execution in ran.executions
        for artifacts in ran.store.outputs(execution.id).values()
        for artifact in artifacts
    ]


def test_the_cache_hands_out_what_was_kept_and_not_what_was_removed(
    run_pipeline: RunPipeline, settings: Settings
) -> None:
    def run(value: int) -> Ran:
        return run_pipeline("adding", adding(value), enable_cache=True)

    old, new = run(1), run(5)
    assert len(remove(settings, old.store, keep_runs=1)) == 2
    assert not any(place.exists() for place in uris(old))
    again = run(5)
    assert set(again.states.values()) == {NodeState.CACHED}
    assert uris(again) == uris(new)
    anew = run(1)
    assert set(anew.states.values()) == {NodeState.SUCCEEDED}
    assert anew.value("AddOne", "sum") == ["2"]
    assert set(uris(anew)).isdisjoint(uris(old))


def test_what_was_taken_from_the_cache_is_kept_with_the_run_that_took_it(
    run_pipeline: RunPipeline, settings: Settings
) -> None:
    for value in (1, 5, 1):  # the last takes over what the first made
        ran = run_pipeline("adding", adding(value), enable_cache=True)
    gone = remove(settings, ran.store, keep_runs=1)
    assert len(gone) == 2
    assert ran.value("AddOne", "sum") == ["2"]


def test_a_part_does_not_run_on_what_was_removed(run_pipeline: RunPipeline, settings: Settings) -> None:
    part = RunRequest(from_nodes=("AddOne",), to_nodes=("AddOne",), cache=False)
    first = run_pipeline("parts", adding(1))
    assert first.error is None
    run_pipeline("parts", adding(1)[:1])  # it has no AddOne, but a Number
    remove(settings, first.store, keep_runs=1)
    ran = run_pipeline("parts", adding(1), part)
    assert ran.error is None
    assert ran.value("AddOne", "sum") == ["2"]
    store = MetadataStore.of_project(settings)
    for number in [one.id for one in store.artifacts() if one.state == "LIVE"]:
        store.mark_artifacts([number], "DELETED")
    refused = run_pipeline("parts", adding(1), part)
    assert isinstance(refused.error, UserError)
    assert "or it was removed" in refused.error.what


def test_a_run_that_goes_on_keeps_what_it_uses(run_pipeline: RunPipeline, settings: Settings, tmp_path: Path) -> None:
    def nodes(value: int, other: str) -> Sequence[BaseNode]:
        number, plus = adding(value)
        meet = Meet(place=str(tmp_path), me=f"{value} is there", other=other)
        last = AddOne(number=plus.outputs["sum"]).with_id("Last")
        meet.add_upstream_node(plus)
        last.add_upstream_node(meet)
        return [number, plus, meet, last]

    (tmp_path / "go").touch()
    run_pipeline("going", nodes(1, "go"), enable_cache=True)
    for value in (5, 6):
        run_pipeline("going", adding(value), enable_cache=True)
    removed: list[int | None] = []

    def clean_up_meanwhile() -> None:
        while not (tmp_path / "1 is there").exists():
            pass
        assert live_runs(settings)
        gone = remove(settings, MetadataStore.of_project(settings), 1)
        removed.extend(one.removal.artifact_id for one in gone)
        (tmp_path / "now").touch()

    (tmp_path / "1 is there").unlink()
    cleaner = threading.Thread(target=clean_up_meanwhile)
    cleaner.start()
    # It takes over what the oldest run made, and waits in the middle for the clean-up to be over.
    ran = run_pipeline("going", nodes(1, "now"), enable_cache=True)
    cleaner.join()
    assert ran.error is None
    assert ran.states["AddOne"] is NodeState.CACHED
    assert ran.value("Last", "sum") == ["3"]
    used = {one.id for execution in ran.executions for ones in ran.store.inputs(execution.id).values() for one in ones}
    assert used.isdisjoint(removed)
    assert len(removed) == 3  # of the run after the first, and of the first what this one had not asked for yet
    assert ran.states["Last"] is NodeState.SUCCEEDED


def test_an_input_that_is_removed_before_it_is_used_fails_the_node_at_once(
    run_pipeline: RunPipeline, settings: Settings
) -> None:
    number = Number(value=1)
    marks = MarkInput(number=number.outputs["number"], store=str(settings.metadata_path))
    marks.node_execution_options = NodeExecutionOptions(max_execution_retries=5)
    ran = run_pipeline("marked", [number, marks])
    assert ran.outcome is None
    first, second = ran.of("MarkInput")
    assert first.properties["headrace_error_kind"] == "ConnectionError"
    assert second.properties["headrace_error_kind"] == "inputs removed"
    assert "headrace gc" in str(second.properties["headrace_error_message"])


def test_what_an_importer_brought_in_stays(run_pipeline: RunPipeline, settings: Settings, tmp_path: Path) -> None:
    brought = settings.home / "brought"
    for value in (3, 4):
        brought.mkdir(parents=True, exist_ok=True)
        (brought / str(value)).write_text(str(value))
        number = Importer(source_uri=str(brought / str(value)), artifact_type=Integer).with_id("imported")
        ran = run_pipeline("importing", [number, AddOne(number=number.outputs["result"])])
    assert [(one.node) for one in clean_up(settings, ran.store, 1)] == ["AddOne"]
    remove(settings, ran.store, 1)
    assert (brought / "3").read_text() == "3"


def test_what_a_component_only_points_to_stays(run_pipeline: RunPipeline, settings: Settings) -> None:
    home = settings.home
    mine = [home / "mydata", home / "pages", home / "pipelines" / "pointing" / "mydata", home / "updir"]
    for folder in mine:
        folder.mkdir(parents=True)
        (folder / "file").write_text("mine")
    places = [*map(str, mine[:-1]), f"{home}/pipelines/../updir", str(settings.metadata_path), f"{home}/outputs.lock"]
    points = [Point(where=place).with_id(f"Point{number}") for number, place in enumerate(places)]
    ran = run_pipeline("pointing", points)
    assert ran.error is None
    assert run_pipeline("pointing", [Number(value=1)]).error is None
    assert remove(settings, ran.store, keep_runs=1) == []
    assert [(folder / "file").read_text() for folder in mine] == ["mine"] * len(mine)
    assert {one.state for one in MetadataStore.of_project(settings).artifacts()} == {"LIVE"}
