"""What was made from something."""

import pytest

from headrace.errors import UnknownNameError, UserError
from headrace.metadata import State
from headrace.metadata import properties as names
from tests.headrace.lineage.conftest import Recorder


def test_a_file_went_into_the_models_of_all_runs_that_read_it(recorder: Recorder) -> None:
    first = recorder.model("1", recorder.data("1", "/data/a.csv"))
    second = recorder.model("2", recorder.data("2", "/data/a.csv"))
    recorder.model("3", recorder.data("3", "/data/b.csv"))
    impact = recorder.lineage.impact("/data/a.csv")
    assert [one.artifact for one in impact.models] == [second, first]
    assert impact.caveat == ""
    assert [one.artifact for one in recorder.lineage.impact("/data").models] == [
        recorder.ids[f"{run} model"] for run in ("3", "2", "1")
    ]


def test_only_the_last_push_to_a_place_is_live(recorder: Recorder) -> None:
    examples = recorder.data("1")
    for run in ("1", "2"):
        recorder.push(run, recorder.model(run, examples))
    impact = recorder.lineage.impact(examples)
    assert [one.artifact for one in impact.live] == [recorder.ids["2 model"]]
    assert impact.live[0].live == ("/serving/2",)
    assert dict(impact.artifacts) == {"Model": 2, "PushedModel": 2}


def test_what_the_cache_answered_for_is_not_made_twice(recorder: Recorder) -> None:
    examples = recorder.data("1")
    model = recorder.model("1", examples)
    recorder.node("2", "Train", {"examples": examples}, {"model": model}, State.CACHED)
    impact = recorder.lineage.impact(examples)
    assert [(one.artifact, one.run) for one in impact.models] == [(model, "1")]
    assert {execution.run for execution in impact.graph.executions.values() if execution.node == "Train"} == {"1"}


def test_a_model_that_was_compared_with_did_not_go_into_the_other(recorder: Recorder) -> None:
    old = recorder.model("1", recorder.data("1"))
    recorder.judge("2", recorder.model("2", recorder.data("2")), blessed=True, baseline=old)
    assert recorder.lineage.impact(old).artifacts == ()


def test_of_files_whose_names_were_not_recorded_it_says_so(recorder: Recorder) -> None:
    recorder.model("1", recorder.data("1", "/data/a*.csv", properties={names.INPUT_FILES: ""}))
    impact = recorder.lineage.impact("/data/abc.csv")
    assert len(impact.models) == 1
    assert impact.caveat.startswith("by its name only")
    with pytest.raises(UnknownNameError):
        recorder.lineage.impact("/data/b.csv")


def test_a_run_is_no_answerable_subject(recorder: Recorder) -> None:
    recorder.data("20260101-1")
    with pytest.raises(UserError, match="is a run"):
        recorder.lineage.impact("latest")
