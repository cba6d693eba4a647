"""What people call an artifact or a run."""

import pytest

from headrace.errors import UnknownNameError
from headrace.metadata import Run
from tests.headrace.lineage.conftest import Recorder

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
