import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.types import Artifact
from tfx.types.standard_artifacts import Model, PushedModel

from headrace.metadata import MetadataStore, State
from headrace.metadata.changes import Category
from headrace.metadata.properties import OUTPUTS
from headrace.metadata.store import ConnectionConfig
from headrace.orchestration.cached_outputs import (
    CACHE_CONTEXT,
    changed_inputs,
    damages_of,
    find_cached_outputs,
    manifests_of,
    output_manifest,
)
from headrace.orchestration.connection import SharedMetadata
from tests.headrace.recording import record_artifact, record_execution


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    (model / "variables").mkdir(parents=True)
    (model / "saved_model.pb").write_text("graph")
    (model / "variables" / "data").write_text("weights")
    return model


def live(artifact: Artifact, uri: Path) -> Artifact:
    artifact.uri = str(uri)
    artifact.mlmd_artifact.state = artifact.mlmd_artifact.LIVE
    return artifact


def truncate(folder: Path) -> None:
    (folder / "variables" / "data").write_text("weig")


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def remove_a_file(folder: Path) -> None:
    (folder / "saved_model.pb").unlink()


def add_a_file(folder: Path) -> None:
    (folder / "more").touch()


def rename_a_file(folder: Path) -> None:
    (folder / "saved_model.pb").rename(folder / "model.pb")


def edit_in_place(folder: Path) -> None:
    (folder / "variables" / "data").write_text("WEIGHTS")


@pytest.mark.parametrize("damage", [edit_in_place, truncate, empty, remove_a_file, add_a_file, rename_a_file])
def test_a_manifest_tells_that_files_are_not_those_that_were_left(damage: Callable[[Path], None], folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    manifests = manifests_of(outputs)
    assert damages_of(outputs, manifests) == ()
    damage(folder)
    [change] = damages_of(outputs, manifests)
    assert str(change) == f"outputs {folder}: its files are not those that were left there"


def test_bytecode_of_a_module_that_was_imported_from_outputs_is_no_damage(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    manifests = manifests_of(outputs)
    (folder / "variables" / "__pycache__").mkdir()
    (folder / "variables" / "__pycache__" / "trainer.pyc").touch()
    assert damages_of(outputs, manifests) == ()


def test_a_folder_that_is_gone_is_damage_with_or_without_a_manifest(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    manifests = manifests_of(outputs)
    shutil.rmtree(folder)
    for recorded in (manifests, ""):
        assert [one.detail for one in damages_of(outputs, recorded)] == ["it is gone"]


def test_outputs_recorded_without_manifests_only_have_to_be_there(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    truncate(folder)
    assert damages_of(outputs, "") == ()


def test_outputs_recorded_before_times_were_are_told_by_names_and_sizes(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    recorded = json.dumps({name: one.partition("-")[0] for name, one in json.loads(manifests_of(outputs)).items()})
    edit_in_place(folder)
    assert damages_of(outputs, recorded) == ()
    truncate(folder)
    assert len(damages_of(outputs, recorded)) == 1


def test_inputs_that_changed_are_told_by_their_places(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    inputs = {"model": [live(Model(), other), live(Model(), folder)]}
    before = manifests_of(inputs)
    assert changed_inputs(inputs, before) == []
    edit_in_place(folder)
    assert changed_inputs(inputs, before) == [str(folder)]


def test_an_artifact_that_is_one_file_has_a_manifest(tmp_path: Path) -> None:
    value = tmp_path / "value"
    value.write_text("12")
    before = output_manifest(str(value))
    value.write_text("123")
    assert output_manifest(str(value)) != before
    assert output_manifest(str(tmp_path / "gone")) == ""


@pytest.mark.parametrize("state", ["MARKED_FOR_DELETION", "DELETED", "ABANDONED", "PENDING", "REFERENCE"])
def test_an_artifact_that_is_recorded_as_anything_but_live_cannot_be_used(folder: Path, state: str) -> None:
    artifact = live(Model(), folder)
    artifact.mlmd_artifact.state = artifact.mlmd_artifact.State.Value(state)
    [change] = damages_of({"model": [artifact]}, "")
    assert str(change) == f"outputs {folder}: it is recorded as {state}"


@pytest.mark.parametrize("damaged", [0, 1])
def test_each_of_two_artifacts_of_one_key_is_checked(folder: Path, tmp_path: Path, damaged: int) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "more").write_text("of this one alone")
    outputs = {"models": [live(Model(), folder), live(Model(), other)]}
    manifests = manifests_of(outputs)
    assert list(json.loads(manifests)) == ["models/0", "models/1"]
    assert damages_of(outputs, manifests) == ()
    edit_in_place((folder, other)[damaged])
    [change] = damages_of(outputs, manifests)
    assert str(change) == f"outputs {(folder, other)[damaged]}: its files are not those that were left there"


def test_files_that_were_copied_in_another_order_are_the_same(tmp_path: Path) -> None:
    names = [f"{folder}/{name}" for folder in "abc" for name in "xyz"]

    def written(place: Path, names: Sequence[str]) -> str:
        for name in names:
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            os.utime(path, (1, 1))
        return output_manifest(str(place))

    assert written(tmp_path / "one", names) == written(tmp_path / "other", names[::-1])


def test_a_link_that_leads_nowhere_is_a_file_like_others(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    before = manifests_of(outputs)
    (folder / "latest").symlink_to(folder / "nowhere")
    assert [one.detail for one in damages_of(outputs, before)] == ["its files are not those that were left there"]
    assert damages_of(outputs, manifests_of(outputs)) == ()


class Cache:
    """Executions under one cache key, each with one output."""

    def __init__(self, folder: Path) -> None:
        config = ConnectionConfig()
        config.fake_database.SetInParent()
        self.folder, self.store = folder, MetadataStore.connect(config)
        type_id = self.store.handle.put_context_type(mlmd.ContextType(name=CACHE_CONTEXT))
        [self.context] = self.store.handle.put_contexts([mlmd.Context(type_id=type_id, name="key")])

    def add(self, run_id: str, state: State = State.COMPLETE) -> Path:
        """Records an execution; returns where its output lies."""
        place = self.folder / run_id
        place.mkdir()
        (place / "data").write_text("data")
        made = record_artifact(self.store, "Model", str(place))
        execution = record_execution(self.store, "taxi", run_id, "Trainer", state, outputs={"model": [made]})
        self.store.annotate(execution, {OUTPUTS: manifests_of({"model": [live(Model(), place)]})})
        association = mlmd.Association(execution_id=execution, context_id=self.context)
        self.store.handle.put_attributions_and_associations([], [association])
        return place

    def look_up(self, key: str = "key") -> tuple[list[str], list[str]]:
        """The names of the places of what was found, and what is wrong with what is newer."""
        with SharedMetadata(self.store) as connection:
            found = find_cached_outputs(connection, key)
        if found.execution_id is not None:
            [execution] = self.store.executions_by_id([found.execution_id])
            assert found.manifests == execution.properties[OUTPUTS]
        places = [Path(one.uri).name for ones in found.outputs.values() for one in ones]
        return places, [str(one) for one in found.damages]


def test_the_newest_outputs_under_a_key_that_are_as_they_were_left_are_found(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.look_up() == ([], [])
    first, second, third = (cache.add(run_id) for run_id in "123")
    cache.add("4", State.FAILED)
    assert cache.look_up() == (["3"], [])
    assert cache.look_up("another") == ([], [])
    (third / "data").write_text("cut")
    changed = f"outputs {third}: its files are not those that were left there"
    assert cache.look_up() == (["2"], [changed])
    shutil.rmtree(second)
    gone = f"outputs {second}: it is gone"
    assert cache.look_up() == (["1"], [changed, gone])
    shutil.rmtree(first)
    assert cache.look_up() == ([], [changed, gone, f"outputs {first}: it is gone"])


def test_a_pushed_model_is_checked_where_it_was_pushed_to(folder: Path, tmp_path: Path) -> None:
    pushed = live(PushedModel(), folder)
    pushed.set_string_custom_property("pushed_destination", str(tmp_path / "serving"))
    [change] = damages_of({"pushed": [pushed]}, "")
    assert change.detail == f"what was pushed to {tmp_path / 'serving'} is gone"
    assert change.category is Category.PUSHED  # and so no reason to push it again
    (tmp_path / "serving").mkdir()
    assert damages_of({"pushed": [pushed]}, "") == ()
