"""How models were judged, in the words in which a trace, a card or a diff tells it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.contents.metrics import Slice
from headrace.contents.validation import BASELINE, Check
from headrace.lineage.evaluations import EvaluationFacts, baseline_of, overall
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.written_evaluations import Failed

CASH: Slice = (("payment", "Cash"),)
Spec = Mapping[str, Any]


def verdict(**facts: Any) -> str:
    given = {"baseline": None, "metrics": {}, **facts}
    return EvaluationFacts(1, "1", datetime.now(UTC), 2, **given).verdict


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"blessed": None}, "no verdict was recorded"),
        ({"blessed": None, "failures": ()}, "no verdict was recorded"),
        ({"blessed": True}, "blessed: no threshold was set"),
        (
            {"blessed": True, "thresholds": ("auc at least 0.5", "loss at most 1")},
            "blessed: all thresholds held: auc at least 0.5; loss at most 1",
        ),
        ({"blessed": False, "failures": ()}, "not blessed: no reason was recorded"),
        (
            {"blessed": False, "unreadable": "it is gone"},
            "not blessed, for reasons that cannot be read any more (it is gone)",
        ),
        ({"blessed": True, "unfair": "it was unfair"}, "blessed: no threshold was set; it was unfair"),
    ],
)
def test_a_verdict_says_what_is_known_of_its_reasons(facts: Mapping[str, Any], expected: str) -> None:
    assert verdict(**facts) == expected


def test_a_verdict_tells_values_from_changes_and_from_what_was_not_measured() -> None:
    failures = (
        Check((), "auc", 0.91, "at least 0.92", held=False),
        Check((), "auc", -0.01, f"change of at least -0.003 {BASELINE}", held=False, is_change=True),
        Check((("payment", "Coin"),), "auc", None, "at least 0.9", held=False),
    )
    assert verdict(baseline=3, blessed=False, failures=failures) == (
        "not blessed: overall: auc 0.91, asked: at least 0.92; "
        f"overall: auc changed by -0.01, asked: at least -0.003 {BASELINE}; "
        "payment = Coin: auc was not measured, asked: at least 0.9"
    )


def metric(name: str, **threshold: Any) -> Spec:
    return {"metrics": [{"className": name, **({"threshold": threshold} if threshold else {})}]}


def per_slice(*slices: Spec) -> Spec:
    threshold = {"valueThreshold": {"lowerBound": 0.5}}
    given = {"slicingSpecs": list(slices), "threshold": threshold} if slices else {"threshold": threshold}
    return {"metrics": [{"className": "AUC", "perSliceThresholds": [given]}]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (metric("AUC"), ()),
        (metric("AUC", valueThreshold={"lowerBound": 0.5}), ("AUC at least 0.5",)),
        (metric("Loss", valueThreshold={"upperBound": 2}), ("Loss at most 2",)),
        (
            metric("AUC", valueThreshold={"lowerBound": 0.5, "upperBound": 0.75}),
            ("AUC at least 0.5", "AUC at most 0.75"),
        ),
        (
            metric("AUC", changeThreshold={"direction": "HIGHER_IS_BETTER", "absolute": -0.25}),
            ("AUC absolute change at least -0.25",),
        ),
        (
            metric("Loss", changeThreshold={"direction": "LOWER_IS_BETTER", "relative": 0.25, "absolute": 1}),
            ("Loss absolute change at most 1", "Loss relative change at most 0.25"),
        ),
        (metric("AUC", changeThreshold={"absolute": 0}), ("AUC absolute change at least 0",)),
        (per_slice(), ("AUC at least 0.5",)),
        (per_slice({}), ("AUC at least 0.5",)),
        (per_slice({"featureKeys": ["hour"]}), ('AUC in slices [{"featureKeys": ["hour"]}] at least 0.5',)),
        (per_slice({}, {"featureKeys": ["hour"]}), ('AUC in slices [{}, {"featureKeys": ["hour"]}] at least 0.5',)),
        ({"thresholds": {"auc": {"valueThreshold": {"lowerBound": 0.5}}}}, ("auc at least 0.5",)),
    ],
)
def test_thresholds_are_told_as_the_configuration_sets_them(
    recorder: Recorder, spec: Spec, expected: tuple[str, ...]
) -> None:
    assert evaluated(recorder, spec).thresholds == expected


def test_thresholds_of_all_metrics_and_specs_are_told_each_once(recorder: Recorder) -> None:
    least = {"valueThreshold": {"lowerBound": 0.5}}
    two = {
        "metrics": [
            {"className": "AUC", "threshold": least, "perSliceThresholds": [{"threshold": least}]},
            {"className": "Recall", "threshold": least},
        ],
        "thresholds": {"loss": {"valueThreshold": {"upperBound": 1}}},
    }
    last = {"thresholds": {"mse": {"valueThreshold": {"upperBound": 2}}}}
    asked = ("AUC at least 0.5", "Recall at least 0.5", "loss at most 1", "mse at most 2")
    assert evaluated(recorder, two, two, last).thresholds == asked


def evaluated(recorder: Recorder, *specs: Spec) -> EvaluationFacts:
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, {(): {"auc": 0.75}}, specs=specs)
    [found] = recorder.lineage.trace(model).evaluations
    return found


def test_an_evaluation_has_what_was_found_of_the_model_and_of_its_baseline(recorder: Recorder) -> None:
    live, model = recorder.model("1", recorder.data("1")), recorder.model("2", recorder.data("2"))
    failure = Failed(CASH, "auc", 0.5, {"value_threshold": {"lower_bound": {"value": 0.75}}})
    recorder.evaluate(
        "2",
        model,
        {(): {"auc": 0.75}, CASH: {"auc": 0.5}},
        blessed=False,
        baseline=live,
        baseline_metrics={(): {"auc": 0.875}},
        failed=[failure],
    )
    [found] = recorder.lineage.trace(model).evaluations
    assert (found.run, found.model, found.baseline, found.blessed) == ("2", model, live, False)
    assert found.metrics == {(): {"auc": 0.75}, CASH: {"auc": 0.5}}
    assert found.baseline_metrics == {(): {"auc": 0.875}}
    assert found.failures == (Check(CASH, "auc", 0.5, "at least 0.75", held=False),)
    assert (found.unreadable, found.unfair) == ("", "")
    assert found.verdict == "not blessed: payment = Cash: auc 0.5, asked: at least 0.75"


def test_a_model_whose_evaluation_has_a_baseline_that_is_not_recorded_was_compared_with_itself(
    recorder: Recorder,
) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, {(): {"auc": 0.75}}, baseline_metrics={(): {"auc": 0.75}})
    [found] = recorder.lineage.trace(model).evaluations
    assert (found.model, found.baseline) == (model, model)


def test_an_evaluation_without_a_baseline_has_none(recorder: Recorder) -> None:
    found = evaluated(recorder)
    assert (found.baseline, found.baseline_metrics) == (None, {})


def test_a_blessing_without_a_property_is_no_verdict(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.node("1", "Evaluate", {"model": model}, {"blessing": recorder.artifact("1", "blessing", "ModelBlessing")})
    [found] = recorder.lineage.trace(model).evaluations
    assert (found.blessed, found.verdict) == (None, "no verdict was recorded")


def test_an_evaluation_without_a_blessing_has_metrics_and_no_verdict(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, {(): {"auc": 0.75}})
    evaluation = recorder.ids["1 evaluation"]
    uri = recorder.store.artifacts_by_id([evaluation])[0].uri
    again = recorder.artifact("2", "evaluation", "ModelEvaluation", uri)
    recorder.node("2", "Measure", {"model": model}, {"evaluation": again})
    found = recorder.lineage.trace(model).evaluations
    assert [(one.run, one.blessed, overall(one.metrics)) for one in found] == [
        ("1", True, {"auc": 0.75}),
        ("2", None, {"auc": 0.75}),
    ]


def test_a_blessing_without_an_evaluation_says_why_there_are_no_metrics(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.judge("1", model, blessed=False)
    [found] = recorder.lineage.trace(model).evaluations
    assert (found.metrics, found.failures, found.unreadable) == (None, None, "no evaluation was recorded")
    assert found.verdict == "not blessed, for reasons that cannot be read any more (no evaluation was recorded)"


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda folder: (folder / "eval_config.json").unlink(), "no eval_config.json in {folder}"),
        (
            lambda folder: (folder / "metrics-00000-of-00001.tfrecord").write_bytes(b"x"),
            "{folder}/metrics-00000-of-00001.tfrecord is damaged: "
            "{folder}/metrics-00000-of-00001.tfrecord ends in the middle of a record",
        ),
    ],
)
def test_an_evaluation_that_cannot_be_read_any_more_says_why(
    recorder: Recorder, damage: Callable[[Path], object], why: str
) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, {(): {"auc": 0.75}}, specs=[metric("AUC", valueThreshold={"lowerBound": 0.5})])
    folder = recorder.folder / "1" / "evaluation"
    damage(folder)
    [found] = recorder.lineage.trace(model).evaluations
    assert (found.metrics, found.thresholds, found.failures) == (None, (), None)
    assert (found.blessed, found.unreadable) == (True, why.format(folder=folder))


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        (None, {}),
        ({}, {}),
        ({CASH: {"auc": 0.5}}, {}),
        ({(): {"auc": 0.75, "recall": None, "loss": 0.0}, CASH: {"auc": 0.5}}, {"auc": 0.75, "loss": 0.0}),
    ],
)
def test_overall_metrics_are_those_of_all_examples_that_have_a_value(
    metrics: Mapping[Slice, Mapping[str, float | None]] | None, expected: dict[str, float]
) -> None:
    assert overall(metrics) == expected


def test_the_baseline_of_a_blessing_is_the_model_that_its_evaluator_compared_with(recorder: Recorder) -> None:
    live, model = recorder.model("1", recorder.data("1")), recorder.model("2", recorder.data("2"))
    compared, alone = recorder.judge("2", model, True, live), recorder.judge("1", live, True)
    brought_in = recorder.artifact("3", "blessing", "ModelBlessing")
    found = [baseline_of(recorder.store, one) for one in (compared, alone, brought_in)]
    assert found == [live, None, None]


@pytest.mark.parametrize(
    ("properties", "pushed", "destination"),
    [
        ({"pushed": 1, "pushed_destination": "/serving/1"}, True, "/serving/1"),
        ({"pushed": 1}, True, None),
        ({"pushed": 0, "pushed_destination": "/serving/1"}, False, None),
        ({"pushed_destination": "/serving/1"}, False, None),
        ({}, False, None),
    ],
)
def test_a_model_is_pushed_where_the_pusher_said_so(
    recorder: Recorder, properties: dict[str, Any], pushed: bool, destination: str | None
) -> None:
    model = recorder.model("1", recorder.data("1"))
    artifact = recorder.artifact("1", "pushed", "PushedModel", **properties)
    recorder.node("1", "Push", {"model": model}, {"pushed": artifact})
    [push] = recorder.lineage.trace(artifact).pushes
    assert (push.artifact, push.run, push.model) == (artifact, "1", model)
    assert (push.pushed, push.destination, push.present) == (pushed, destination, False)


def test_a_pushed_model_is_present_as_long_as_its_folder_is_there(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    place = recorder.folder / "serving" / "1"
    place.mkdir(parents=True)
    recorder.push("1", model, place=str(place.parent))
    [push] = recorder.lineage.trace(model).pushes
    assert push.present
    place.rmdir()
    assert not push.present


def test_what_was_pushed_by_nothing_that_is_recorded_is_of_no_run_and_model(recorder: Recorder) -> None:
    artifact = recorder.artifact("1", "pushed", "PushedModel", pushed=1)
    [push] = recorder.lineage.trace(artifact).pushes
    assert (push.run, push.model, push.pushed) == ("", None, True)


def test_that_the_baseline_had_learned_from_the_examples_is_told_with_the_verdict(recorder: Recorder) -> None:
    first, second = (recorder.data(run, properties={"span": int(run)}) for run in ("1", "2"))
    live, model = recorder.model("2", second), recorder.model("1", first)
    for run, baseline in (("1", live), ("3", None)):
        blessing = recorder.artifact(run, "blessing", "ModelBlessing", blessed=1)
        compared = {} if baseline is None else {"baseline_model": baseline}
        recorder.node(run, "Evaluate", {"model": model, "examples": second, **compared}, {"blessing": blessing})
    unfair, fair = recorder.lineage.trace(model).evaluations
    assert (unfair.baseline, fair.baseline, fair.unfair) == (live, None, "")
    assert unfair.verdict == (
        "blessed: no threshold was set; the model it was compared with has learned from these examples "
        f"(Examples {second}), and it has not"
    )


def test_evaluations_are_told_in_the_order_in_which_they_were_made(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    for run, blessed in (("1", True), ("2", False), ("3", True)):
        recorder.judge(run, model, blessed)
    found = recorder.lineage.trace(model).evaluations
    assert [(one.run, one.blessed) for one in found] == [("1", True), ("2", False), ("3", True)]
