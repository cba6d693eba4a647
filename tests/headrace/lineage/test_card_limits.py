"""What a card says of a model's limits: each point is told where the records say so, and nowhere else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2

from headrace.contents.metrics import Metrics, Slice
from headrace.contents.model_card import Author, Bullets, Words
from headrace.lineage.card_limits import limits_section
from headrace.lineage.card_sources import Sources, sources_of
from headrace.lineage.features import FeatureLineage, Features
from headrace.metadata import Property
from headrace.metadata import properties as names
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.written_statistics import Feature, Numbers, Texts

SMALLEST = 100
AT_LEAST = {"thresholds": {"auc": {"valueThreshold": {"lowerBound": 0.1}}}}


def known_of(recorder: Recorder, model: int) -> Sources:
    return sources_of(recorder.store, recorder.lineage.trace(model), None)


def limits(known: Sources) -> dict[str, str]:
    [points] = [one.points for one in limits_section(known, Author(), SMALLEST).blocks if isinstance(one, Bullets)]
    assert len(dict(points)) == len(points)
    return dict(points)


def evaluated(
    recorder: Recorder, metrics: Mapping[Slice, Metrics], *specs: Mapping[str, object], blessed: bool = True
) -> dict[str, str]:
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, metrics, blessed=blessed, specs=specs)
    return limits(known_of(recorder, model))


def of(payment: str) -> Slice:
    return (("payment", payment),)


def hour(number: int) -> Slice:
    return (("hour", number),)


def test_a_model_that_was_not_evaluated_is_good_on_nobody_knows_what(recorder: Recorder) -> None:
    told = limits(known_of(recorder, recorder.model("1", recorder.data("1"))))
    assert told["Not evaluated"] == "how good it is on any data is unknown"
    assert set(told) == {"Not evaluated", "Period", "Code", "Data"}


def test_where_the_metrics_are_gone_the_slices_are_unknown(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.judge("1", model, blessed=True)
    told = limits(known_of(recorder, model))
    assert told["Slices"] == "how good it is by slice is unknown"
    assert set(told) == {"Slices", "Period", "Code", "Data"}


def test_without_a_metric_of_quality_the_slices_are_unknown(recorder: Recorder) -> None:
    told = evaluated(recorder, {(): {"example_count": 5.0}, of("Cash"): {"example_count": 5.0}}, AT_LEAST)
    assert told["Slices"] == "how good it is by slice is unknown"


NO_THRESHOLD = "whatever its metrics had been, it would have been blessed"


@pytest.mark.parametrize(("specs", "expected"), [((), NO_THRESHOLD), (({},), NO_THRESHOLD), ((AT_LEAST,), None)])
def test_that_no_threshold_was_set_is_a_limit(
    recorder: Recorder, specs: Sequence[Mapping[str, object]], expected: str | None
) -> None:
    assert evaluated(recorder, {(): {"auc": 0.5}}, *specs).get("No threshold") == expected


@pytest.mark.parametrize("sliced", [{}, {of("Cash"): {"auc": 0.25}}])
def test_a_model_that_was_evaluated_as_a_whole_may_be_worse_anywhere(
    recorder: Recorder, sliced: Mapping[Slice, Metrics]
) -> None:
    told = evaluated(recorder, {(): {"auc": 0.5}, **sliced}, AT_LEAST).get("Slices")
    expected = "it was not evaluated by slice: where it does worse than overall is unknown"
    assert told == (None if sliced else expected)


def test_the_weakest_slices_are_told_the_worst_first(recorder: Recorder) -> None:
    metrics: dict[Slice, Metrics] = {
        (): {"auc": 0.75, "example_count": 1000.0},
        of("Equal"): {"auc": 0.75, "example_count": 500.0},
        of("Better"): {"auc": 0.875, "example_count": 500.0},
        of("Low"): {"auc": 0.5, "example_count": 100.0},
        of("Lower"): {"auc": 0.25, "example_count": 1234.0},
        of("Lowest"): {"auc": 0.125, "example_count": 99.0},
        of("Fourth"): {"auc": 0.7, "example_count": 500.0},
        of("Unclear"): {"auc": None, "example_count": 500.0},
        of("Uncounted"): {"auc": 0.625},
    }
    told = evaluated(recorder, metrics, AT_LEAST)
    assert told["Weakest"] == (
        "payment = Lower (AUC 0.250 on 1,234 examples); payment = Low (AUC 0.500 on 100 examples); "
        "payment = Uncounted (AUC 0.625); overall it is 0.750"
    )


def test_of_a_loss_the_slices_with_more_are_the_weakest(recorder: Recorder) -> None:
    metrics: dict[Slice, Metrics] = {
        (): {"loss": 0.5, "auc": 0.5},
        of("Low"): {"loss": 0.25, "auc": 0.25},
        of("High"): {"loss": 0.75, "auc": 0.75},
        of("Highest"): {"loss": 1.5, "auc": 0.75},
    }
    at_most = {"thresholds": {"loss": {"valueThreshold": {"upperBound": 1}}}}
    told = evaluated(recorder, metrics, at_most)
    assert told["Weakest"] == "payment = Highest (loss 1.500); payment = High (loss 0.750); overall it is 0.500"


@pytest.mark.parametrize("metrics", [{"auc": 0.5, "example_count": 500.0}, {"auc": 0.25, "example_count": 99.0}])
def test_where_no_slice_that_can_be_judged_is_worse_none_is_told(recorder: Recorder, metrics: Metrics) -> None:
    assert "Weakest" not in evaluated(recorder, {(): {"auc": 0.5}, of("Cash"): metrics}, AT_LEAST)


def test_slices_of_too_few_examples_are_counted_by_feature(recorder: Recorder) -> None:
    counted = {hour(3): 99.0, hour(4): 100.0, hour(5): 101.0, of("Cash"): 1.0, of("Card"): 2.0, (("day", 1),): 500.0}
    metrics: dict[Slice, Metrics] = {key: {"auc": 0.5, "example_count": count} for key, count in counted.items()}
    metrics |= {(): {"auc": 0.5, "example_count": 3.0}, hour(6): {"auc": 0.5}}
    told = evaluated(recorder, metrics, AT_LEAST)
    assert told["Too few examples to judge"] == "slices with fewer than 100: 1 of 4 by hour, 2 of 2 by payment"


def test_where_all_slices_have_enough_examples_nothing_is_said_of_few(recorder: Recorder) -> None:
    metrics: dict[Slice, Metrics] = {
        (): {"auc": 0.5, "example_count": 9.0},
        hour(3): {"auc": 0.5, "example_count": 100.0},
    }
    assert "Too few examples to judge" not in evaluated(recorder, metrics, AT_LEAST)


def described(
    recorder: Recorder, splits: Mapping[str, Mapping[str, Feature]], columns: Sequence[str] = ()
) -> dict[str, str]:
    """The limits of a model with such data, which depends on these columns."""
    examples = recorder.data("1")
    recorder.statistics("1", examples, splits)
    known = known_of(recorder, recorder.model("1", examples))
    taken = tuple(FeatureLineage(f"{name}_xf", (name,), (), in_model=True) for name in columns)
    return limits(replace(known, features=Features(known.model.id, 1, taken) if columns else None))


def test_columns_that_are_often_missing_are_told_by_split(recorder: Recorder) -> None:
    train = {
        "often": Texts({"a": 95}, missing=5),
        "seldom": Texts({"a": 96}, missing=4),
        "other": Texts({}, missing=100),
    }
    evaluation = {"often": Texts({"a": 3}, missing=1), "seldom": Texts({"a": 2}, missing=2)}
    told = described(recorder, {"train": train, "eval": evaluation}, ["often", "seldom", "unheard_of"])
    often, seldom = (
        text.replace(" %", "\N{NO-BREAK SPACE}%") for text in ("25 % of eval, 5 % of train", "50 % of eval")
    )
    assert told["Often missing"] == f"among what the model depends on: often ({often}); seldom ({seldom})"


@pytest.mark.parametrize("columns", [["seldom"], []])
def test_what_is_seldom_missing_or_not_known_to_be_used_is_not_told(recorder: Recorder, columns: list[str]) -> None:
    features = {"seldom": Texts({"a": 96}, missing=4), "other": Texts({"a": 1}, missing=99)}
    assert "Often missing" not in described(recorder, {"train": features}, columns)


SMALLER: Mapping[str, Feature] = {
    "far": Texts({"a": 50, "b": 50}),
    "farther": Texts({"c": 100}),
    "tenth": Texts({"a": 90}, missing=10),
    "near": Texts({"a": 91, "b": 9}),
    "number": Numbers([(1, 3, 100)], mean=2),
}
LARGER: Mapping[str, Feature] = {
    "far": Texts({"a": 200}),
    "farther": Texts({"a": 200}),
    "tenth": Texts({"a": 200}),
    "near": Texts({"a": 200}),
    "number": Numbers([(0, 2, 200)], mean=1),
}


def both(*features: str) -> dict[str, Mapping[str, Feature]]:
    """The larger split is the second by its name."""
    return {split: {one: its[one] for one in features} for split, its in (("a_few", SMALLER), ("most", LARGER))}


def test_splits_that_differ_are_told_with_what_differs_most_first(recorder: Recorder) -> None:
    told = described(recorder, both("tenth", "far", "number", "farther"))
    assert told["Splits differ"] == (
        "between most and a_few, on a scale from 0 to 1: farther (1.00; unique 1 -> 1; most for 'c'); "
        "far (0.50; unique 1 -> 2; most for 'b'); number (0.50; mean 1 -> 2)"
    )


def test_a_distance_of_a_tenth_is_told(recorder: Recorder) -> None:
    told = described(recorder, both("tenth"))
    assert told["Splits differ"] == "between most and a_few, on a scale from 0 to 1: tenth (0.10; unique 1 -> 1)"


def test_of_columns_that_the_model_does_not_depend_on_no_difference_is_told(recorder: Recorder) -> None:
    told = described(recorder, both("far", "farther"), ["far"])
    assert told["Splits differ"] == (
        "between most and a_few, on a scale from 0 to 1: far (0.50; unique 1 -> 2; most for 'b')"
    )
    assert "Splits differ" not in described(recorder, {}, ["near"])


@pytest.mark.parametrize(
    "splits",
    [both("near"), {"train": LARGER}, {"a": LARGER, "b": SMALLER, "c": LARGER}],
    ids=["alike", "one split", "three splits"],
)
def test_splits_that_are_alike_or_not_two_are_not_told_to_differ(
    recorder: Recorder, splits: Mapping[str, Mapping[str, Feature]]
) -> None:
    assert "Splits differ" not in described(recorder, splits)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (
            {"year": Numbers([(2013, 2014, 4)]), "month": Numbers([(2, 2, 4)])},
            "year 2013 to 2014, month 2; nothing is known of how it does outside of that",
        ),
        ({"fare": Numbers([(2013, 2014, 4)])}, "of when its data are is unknown"),
    ],
)
def test_the_period_of_the_data_is_a_limit(recorder: Recorder, features: Mapping[str, Feature], expected: str) -> None:
    assert described(recorder, {"train": features})["Period"] == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"drifted": 2, "verdict": "drifted", "note": "fare drifted"}, "fare drifted"),
        ({"drifted": 1, "verdict": "drifted", "note": ""}, "drifted"),
        ({"drifted": 1}, "unknown"),
        ({"verdict": "cannot be told"}, "cannot be told"),
        ({"drifted": 0, "verdict": "quiet", "note": "nothing"}, None),
    ],
)
def test_a_drift_report_is_a_limit_unless_nothing_drifted(
    recorder: Recorder, properties: dict[str, Any], expected: str | None
) -> None:
    examples = recorder.data("1")
    statistics = recorder.statistics("1", examples, {})
    report = recorder.artifact("1", "report", "DriftReport", **properties)
    recorder.node("1", "Drift", {"statistics": statistics}, {"report": report})
    told = limits(known_of(recorder, recorder.model("1", examples))).get("Drift")
    assert told == (expected and f"of its data: {expected} (DriftReport {report})")


@pytest.mark.parametrize(("count", "more"), [(3, ""), (4, "; and 1 more"), (6, "; and 3 more")])
def test_anomalies_in_the_data_are_told_and_of_many_the_others_counted(
    recorder: Recorder, count: int, more: str
) -> None:
    examples = recorder.data("1")
    statistics = recorder.statistics("1", examples, {})
    found = anomalies_pb2.Anomalies()
    for index in range(count):
        found.anomaly_info[f"f{index}"].short_description = "New"
        found.anomaly_info[f"f{index}"].description = "values"
    folder = recorder.folder / "anomalies" / "Split-train"
    folder.mkdir(parents=True)
    (folder / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    anomalies = recorder.artifact("1", "anomalies", "ExampleAnomalies", str(folder.parent))
    recorder.node("1", "Validate", {"statistics": statistics}, {"anomalies": anomalies})
    told = limits(known_of(recorder, recorder.model("1", examples)))
    named = "; ".join(f"f{index} in split train: New: values" for index in range(3))
    assert told["Anomalies in the data"] == f"{named}{more}"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "from which commit it was made is unknown"),
        ({names.GIT_COMMIT: "0123456789abcdef", names.GIT_DIRTY: 0}, None),
        (
            {names.GIT_COMMIT: "0123456789abcdef", names.GIT_DIRTY: 1},
            "it was made with changes that are not in commit 0123456789ab",
        ),
    ],
)
def test_code_that_is_in_no_commit_is_a_limit(
    recorder: Recorder, facts: Mapping[str, Property], expected: str | None
) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.store.annotate_run("1", facts)
    assert limits(known_of(recorder, model)).get("Code") == expected


def test_files_that_are_no_longer_what_they_were_are_told(recorder: Recorder) -> None:
    folder = recorder.folder / "files"
    folder.mkdir()
    read: list[list[object]] = []
    for name in "abcde":
        (folder / name).write_text(name)
        read.append([str(folder / name), 1, (folder / name).stat().st_mtime_ns])
    model = recorder.model("1", recorder.data("1", properties={names.INPUT_FILES: json.dumps({"train": read})}))
    assert "Data" not in limits(known_of(recorder, model))
    for name in "bde":
        (folder / name).unlink()
    (folder / "c").write_text("changed")
    told = limits(known_of(recorder, model))["Data"]
    said = "; ".join(
        f"{folder}/{name} is {state}" for name, state in (("b", "gone"), ("c", "changed since"), ("d", "gone"))
    )
    assert told == f"the files are no longer what they were: {said}"


def test_points_follow_the_authors_words_and_that_they_were_worked_out(recorder: Recorder) -> None:
    known = known_of(recorder, recorder.model("1", recorder.data("1")))
    said, author = Words("What follows was worked out from the records.", quiet=True), Author(limits="Not at night.")
    with_words, without = (limits_section(known, one, SMALLEST).blocks for one in (author, Author()))
    assert with_words[:2] == (Words("Not at night."), said)
    assert without[0] == said
