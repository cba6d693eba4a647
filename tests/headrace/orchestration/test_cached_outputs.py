import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tfx.types import Artifact
from tfx.types.standard_artifacts import Model, PushedModel

from headrace.metadata.changes import Category
from headrace.orchestration.cached_outputs import (
    changed_inputs,
    damages_of,
    input_manifests,
    output_manifest,
    output_manifests,
)


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
    manifests = output_manifests(outputs, folder.parent)
    assert damages_of(outputs, manifests) == ()
    damage(folder)
    [change] = damages_of(outputs, manifests)
    assert str(change) == f"outputs {folder}: its files are not those that were left there"


def test_bytecode_of_a_module_that_was_imported_from_outputs_is_no_damage(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    manifests = output_manifests(outputs, folder.parent)
    (folder / "variables" / "__pycache__").mkdir()
    (folder / "variables" / "__pycache__" / "trainer.pyc").touch()
    assert damages_of(outputs, manifests) == ()


def test_a_folder_that_is_gone_is_damage_with_or_without_a_manifest(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    manifests = output_manifests(outputs, folder.parent)
    shutil.rmtree(folder)
    for recorded in (manifests, ""):
        assert [one.detail for one in damages_of(outputs, recorded)] == ["it is gone"]


def test_outputs_recorded_without_manifests_only_have_to_be_there(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    truncate(folder)
    assert damages_of(outputs, "") == ()


def test_outputs_recorded_before_times_were_are_told_by_names_and_sizes(folder: Path) -> None:
    outputs = {"model": [live(Model(), folder)]}
    recorded = json.dumps(
        {name: one.partition("-")[0] for name, one in json.loads(output_manifests(outputs, folder.parent)).items()}
    )
    edit_in_place(folder)
    assert damages_of(outputs, recorded) == ()
    truncate(folder)
    assert len(damages_of(outputs, recorded)) == 1


def test_inputs_that_changed_are_told_by_their_places(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    inputs = {"model": [live(Model(), other), live(Model(), folder)]}
    before = input_manifests(inputs, tmp_path / "root")
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


def test_an_artifact_that_is_marked_deleted_cannot_be_used(folder: Path) -> None:
    artifact = live(Model(), folder)
    artifact.mlmd_artifact.state = artifact.mlmd_artifact.DELETED
    assert [one.detail for one in damages_of({"model": [artifact]}, "")] == ["it is recorded as DELETED"]


def test_a_pushed_model_is_checked_where_it_was_pushed_to(folder: Path, tmp_path: Path) -> None:
    pushed = live(PushedModel(), folder)
    pushed.set_string_custom_property("pushed_destination", str(tmp_path / "serving"))
    [change] = damages_of({"pushed": [pushed]}, "")
    assert change.detail == f"what was pushed to {tmp_path / 'serving'} is gone"
    assert change.category is Category.PUSHED  # and so no reason to push it again
    (tmp_path / "serving").mkdir()
    assert damages_of({"pushed": [pushed]}, "") == ()


def test_an_output_outside_the_root_is_not_walked_and_only_has_to_be_there(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "pipelines" / "taxi"
    root.mkdir(parents=True)
    places = (Path("/"), tmp_path, root.parent, root, folder)
    outputs = {"model": [live(Model(), place) for place in places]}
    manifests = output_manifests(outputs, root)
    assert set(json.loads(manifests).values()) == {"elsewhere"}
    edit_in_place(folder)
    assert damages_of(outputs, manifests) == ()
    shutil.rmtree(folder)
    assert [one.name for one in damages_of(outputs, manifests)] == [str(folder)]


def test_an_input_that_holds_the_root_is_not_walked(folder: Path, tmp_path: Path) -> None:
    inputs = {"model": [live(Model(), Path("/")), live(Model(), folder)]}
    before = input_manifests(inputs, tmp_path)
    (tmp_path / "new").touch()
    edit_in_place(folder)
    assert changed_inputs(inputs, before) == [str(folder)]


def test_files_that_go_while_they_are_looked_at_are_not_there() -> None:
    assert output_manifest("/proc/self") != ""  # descriptors and threads come and go
