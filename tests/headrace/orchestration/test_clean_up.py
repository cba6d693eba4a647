import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore, State
from headrace.metadata.properties import OUTPUTS
from headrace.metadata.records import DELETED, IMPORTER, MARKED_FOR_DELETION, RESOLVER
from headrace.metadata.store import project_config
from headrace.orchestration.clean_up import clean_up, survey
from headrace.orchestration.output_manifests import local_manifest
from headrace.orchestration.output_places import OutputPlaces
from headrace.orchestration.run_lock import run_lock
from headrace.settings import Settings
from tests.headrace.recording import (
    FOUND,
    INPUT,
    OUTPUT,
    record_artifact,
    record_events,
    record_execution,
    record_execution_of_no_run,
)

MANY = 99


class History:
    """Runs of a pipeline Examples -> Trainer -> Pusher, in a store and on the disk."""

    def __init__(self, settings: Settings, store: MetadataStore) -> None:
        self.settings, self.store = settings, store

    def place(self, name: str) -> Path:
        """Where the execution that is recorded next makes an output: "NODE/KEY"."""
        known = [one.id for one in self.store.executions()]
        return self.settings.pipeline_root("taxi") / name / str(max(known, default=0) + 1)

    def output(self, name: str, type_name: str = "Examples", **properties: int) -> int:
        """The id of a new artifact of the execution that is recorded next, its folder with a file in it."""
        return self.artifact(self.place(name), type_name, **properties)

    def artifact(self, folder: Path, type_name: str = "Examples", **properties: int) -> int:
        """The id of a new artifact, its folder with a file in it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").write_text("data")
        return record_artifact(self.store, type_name, str(folder), **properties)

    def run(
        self, run_id: str, pushed: int = 0, examples: int | None = None, state: State = State.COMPLETE
    ) -> list[int]:
        """One run; returns the artifacts that it made, or took over: examples, model, pushed model."""
        if examples is None:
            examples = self.output("ExampleGen/examples")
        self.record(run_id, "ExampleGen", {"examples": [examples]}, {}, state)
        model = self.output("Trainer/model", "Model")
        self.record(run_id, "Trainer", {"model": [model]}, {"examples": [examples]})
        served = self.output("Pusher/pushed", "PushedModel", pushed=pushed)
        self.record(run_id, "Pusher", {"pushed": [served]}, {"model": [model]})
        return [examples, model, served]

    def record(
        self,
        run_id: str,
        node: str,
        outputs: dict[str, list[int]],
        inputs: dict[str, list[int]],
        state: State = State.COMPLETE,
    ) -> int:
        return record_execution(self.store, "taxi", run_id, node, state, inputs, outputs)

    def goes(self, keep_runs: int) -> list[int | None]:
        """The artifacts that may go."""
        return [one.artifact_id for one in clean_up(self.settings, self.store, keep_runs)]


@pytest.fixture
def settings(settings_with_each_store: Settings) -> Settings:
    settings_with_each_store.make_home()
    return settings_with_each_store


@pytest.fixture
def store(settings: Settings) -> MetadataStore:
    return MetadataStore.connect(project_config(settings))


@pytest.fixture
def history(settings: Settings, store: MetadataStore) -> History:
    return History(settings, store)


def test_the_newest_runs_of_each_pipeline_are_kept(history: History) -> None:
    runs = [history.run(str(number)) for number in range(4)]
    other = record_artifact(history.store, "Model", str(history.settings.pipeline_root("other") / "model"))
    record_execution(history.store, "other", "o", "Trainer", outputs={"model": [other]})
    assert history.goes(MANY) == []
    assert history.goes(3) == runs[0]
    assert history.goes(1) == [*runs[0], *runs[1], *runs[2]]


def test_what_may_go_says_which_node_of_which_pipeline_made_it_and_where_it_lies(history: History) -> None:
    for run_id in "12":
        history.run(run_id)
    examples, model, pushed = clean_up(history.settings, history.store, 1)
    assert [(one.pipeline, one.node) for one in (examples, model, pushed)] == [
        ("taxi", "ExampleGen"),
        ("taxi", "Trainer"),
        ("taxi", "Pusher"),
    ]
    assert model.place == history.settings.pipeline_root("taxi") / "Trainer" / "model" / "2"


def test_what_the_live_model_came_from_is_kept_however_old_it_is(history: History) -> None:
    replaced = history.run("1", pushed=1)
    history.run("2", pushed=1)
    rejected = history.run("3")
    history.run("4")
    assert history.goes(1) == [*replaced, *rejected]


def test_the_whole_run_that_pushed_the_live_model_is_kept(history: History) -> None:
    def judge(run_id: str, model: int) -> int:
        evaluation = history.output("Evaluator/evaluation", "ModelEvaluation")
        history.record(run_id, "Evaluator", {"evaluation": [evaluation]}, {"model": [model]})
        return evaluation

    for run_id, pushed in (("1", 1), ("2", 0), ("3", 0)):
        made = history.run(run_id, pushed)
        evaluation = judge(run_id, made[1])
        if run_id == "2":
            rejected = [*made, evaluation]
    assert history.goes(1) == rejected


def test_a_pushed_model_of_which_is_not_said_whether_it_was_pushed_is_live(history: History) -> None:
    model = history.output("Uploader/pushed", "PushedModel")  # of another pusher than TFX's
    history.record("1", "Uploader", {"pushed": [model]}, {})
    old = history.run("2")
    history.run("3")
    assert history.goes(1) == old


def test_each_pusher_has_a_live_model(history: History) -> None:
    first, model, _ = history.run("1", pushed=1)
    abroad = history.output("PusherAbroad/pushed", "PushedModel", pushed=1)
    history.record("1", "PusherAbroad", {"pushed": [abroad]}, {"model": [model]})
    history.run("2", pushed=1)
    history.run("3")
    assert {first, model, abroad}.isdisjoint(history.goes(1))


def test_a_pushed_model_that_comes_from_the_cache_is_the_one_that_was_pushed(history: History) -> None:
    old = history.run("1", pushed=1)
    replaced = history.run("2", pushed=1)
    history.record("3", "Pusher", {"pushed": [old[2]]}, {"model": [old[1]]}, State.CACHED)  # the model of before again
    history.run("4")
    assert history.goes(1) == replaced


def test_what_a_recent_run_took_over_or_read_is_kept_with_all_it_came_from(history: History) -> None:
    schema = history.output("SchemaGen/schema", "Schema")
    history.record("1", "SchemaGen", {"schema": [schema]}, {})
    raw = history.output("Raw/raw")
    history.record("1", "Raw", {"raw": [raw]}, {})
    examples = history.output("ExampleGen/examples")
    history.record("1", "ExampleGen", {"examples": [examples]}, {"raw": [raw], "schema": [schema]})
    unused = history.output("Other/other")
    history.record("1", "Other", {"other": [unused]}, {"schema": [schema]})
    history.run("2", examples=examples, state=State.CACHED)
    assert history.goes(1) == [unused]


@pytest.mark.parametrize("kind", [INPUT, FOUND, mlmd.Event.INTERNAL_INPUT])
def test_what_a_resolver_of_a_recent_run_read_or_handed_on_is_kept_even_if_no_node_takes_it(
    history: History, kind: int
) -> None:
    old = history.run("1")
    history.run("2")
    resolver = record_execution(history.store, "taxi", "2", "Latest", type_name=RESOLVER)
    assert history.goes(1) == old
    record_events(history.store, resolver, kind, {"model": [old[1]]})
    assert old[1] not in history.goes(1)
    assert old[2] in history.goes(1)  # the model is needed, and not what was made of it


def test_a_chain_of_baselines_is_not_kept_for_ever(history: History) -> None:
    # Each model was compared with the one before it, which a resolver had found.
    models: list[int] = []
    for number in range(6):
        model = history.output("Trainer/model", "Model")
        history.record(str(number), "Trainer", {"model": [model]}, {})
        blessing = history.output("Evaluator/blessing", "ModelBlessing")
        history.record(str(number), "Evaluator", {"blessing": [blessing]}, {"model": [model], "base": models[-1:]})
        models.append(model)
    assert set(models[:4]) <= set(history.goes(1))
    assert set(models[4:]).isdisjoint(history.goes(1))


def test_what_goes_on_is_kept(history: History) -> None:
    oldest, old = history.run("1"), history.run("2")
    history.run("3")
    with run_lock(history.settings, "taxi", "1"):
        assert history.goes(1) == old
    with run_lock(history.settings, "taxi", "3"):
        assert history.goes(1) == oldest  # the newest that has ended is kept beside what goes on
    assert history.goes(1) == [*oldest, *old]


def test_what_is_of_no_run_is_kept_with_all_it_came_from(history: History) -> None:
    examples = history.output("ExampleGen/examples")
    history.record("1", "ExampleGen", {"examples": [examples]}, {})
    model = history.output("Trainer/model", "Model")
    execution = record_execution_of_no_run(history.store, "taxi", "Trainer", State.COMPLETE)
    record_events(history.store, execution, INPUT, {"examples": [examples]})
    record_events(history.store, execution, OUTPUT, {"model": [model]})
    old = history.run("2")
    history.run("3")
    assert history.goes(1) == old


def test_what_lies_elsewhere_is_never_removed(history: History, tmp_path: Path) -> None:
    home = history.settings.home
    (home / "link").symlink_to(tmp_path)
    places = (
        str(tmp_path / "model"),
        f"{home}2/model",
        f"{home}/link/model",
        f"{home}/pipelines/../../model",
        "gs://bucket/model",
        "",
        f"{home}/serving/taxi/1",
        f"{home}/logs/taxi",
        f"{home}/serving",
        f"{home}/pipelines/..",
        f"{home}/pipelines",  # from here on, all that lies in it stays too
        f"{home}/",
        str(home),
    )
    history.run("1")
    history.run("2")
    assert len(history.goes(1)) == 3
    for place in places:
        model = record_artifact(history.store, "Model", place)
        history.record("1", "Trainer", {"model": [model]}, {})
        assert model not in history.goes(1), place


def test_what_was_brought_in_is_never_removed(history: History) -> None:
    used, imported = history.output("Importer/used"), history.output("Importer/result", is_external=1)
    history.record("1", "Importer", {"result": [imported]}, {})
    history.record("1", "Trainer", {}, {"examples": [used]})  # nobody made this
    history.run("2")
    history.run("3")
    assert len(history.goes(1)) == 3
    assert {used, imported}.isdisjoint(history.goes(1))


def test_what_an_importer_took_over_is_never_removed_though_an_old_store_does_not_say_so_of_it(
    history: History,
) -> None:
    imported = history.output("Importer/result")
    record_execution(history.store, "taxi", "1", "Importer", outputs={"result": [imported]}, type_name=IMPORTER)
    made = history.output("Other/result")
    record_execution(history.store, "taxi", "1", "Other", outputs={"result": [made]})
    history.run("2")
    assert history.goes(1) == [made]


def test_a_folder_that_holds_something_that_stays_stays(history: History) -> None:
    places = [history.place(f"Old/{key}") for key in ("outer", "apart", "same")]
    outer, apart, same = (history.artifact(place) for place in places)
    history.record("1", "Old", {"outer": [outer], "apart": [apart], "same": [same]}, {})
    inner, again = history.artifact(places[0] / "a" / "b"), history.artifact(places[2])
    history.record("2", "New", {"outputs": [inner, again]}, {})
    assert history.goes(1) == [apart]


def test_what_lies_in_something_that_stays_stays(history: History) -> None:
    middle = history.place("Old/outputs")
    outputs = [history.artifact(place) for place in (middle, middle / "a" / "b")]
    history.record("1", "Old", {"outputs": outputs}, {})
    history.record("2", "New", {"outputs": [history.artifact(middle.parents[1])]}, {})
    assert history.goes(1) == []


def test_a_folder_that_stays_for_what_it_holds_keeps_the_rest_that_lies_in_it(history: History) -> None:
    outer, apart = history.place("Old/outer"), history.place("Old/apart")
    old = [history.artifact(place) for place in (outer, outer / "a" / "b", apart)]
    history.record("1", "Old", {"outputs": old}, {})
    history.record("2", "New", {"outputs": [history.artifact(outer / "c")]}, {})
    assert history.goes(1) == [old[2]]


def test_only_what_lies_where_its_execution_makes_outputs_goes(history: History) -> None:
    pipeline = history.settings.pipeline_root("taxi")
    own = history.place("Trainer/model")
    others = [
        own.with_name(f"{own.name}0"),  # of another
        pipeline / "Evaluator" / "model" / own.name,  # of another node
        pipeline / "mydata",
        own / ".." / ".." / ".." / "mydata",
        history.settings.pages / "Trainer" / "model" / own.name,
        history.settings.serving_root("Trainer") / "model" / own.name,
        history.settings.home / "Trainer" / "model" / own.name,  # the home is nobody's root
    ]
    linked = history.place("Trainer/linked")
    linked.parent.mkdir(parents=True)
    linked.symlink_to(pipeline / "mydata")
    models = [history.artifact(place) for place in (own / "1", own, *others, linked / "model")]
    history.record("1", "Trainer", {"model": models}, {})
    history.run("2")
    assert history.goes(1) == models[:2]
    history.record("1", "Other", {"model": [history.artifact(own.parent)]}, {})  # what holds it is not theirs
    looked = survey(history.settings, history.store, 1)
    assert looked.removals == []
    assert {one.why for one in looked.kept} == {"it lies in something that stays, or holds that"}
    assert own in {one.place for one in looked.kept}


def test_a_node_of_a_sub_pipeline_makes_outputs_where_the_sub_pipelines_root_is(history: History) -> None:
    place = history.place("inner/Trainer/model")
    model = history.artifact(place)
    history.record("1", "inner.Trainer", {"model": [model]}, {})
    history.run("2")
    assert history.goes(1) == [model]


def test_what_was_changed_after_its_execution_ended_stays(history: History) -> None:
    place = history.place("Trainer/model")
    history.run("1")
    history.run("2")
    assert len(history.goes(1)) == 3
    later = time.time() + 3600
    os.utime(place.parents[2] / "ExampleGen" / "examples" / place.name / "data", (later, later))
    assert len(history.goes(1)) == 2


def test_what_was_there_before_its_execution_began_is_not_its(history: History) -> None:
    place = history.place("ExampleGen/examples")
    history.run("1")
    execution = history.store.executions()[0]
    places = OutputPlaces(history.settings)
    assert places.is_as_left(execution, place)
    assert not places.is_as_left(replace(execution, started=execution.started + timedelta(hours=1)), place)


def add_a_note(place: Path) -> None:
    (place / "note").write_text("mine")


def edit_in_place(place: Path) -> None:
    (place / "data").write_text("mine")


def add_what_is_old(place: Path) -> None:
    add_a_note(place)
    os.utime(place / "note", (1e9, 1e9))  # as one who copies a file with its times


@pytest.mark.parametrize(
    ("change", "has_manifests"),
    [(add_a_note, True), (add_a_note, False), (edit_in_place, True), (edit_in_place, False), (add_what_is_old, True)],
)
def test_what_was_changed_a_moment_after_its_execution_ended_stays_and_is_told(
    history: History, change: Callable[[Path], None], has_manifests: bool
) -> None:
    place = history.place("ExampleGen/examples")
    history.run("1")
    history.run("2")
    first = history.store.executions()[0]
    if has_manifests:
        history.store.annotate(first.id, {OUTPUTS: json.dumps({"examples/0": local_manifest(place)})})
    assert len(history.goes(1)) == 3
    time.sleep(0.1)  # more than the ticks of a clock
    change(place)
    looked = survey(history.settings, history.store, 1)
    assert len(looked.removals) == 2
    assert [(one.place, one.why) for one in looked.kept] == [(place, "it was changed since it was made")]


def test_what_an_older_headrace_left_is_told_by_names_and_sizes_and_by_times(history: History) -> None:
    place = history.place("ExampleGen/examples")
    history.run("1")
    history.run("2")
    first = history.store.executions()[0]
    manifest = local_manifest(place).partition("-")[0]
    history.store.annotate(first.id, {OUTPUTS: json.dumps({"examples/0": manifest})})
    assert len(history.goes(1)) == 3
    time.sleep(0.1)
    (place / "data").write_text("DATA")
    assert len(history.goes(1)) == 2


def test_what_an_interrupted_clean_up_left_goes_though_it_is_not_whole(history: History) -> None:
    place = history.place("ExampleGen/examples")
    (place / "inner").mkdir(parents=True)
    (place / "inner" / "more").touch()
    examples, *_ = history.run("1")
    first = history.store.executions()[0]
    history.store.annotate(first.id, {OUTPUTS: json.dumps({"examples/0": local_manifest(place)})})
    history.store.mark_artifacts([examples], MARKED_FOR_DELETION)
    (place / "data").unlink()
    assert history.goes(MANY) == [examples]


def test_an_artifact_that_names_the_home_or_a_root_protects_nothing(history: History) -> None:
    history.run("1")
    history.run("2")
    root = history.settings.pipeline_root("taxi")
    for place in ("/", str(history.settings.home), str(root.parent), str(root), f"{root}/"):
        model = record_artifact(history.store, "Model", place)
        history.record("2", "Odd", {"model": [model]}, {})
    assert len(history.goes(1)) == 3


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELED])
def test_what_a_killed_execution_left_unfinished_goes(history: History, state: State) -> None:
    made = history.place("Trainer/model")
    system = made.parents[1] / ".system"
    places = [made, made.parents[1] / "run" / made.name, system / "executor_execution" / made.name]
    places.append(system / "stateful_working_dir" / "of-the-execution")
    for place in places:
        (place / ".temp").mkdir(parents=True)
        (place / ".temp" / "part").write_text("half")
    for kept in (made.with_name("99"), system / "executor_execution" / "99", system / "stateful_working_dir" / "other"):
        kept.mkdir(parents=True)
        (kept / "data").write_text("of an execution that is not recorded here")
    execution = history.record("1", "Trainer", {}, {}, State.RUNNING)
    history.store.annotate(execution, {"__stateful_working_dir_index__": "of-the-execution"})
    assert clean_up(history.settings, history.store, MANY) == []
    history.store.annotate(execution, {}, state)
    found = clean_up(history.settings, history.store, MANY)
    assert {(one.artifact_id, one.pipeline, one.node) for one in found} == {(None, "taxi", "Trainer")}
    assert {one.place for one in found} == set(places)


def test_what_a_failed_execution_recorded_all_the_same_is_not_unfinished(history: History) -> None:
    model = history.output("Trainer/model")
    history.record("1", "Trainer", {"model": [model]}, {}, State.FAILED)
    assert history.goes(MANY) == []
    history.run("2")
    assert history.goes(1) == [model]


def test_what_is_marked_goes_whoever_needs_it_and_what_is_deleted_is_gone(history: History) -> None:
    examples, model, _ = history.run("1")
    history.store.mark_artifacts([examples], MARKED_FOR_DELETION)
    history.store.mark_artifacts([model], DELETED)
    assert history.goes(MANY) == [examples]
