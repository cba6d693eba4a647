from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, State
from headrace.metadata.records import DELETED, MARKED_FOR_DELETION
from headrace.metadata.store import project_config
from headrace.orchestration.clean_up import clean_up
from headrace.orchestration.run_lock import run_lock
from headrace.settings import Settings
from tests.headrace.recording import record_artifact, record_execution, record_execution_of_no_run

MANY = 99


class History:
    """Runs of a pipeline Examples -> Trainer -> Pusher, in a store and on the disk."""

    def __init__(self, settings: Settings, store: MetadataStore) -> None:
        self.settings, self.store = settings, store

    def output(self, name: str, type_name: str = "Examples", **properties: int) -> int:
        """The id of a new artifact, its folder with a file in it."""
        folder = self.settings.pipeline_root("taxi") / name
        folder.mkdir(parents=True)
        (folder / "data").write_text("data")
        return record_artifact(self.store, type_name, str(folder), **properties)

    def run(
        self, run_id: str, pushed: int = 0, examples: int | None = None, state: State = State.COMPLETE
    ) -> list[int]:
        """One run; returns the artifacts that it made, or took over: examples, model, pushed model."""
        if examples is None:
            examples = self.output(f"ExampleGen/examples/{run_id}")
        self.record(run_id, "ExampleGen", {"examples": [examples]}, {}, state)
        model = self.output(f"Trainer/model/{run_id}", "Model")
        self.record(run_id, "Trainer", {"model": [model]}, {"examples": [examples]})
        served = self.output(f"Pusher/pushed/{run_id}", "PushedModel", pushed=pushed)
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

    def goes(self, keep_runs: int) -> list[int]:
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
    assert model.place == history.settings.pipeline_root("taxi") / "Trainer" / "model" / "1"


def test_what_the_live_model_came_from_is_kept_however_old_it_is(history: History) -> None:
    replaced = history.run("1", pushed=1)
    history.run("2", pushed=1)
    rejected = history.run("3")
    history.run("4")
    assert history.goes(1) == [*replaced, *rejected]


def test_each_pusher_has_a_live_model(history: History) -> None:
    first, model, _ = history.run("1", pushed=1)
    abroad = history.output("PusherAbroad/pushed/1", "PushedModel", pushed=1)
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
    schema = history.output("SchemaGen/schema/1", "Schema")
    history.record("1", "SchemaGen", {"schema": [schema]}, {})
    raw = history.output("Raw/raw/1")
    history.record("1", "Raw", {"raw": [raw]}, {})
    examples = history.output("ExampleGen/examples/1")
    history.record("1", "ExampleGen", {"examples": [examples]}, {"raw": [raw], "schema": [schema]})
    unused = history.output("Other/other/1")
    history.record("1", "Other", {"other": [unused]}, {"schema": [schema]})
    history.run("2", examples=examples, state=State.CACHED)
    assert history.goes(1) == [unused]


def test_a_chain_of_baselines_is_not_kept_for_ever(history: History) -> None:
    # Each model was compared with the one before it, which a resolver had found.
    models: list[int] = []
    for number in range(6):
        model = history.output(f"Trainer/model/{number}", "Model")
        history.record(str(number), "Trainer", {"model": [model]}, {})
        blessing = history.output(f"Evaluator/blessing/{number}", "ModelBlessing")
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


def test_what_is_of_no_run_is_kept(history: History) -> None:
    execution = record_execution_of_no_run(history.store, "taxi", "Trainer", State.COMPLETE)
    assert history.store.execution(execution)
    for run_id in "12":
        history.run(run_id)
    assert len(history.goes(1)) == 3


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
    used, imported = history.output("used"), history.output("imported", is_external=1)
    history.record("1", "Importer", {"result": [imported]}, {})
    history.record("1", "Trainer", {}, {"examples": [used]})  # nobody made this
    history.run("2")
    history.run("3")
    assert len(history.goes(1)) == 3
    assert {used, imported}.isdisjoint(history.goes(1))


def test_a_folder_that_holds_something_that_stays_stays(history: History) -> None:
    outer, inner = history.output("shared"), history.output("shared/a/b")
    apart, same = (
        history.output("apart"),
        record_artifact(history.store, "Model", str(history.settings.pipeline_root("taxi") / "same")),
    )
    again = record_artifact(history.store, "Model", str(history.settings.pipeline_root("taxi") / "same"))
    history.record("1", "Old", {"outputs": [outer, apart, same]}, {})
    history.record("2", "New", {"outputs": [inner, again]}, {})
    assert history.goes(1) == [apart]


def test_what_lies_in_something_that_stays_stays(history: History) -> None:
    outer, middle, inner = (history.output(name) for name in ("shared", "shared/a", "shared/a/b"))
    history.record("1", "Old", {"outputs": [middle, inner]}, {})
    history.record("2", "New", {"outputs": [outer]}, {})
    assert history.goes(1) == []


def test_what_is_marked_goes_whoever_needs_it_and_what_is_deleted_is_gone(history: History) -> None:
    examples, model, _ = history.run("1")
    history.store.mark_artifacts([examples], MARKED_FOR_DELETION)
    history.store.mark_artifacts([model], DELETED)
    assert history.goes(MANY) == [examples]
