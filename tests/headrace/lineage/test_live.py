"""What is live, what it replaced, what was rejected since."""

import pytest

from headrace.errors import UnknownNameError
from headrace.metadata import State
from tests.headrace.lineage.conftest import Recorder


def test_the_last_model_that_was_pushed_is_live_and_replaced_the_one_before(recorder: Recorder) -> None:
    examples = recorder.data("1")
    for run in ("1", "2", "3"):
        model = recorder.model(run, examples)
        recorder.judge(run, model, blessed=True)
        recorder.push(run, model)
    [live] = recorder.lineage.live("small")
    assert (live.place, live.push.run, live.push.model) == ("/serving", "3", recorder.ids["3 model"])
    assert live.replaced is not None
    assert live.replaced.run == "2"
    assert [one.blessed for one in live.evaluations] == [True]
    assert live.rejected == ()


def test_models_that_were_rejected_since_are_named_with_the_verdict_the_newest_first(recorder: Recorder) -> None:
    examples = recorder.data("0")
    rejected_before = recorder.model("0", examples)
    recorder.push("0", rejected_before, pushed=False)
    good = recorder.model("1", examples)
    recorder.push("1", good)
    for run in ("2", "3"):
        model = recorder.model(run, examples)
        recorder.judge(run, model, blessed=False, baseline=good)
        recorder.push(run, model, pushed=False)
    [live] = recorder.lineage.live("small")
    assert live.push.model == good
    assert live.replaced is None
    assert [one.push.run for one in live.rejected] == ["3", "2"]
    assert all(one.reason.startswith("not blessed") for one in live.rejected)


def test_a_model_that_could_not_be_served_was_rejected_for_that_reason(recorder: Recorder) -> None:
    examples = recorder.data("1")
    good, hanging, bad = (recorder.model(run, examples) for run in ("1", "2", "3"))
    recorder.check_serving("1", good)
    recorder.push("1", good)
    for run, model, blessed in (("2", hanging, True), ("3", bad, False)):
        recorder.judge(run, model, blessed)
        recorder.check_serving(run, model, "it hangs")
        recorder.push(run, model, pushed=False)
    [live] = recorder.lineage.live("small")
    assert [one.verdict for one in live.serving_checks] == ["blessed as served"]
    both, one = (rejection.reason for rejection in live.rejected)
    assert one == "not blessed as served: it hangs"
    assert both.startswith("not blessed, for reasons")
    assert both.endswith("; not blessed as served: it hangs")


def test_what_is_live_shows_itself_place_by_place_and_as_a_row_a_model(recorder: Recorder) -> None:
    examples = recorder.data("1")
    for run, place in (("1", "/serving"), ("2", "/canary")):
        recorder.push(run, recorder.model(run, examples), place=place)
    recorder.push("3", recorder.model("3", examples), pushed=False)
    live = recorder.lineage.live("small")
    page = live._repr_html_()
    for shown in ("<h4>/serving</h4>", "<h4>/canary</h4>", "is live in /canary/2", "Rejected since"):
        assert shown in page
    frame = live.to_frame()
    assert list(zip(frame["run"], frame["state"], strict=True)) == [
        ("1", "live"),
        ("3", "rejected"),
        ("2", "live"),
        ("3", "rejected"),
    ]


def test_a_rejection_whose_evaluation_was_not_recorded_has_no_known_reason(recorder: Recorder) -> None:
    examples = recorder.data("1")
    recorder.push("1", recorder.model("1", examples))
    recorder.push("2", recorder.model("2", examples), pushed=False)
    [live] = recorder.lineage.live("small")
    assert [one.reason for one in live.rejected] == ["unknown: no evaluation of it was recorded"]


def test_a_model_pushed_again_has_the_evaluation_that_its_run_took_from_the_cache(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    blessing = recorder.judge("1", model, blessed=True)
    recorder.push("1", model)
    recorder.node("2", "Evaluate", {"model": model}, {"blessing": blessing}, State.CACHED)
    recorder.push("2", model)
    [live] = recorder.lineage.live("small")
    assert live.push.run == "2"
    assert [(one.run, one.blessed) for one in live.evaluations] == [("1", True)]


def test_each_place_has_a_live_model_and_another_pipelines_is_not_this_ones(recorder: Recorder) -> None:
    examples = recorder.data("1")
    recorder.push("1", recorder.model("1", examples), place="/a")
    recorder.push("2", recorder.model("2", examples), place="/b")
    assert [one.place for one in recorder.lineage.live("small")] == ["/a", "/b"]
    recorder.push("3", recorder.model("1", examples), place="/b", pipeline="other")
    assert [one.place for one in recorder.lineage.live("small")] == ["/a"]
    assert [one.place for one in recorder.lineage.live("other")] == ["/b"]


def test_a_pipeline_that_never_pushed_has_nothing_live_and_one_that_is_none_is_refused(recorder: Recorder) -> None:
    recorder.data("1")
    assert recorder.lineage.live("small") == ()
    with pytest.raises(UnknownNameError, match="did you mean 'small'"):
        recorder.lineage.live("smal")


def test_a_model_that_was_compared_with_itself_was_judged(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.judge("1", model, blessed=True)
    blessing = recorder.artifact("2", "blessing", "ModelBlessing", blessed=1)
    # As ML Metadata has it of a second run whose Trainer was cached: of what is read twice it keeps one event.
    recorder.node("2", "Evaluate", {"baseline_model": model}, {"blessing": blessing})
    recorder.push("2", model)
    [live] = recorder.lineage.live("small")
    assert [(one.run, one.model, one.baseline) for one in live.evaluations] == [("2", model, model)]
