"""Which execution of a node a comparison of two runs goes by."""

import pytest

from headrace.metadata import State
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_execution


def told(recorder: Recorder, before: str, after: str) -> list[str]:
    return list(map(str, recorder.lineage.diff(before, after).differences))


def test_a_node_that_was_taken_over_goes_by_the_execution_that_worked(recorder: Recorder) -> None:
    examples = recorder.data("1")
    model = recorder.model("1", examples, {"epochs": 3})
    recorder.node("2", "Train", {}, {"model": model}, State.CACHED)
    recorder.node("3", "Train", {"examples": examples}, epochs=5)
    assert "parameter: epochs of Train: 3 -> 5" in told(recorder, "2", "3")


def test_a_cached_node_whose_key_was_recorded_goes_by_itself(recorder: Recorder) -> None:
    model = recorder.artifact("1", "model", "Model")
    for run, state, digest in (("1", State.COMPLETE, "a"), ("2", State.CACHED, "b")):
        key = KeyParts(code={"model.py": digest}).to_json()
        recorder.node(run, "Train", {}, {"model": model}, state, facts={names.KEY: key})
    assert told(recorder, "1", "2") == ["code: model.py: changed"]


def test_a_node_that_brought_in_the_same_again_goes_by_itself(recorder: Recorder) -> None:
    schema = recorder.artifact("1", "schema", "Schema")
    for run, place in (("1", "/a"), ("2", "/b")):
        recorder.node(run, "Bring", {}, {"schema": schema}, place=place)
    assert told(recorder, "1", "2") == ["parameter: place of Bring: /a -> /b"]


def test_what_a_node_of_another_name_made_tells_nothing_of_the_one_that_took_it_over(recorder: Recorder) -> None:
    model = recorder.artifact("1", "model", "Model")
    recorder.node("1", "Old", {}, {"model": model}, epochs=3)
    recorder.node("2", "New", {}, {"model": model}, State.CACHED)
    recorder.node("3", "New", epochs=5)
    assert told(recorder, "2", "3") == ["parameter: New: newly given: epochs (5)"]


@pytest.mark.parametrize("makers", [1, 2])
def test_what_several_executions_made_is_of_none_of_them(recorder: Recorder, makers: int) -> None:
    made = [recorder.artifact("1", f"model {one}", "Model") for one in range(2)]
    for one in range(makers):
        outputs = {"models": made if makers == 1 else [made[one]]}
        execution = record_execution(recorder.store, "small", "1", "Train", outputs=outputs)
        recorder.store.annotate(execution, {"epochs": 3})
    record_execution(recorder.store, "small", "2", "Train", State.CACHED, outputs={"models": made})
    recorder.node("3", "Train", epochs=5)
    expected = "epochs of Train: 3 -> 5" if makers == 1 else "Train: newly given: epochs (5)"
    assert told(recorder, "2", "3") == [f"parameter: {expected}"]
