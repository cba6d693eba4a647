"""What people call an artifact or a run."""

import pytest

from headrace.errors import UnknownNameError, UserError
from headrace.lineage.finding import artifact_id
from headrace.metadata import Run
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_execution

RUNS = ("20260101-000001", "20260102-000002")


@pytest.fixture
def two(recorder: Recorder) -> Recorder:
    for run in RUNS:
        recorder.push(run, recorder.model(run, recorder.data(run)))
    return recorder


@pytest.mark.parametrize("name", ["latest", "20260102-000002", "20260102"])
def test_a_run_is_found_by_id_by_prefix_and_as_the_latest(two: Recorder, name: str) -> None:
    subject = two.lineage.trace(name).subject
    assert isinstance(subject, Run)
    assert subject.id == "20260102-000002"


def test_an_artifact_is_found_by_id_by_node_and_key_and_by_path(two: Recorder) -> None:
    model = two.ids["20260102-000002 model"]
    folder = two.folder / "20260102-000002" / "model"
    for name in (model, str(model), "Train.model", folder, str(folder / "Format-Serving" / "saved_model.pb")):
        assert two.lineage.trace(name).starts == (model,)


def test_an_artifact_on_another_machine_is_found_by_its_uri(recorder: Recorder) -> None:
    model = recorder.artifact("1", "model", "Model", "gs://bucket/model/1")
    assert recorder.lineage.trace("gs://bucket/model/1").starts == (model,)
    assert recorder.lineage.impact("gs://bucket/model/1/").starts == (model,)


def test_a_pushed_model_is_found_by_where_it_was_pushed_to(two: Recorder) -> None:
    pushed = two.ids["20260101-000001 pushed"]
    assert two.lineage.trace("/serving/20260101-000001/").starts == (pushed,)
    assert two.lineage.trace("/serving/20260101-000001/variables").starts == (pushed,)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Train.modl", "did you mean 'Train.model'?"),
        ("lastest", "did you mean 'latest'?"),
        ("2026", "20260102-000002, 20260101-000001"),
        ("/nowhere/at/all", "there is no such file or folder"),
    ],
)
def test_what_stands_for_nothing_is_refused_with_a_suggestion(two: Recorder, name: str, why: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        two.lineage.trace(name)
    assert why in raised.value.why
    assert raised.value.next_step


@pytest.mark.parametrize("name", ["latest", "Train.model", "20260101"])
def test_where_no_run_is_recorded_nothing_suggests_the_name_itself(recorder: Recorder, name: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        recorder.lineage.trace(name)
    assert "did you mean" not in raised.value.why
    assert raised.value.next_step
    with pytest.raises(UnknownNameError, match="no run"):
        recorder.lineage.run(name)


def test_a_name_that_is_an_id_is_an_artifacts_also_where_a_runs_begins_so(recorder: Recorder) -> None:
    examples = recorder.data("1")
    assert examples == 1
    assert recorder.lineage.trace("1").starts == (examples,)
    assert isinstance(recorder.lineage.trace("latest").subject, Run)


@pytest.mark.parametrize(("name", "expected"), [("7", 7), ("0", 0), ("9" * 18, int("9" * 18)), ("9" * 19, None)])
def test_a_number_of_the_length_of_ids_is_an_id(name: str, expected: int | None) -> None:
    assert artifact_id(name) == expected
    assert (artifact_id(f"-{name}"), artifact_id(f"{name}x"), artifact_id("")) == (None, None, None)


def test_a_name_that_is_no_text_stands_for_nothing(two: Recorder) -> None:
    with pytest.raises(UnknownNameError, match="there is no artifact or run") as raised:
        two.lineage.trace("caf\udce9")
    assert raised.value.why == "its bytes are not UTF-8, and everything recorded is"


def test_of_several_artifacts_of_a_folder_the_newest_is_meant(recorder: Recorder) -> None:
    folder = recorder.folder / "model"
    older, newer = (recorder.artifact(run, "model", "Model", str(folder)) for run in ("1", "2"))
    around = recorder.artifact("3", "around", "Model", str(recorder.folder))
    assert recorder.lineage.trace(folder / "variables" / "x").starts == (newer,)
    assert recorder.lineage.trace(recorder.folder / "other").starts == (around,)
    assert older != newer


def test_a_model_that_was_pushed_twice_to_one_folder_is_the_last_one(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    pushes = []
    for run in ("1", "2"):
        pushed = recorder.artifact(run, "pushed", "PushedModel", pushed=1, pushed_destination="/serving/same")
        recorder.node(run, "Push", {"model": model}, {"pushed": pushed})
        pushes.append(pushed)
    assert recorder.lineage.trace("/serving/same").starts == (pushes[1],)


def test_of_one_uri_on_another_machine_the_newest_is_meant(recorder: Recorder) -> None:
    ids = [recorder.artifact(run, "model", "Model", "gs://bucket/model") for run in ("1", "2")]
    assert recorder.lineage.trace("gs://bucket/model/").starts == (ids[1],)


def test_of_several_outputs_under_a_key_the_last_is_meant(recorder: Recorder) -> None:
    ids = [recorder.artifact("1", f"model {one}", "Model") for one in range(2)]
    record_execution(recorder.store, "small", "1", "Train", outputs={"models": ids})
    assert recorder.lineage.trace("Train.models").starts == (ids[1],)


def test_nothing_is_said_of_a_missing_folder_where_there_is_one(recorder: Recorder) -> None:
    recorder.data("1")
    recorder.folder.joinpath("there").mkdir()
    with pytest.raises(UnknownNameError) as raised:
        recorder.lineage.trace(recorder.folder / "there")
    assert (raised.value.what, raised.value.why) == (f"nothing is recorded of '{recorder.folder}/there'", "")


def test_an_artifact_is_no_run_and_a_run_no_artifact(two: Recorder) -> None:
    with pytest.raises(UnknownNameError, match=r"there is no run 'Train\.model'"):
        two.lineage.run("Train.model")
    with pytest.raises(UserError, match="latest is a run, and the question is about one artifact") as raised:
        two.lineage.impact("latest")
    assert raised.value.next_step == "headrace lineage trace 20260102-000002  # names its artifacts"


def test_a_beginning_that_several_runs_have_is_refused_with_them(two: Recorder) -> None:
    with pytest.raises(UnknownNameError) as raised:
        two.lineage.diff("2026", "latest")
    assert (raised.value.what, raised.value.why) == (
        "2 runs begin with '2026'",
        "20260102-000002, 20260101-000001",
    )


def test_what_an_earlier_run_made_is_named_where_the_latest_made_none(two: Recorder) -> None:
    two.node("20260103-000003", "Gen", {}, {})
    with pytest.raises(UnknownNameError) as raised:
        two.lineage.trace("Train.model")
    assert raised.value.what == "the latest run made no Train.model"
    model = two.ids["20260102-000002 model"]
    assert raised.value.why == f"the newest is of run 20260102-000002: artifact {model}"
    with pytest.raises(UnknownNameError) as raised:
        two.lineage.trace("Train.modl")
    assert raised.value.why == "did you mean 'Train.model'?"
