"""What is live, what it replaced, what was rejected since."""

import time
from pathlib import Path

import pytest

from headrace.contents.times import local_time
from headrace.errors import UnknownNameError
from headrace.lineage.live import LiveModel
from headrace.lineage.shown import Section
from headrace.metadata import State
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import INPUT, OUTPUT, record_events, record_execution_of_no_run


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


def pushed_to(place: Path, recorder: Recorder, *runs: str) -> LiveModel:
    """What is live once these runs have pushed there, each a folder that is there."""
    for run in runs:
        (place / run).mkdir(parents=True)
        recorder.push(run, recorder.model(run, recorder.data(run)), place=str(place))
    [live] = recorder.lineage.live("small")
    return live


def test_the_first_live_model_is_said_to_have_replaced_nothing(recorder: Recorder, tmp_path: Path) -> None:
    live = pushed_to(tmp_path, recorder, "1")
    assert live.sections() == [
        Section(
            str(tmp_path),
            (
                f"Model {live.push.model} of run 1 is live in {tmp_path}/1, since {local_time(live.push.time)}",
                "it replaced nothing",
                "nothing was rejected since",
            ),
        )
    ]


def test_a_live_model_is_said_to_be_what_it_is_with_its_verdicts_and_what_it_replaced(
    recorder: Recorder, tmp_path: Path
) -> None:
    live = pushed_to(tmp_path, recorder, "1", "2", "3")
    model, before = recorder.ids["3 model"], recorder.ids["2 model"]
    recorder.judge("3", model, blessed=True)
    recorder.check_serving("3", model)
    rejected = recorder.model("4", recorder.data("4"))
    recorder.check_serving("4", rejected, "it hangs")
    recorder.push("4", rejected, pushed=False)
    (tmp_path / "3").rmdir()
    [live] = recorder.lineage.live("small")
    assert live.replaced is not None
    said, since = live.sections()
    assert said.lines == (
        f"Model {model} of run 3 is live in {tmp_path}/3, since {local_time(live.push.time)}; the folder is gone",
        "blessed: no threshold was set",
        "blessed as served",
        f"it replaced Model {before} of run 2, live from {local_time(live.replaced.time)}, in {tmp_path}/2",
    )
    assert since == Section(
        "Rejected since",
        (),
        ("when", "model", "run", "why"),
        ((local_time(live.rejected[0].push.time), str(rejected), "4", "not blessed as served: it hangs"),),
    )


def test_each_model_is_a_row_with_its_state_and_reason(recorder: Recorder, tmp_path: Path) -> None:
    pushed_to(tmp_path, recorder, "1")
    rejected = recorder.model("2", recorder.data("2"))
    recorder.push("2", rejected, pushed=False)
    [live] = recorder.lineage.live("small")
    [rejection] = live.rejected
    why = "unknown: no evaluation of it was recorded"
    assert live.rows() == [
        {"model": live.push.model, "run": "1", "time": live.push.time, "state": "live", "reason": ""},
        {"model": rejected, "run": "2", "time": rejection.push.time, "state": "rejected", "reason": why},
    ]


@pytest.mark.parametrize(("count", "words"), [(20, ()), (21, ("and 1 before these",)), (23, ("and 3 before these",))])
def test_of_many_rejections_the_newest_are_shown_and_the_others_are_counted(
    recorder: Recorder, count: int, words: tuple[str, ...]
) -> None:
    examples = recorder.data("0")
    recorder.push("0", recorder.model("0", examples))
    for run in range(1, count + 1):
        recorder.push(str(run), recorder.ids["0 model"], pushed=False)
    [live] = recorder.lineage.live("small")
    shown = live.sections()[1]
    assert shown.lines == words
    assert [row[2] for row in shown.rows] == [str(run) for run in range(count, count - 20, -1)]
    assert len(live.rejected) == count


def test_of_more_than_a_hundred_rejections_the_newest_are_looked_into(recorder: Recorder) -> None:
    model = recorder.model("0", recorder.data("0"))
    recorder.push("0", model)
    for run in range(1, 103):
        recorder.push(str(run), model, pushed=False)
    [live] = recorder.lineage.live("small")
    assert [one.push.run for one in live.rejected] == [str(run) for run in range(102, 2, -1)]


def test_a_model_that_was_rejected_before_the_live_one_was_pushed_is_not_rejected_since(recorder: Recorder) -> None:
    examples = recorder.data("0")
    for run, pushed in (("1", True), ("2", False), ("3", True), ("4", False), ("5", False)):
        recorder.push(run, recorder.model(run, examples), pushed)
    [live] = recorder.lineage.live("small")
    assert (live.push.run, [one.push.run for one in live.rejected]) == ("3", ["5", "4"])
    assert live.replaced is not None
    assert live.replaced.run == "1"


def test_a_push_that_names_no_folder_makes_nothing_live(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.push("1", model)
    nowhere = recorder.artifact("2", "pushed", "PushedModel", pushed=1)
    recorder.node("2", "Push", {"model": model}, {"pushed": nowhere})
    [live] = recorder.lineage.live("small")
    assert (live.place, live.push.run, live.rejected) == ("/serving", "1", ())


def test_what_another_pipeline_rejected_is_not_rejected_of_this_one(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.push("1", model)
    recorder.push("2", model, pushed=False, pipeline="other")
    recorder.push("3", model, pushed=False)
    [live] = recorder.lineage.live("small")
    assert [one.push.run for one in live.rejected] == ["3"]


def test_a_push_is_told_with_the_verdicts_of_its_own_run(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    for run, blessed in (("1", False), ("2", True), ("3", False)):
        recorder.judge(run, model, blessed)
        recorder.push(run, model, pushed=blessed)
    [live] = recorder.lineage.live("small")
    assert [(one.run, one.blessed) for one in live.evaluations] == [("2", True)]
    [rejection] = live.rejected
    assert rejection.reason == ("not blessed, for reasons that cannot be read any more (no evaluation was recorded)")


def test_a_push_without_an_evaluation_in_its_run_is_told_with_the_last_one_before(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    for run, blessed in (("1", False), ("2", True)):
        recorder.judge(run, model, blessed)
    recorder.push("3", model)
    wait_for_the_next_millisecond()
    recorder.judge("4", model, blessed=False)
    [live] = recorder.lineage.live("small")
    assert [(one.run, one.blessed) for one in live.evaluations] == [("2", True)]


def wait_for_the_next_millisecond() -> None:
    """ML Metadata tells what came first by milliseconds."""
    start = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == start:
        pass


def test_the_verdict_that_rejected_a_model_is_told_and_the_other_is_not(recorder: Recorder) -> None:
    good = recorder.model("1", recorder.data("1"))
    recorder.push("1", good)
    bad = recorder.model("2", recorder.data("2"))
    recorder.judge("2", bad, blessed=False)
    recorder.check_serving("2", bad)
    recorder.push("2", bad, pushed=False)
    fine = recorder.model("3", recorder.data("3"))
    recorder.judge("3", fine, blessed=True)
    recorder.check_serving("3", fine)
    recorder.push("3", fine, pushed=False)
    [live] = recorder.lineage.live("small")
    assert [one.reason for one in live.rejected] == [
        "blessed: no threshold was set; blessed as served",
        "not blessed, for reasons that cannot be read any more (no evaluation was recorded)",
    ]


def test_of_another_models_verdicts_nothing_is_said(recorder: Recorder) -> None:
    examples = recorder.data("1")
    live_model, other = recorder.model("1", examples), recorder.model("2", examples)
    recorder.push("1", live_model)
    recorder.judge("2", live_model, blessed=True)
    recorder.push("2", other, pushed=False)
    [live] = recorder.lineage.live("small")
    assert [one.reason for one in live.rejected] == ["unknown: no evaluation of it was recorded"]


def test_what_was_pushed_by_an_execution_of_no_run_is_live_of_an_unknown_one(recorder: Recorder) -> None:
    model = recorder.artifact("0", "model", "Model")
    for number in ("1", "2"):
        pushed = recorder.artifact(number, "pushed", "PushedModel", pushed=1, pushed_destination=f"/serving/{number}")
        pusher = record_execution_of_no_run(recorder.store, "small", "Push", State.COMPLETE)
        record_events(recorder.store, pusher, INPUT, {"model": [model]})
        record_events(recorder.store, pusher, OUTPUT, {"pushed": [pushed]})
    refused = recorder.artifact("3", "pushed", "PushedModel", pushed=0)
    pusher = record_execution_of_no_run(recorder.store, "small", "Push", State.COMPLETE)
    record_events(recorder.store, pusher, OUTPUT, {"pushed": [refused]})
    [live] = recorder.lineage.live("small")
    said, since = live.sections()
    assert said.lines[0].startswith(f"Model {model} of run unknown is live in /serving/2, since ")
    assert said.lines[1].startswith(f"it replaced Model {model} of run unknown, live from ")
    assert since.rows[0][1:] == ("unknown", "unknown", "unknown: no evaluation of it was recorded")


def test_what_nothing_is_recorded_to_have_pushed_is_live_of_no_pipeline(recorder: Recorder) -> None:
    recorder.push("1", recorder.model("1", recorder.data("1")), place="/a")
    recorder.artifact("2", "pushed", "PushedModel", pushed=1, pushed_destination="/b/2")
    assert [one.place for one in recorder.lineage.live("small")] == ["/a"]
