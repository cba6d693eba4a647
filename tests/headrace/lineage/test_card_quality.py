"""What a card says of how good a model is: the verdict, the metrics overall, and by slice."""

from collections.abc import Mapping
from typing import Any

import pytest

from headrace.contents.light_protos import message_class
from headrace.contents.metrics import Metrics, Slice
from headrace.contents.model_card import Block, Bullets, Curves, Dot, Dots, ModelCard, Table, Words
from headrace.lineage.card_sources import utc
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.written_evaluations import Failed, write_records

_PLOTS = "tensorflow_model_analysis/proto/metrics_for_slice.proto"


def blocks(card: ModelCard) -> tuple[Block, ...]:
    [found] = [one.blocks for one in card.sections if one.title == "How good it is"]
    return found


def evaluated(recorder: Recorder, metrics: Mapping[Slice, Metrics], **given: Any) -> ModelCard:
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, metrics, **given)
    return recorder.lineage.card(model)


def tables(card: ModelCard) -> list[Table]:
    return [one for one in blocks(card) if isinstance(one, Table)]


def dots(card: ModelCard) -> list[Dots]:
    return [one for one in blocks(card) if isinstance(one, Dots)]


def of(payment: str) -> Slice:
    return (("payment", payment),)


def hour(number: int) -> Slice:
    return (("hour", number),)


def first_words(card: ModelCard) -> str:
    first = blocks(card)[0]
    assert isinstance(first, Words)
    return first.text


def test_the_verdict_is_told_with_when_it_was_and_what_it_was_compared_with(recorder: Recorder) -> None:
    live, model = recorder.model("1", recorder.data("1")), recorder.model("2", recorder.data("2"))
    recorder.evaluate("1", live, {(): {"auc": 0.5}}, baseline_metrics={(): {"auc": 0.5}})
    recorder.evaluate("2", model, {(): {"auc": 0.5}}, baseline=live)
    for thing, other in ((live, "itself"), (model, f"Model {live}")):
        [judged] = recorder.lineage.trace(thing).evaluations
        assert first_words(recorder.lineage.card(thing)) == (
            f"It was evaluated on {utc(judged.evaluated)} in run {judged.run} and compared with {other}. "
            "Blessed: no threshold was set."
        )


def test_a_verdict_without_a_baseline_names_none(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, {(): {"auc": 0.5}})
    [judged] = recorder.lineage.trace(model).evaluations
    assert first_words(recorder.lineage.card(model)) == (
        f"It was evaluated on {utc(judged.evaluated)} in run 1. Blessed: no threshold was set."
    )


def test_what_did_not_hold_is_told_for_all_examples_first(recorder: Recorder) -> None:
    failed = [
        Failed(key, "auc", 0.5, {"value_threshold": {"lower_bound": {"value": 0.75}}})
        for key in (of("Coin"), of("Cash"), ())
    ]
    card = evaluated(recorder, {(): {"auc": 0.5}}, blessed=False, failed=failed)
    where = ("overall", "payment = Cash", "payment = Coin")
    points = tuple(("did not hold", f"{one}: auc 0.5, asked: at least 0.75") for one in where)
    assert [one for one in blocks(card) if isinstance(one, Bullets)] == [Bullets(points)]


def test_where_everything_held_nothing_is_said_not_to(recorder: Recorder) -> None:
    assert not [one for one in blocks(evaluated(recorder, {(): {"auc": 0.5}})) if isinstance(one, Bullets)]


def test_metrics_that_are_gone_are_unknown_with_the_reason(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.judge("1", model, blessed=True)
    assert blocks(recorder.lineage.card(model))[1:] == (Words("Its metrics are unknown: no evaluation was recorded."),)


def test_an_evaluation_of_slices_alone_has_no_metric_to_show(recorder: Recorder) -> None:
    card = evaluated(recorder, {of("Cash"): {"auc": 0.5}})
    assert blocks(card)[1:] == (Words("Its metrics are unknown: it has no metric over all examples."),)


OVERALL: Mapping[Slice, Metrics] = {
    (): {"auc": 0.75, "binary_accuracy": 0.5, "example_count": 1234.0, "recall": None},
}


def test_without_a_baseline_each_metric_is_shown_alone(recorder: Recorder) -> None:
    assert tables(evaluated(recorder, OVERALL)) == [
        Table(
            ("metric", "on all examples"),
            (("AUC", "0.7500"), ("binary accuracy", "0.5000"), ("example count", "1,234"), ("recall", "unknown")),
            (1,),
        )
    ]


def test_beside_a_baseline_each_metric_is_shown_with_its_change(recorder: Recorder) -> None:
    live = recorder.model("0", recorder.data("0"))
    before: Mapping[Slice, Metrics] = {(): {"auc": 0.875, "example_count": 1000.0, "recall": 0.5}}
    [table] = tables(evaluated(recorder, OVERALL, baseline=live, baseline_metrics=before))
    assert table == Table(
        ("metric", "this model", f"Model {live}", "change"),
        (
            ("AUC", "0.7500", "0.8750", "-0.1250"),
            ("binary accuracy", "0.5000", "unknown", ""),
            ("example count", "1,234", "1,000", ""),
            ("recall", "unknown", "0.5000", ""),
        ),
        (1, 2, 3),
    )


def test_a_model_that_was_compared_with_itself_has_no_changes(recorder: Recorder) -> None:
    [table] = tables(evaluated(recorder, OVERALL, baseline_metrics=OVERALL))
    assert table.columns == ("metric", "on all examples")


SLICED: Mapping[Slice, Metrics] = {
    (): {"auc": 0.75, "example_count": 5.0},
    of("Few"): {"auc": 0.5, "example_count": 99.0},
    of("Many"): {"auc": 0.625, "example_count": 1000.0},
    of("Enough"): {"auc": 0.875, "example_count": 100.0},
    of("Unclear"): {"auc": None, "example_count": 300.0},
}


def test_slices_are_a_table_with_those_of_most_examples_first(recorder: Recorder) -> None:
    assert tables(evaluated(recorder, SLICED))[1] == Table(
        ("slice", "examples", "AUC"),
        (
            ("overall", "5", "0.7500"),
            ("payment = Many", "1,000", "0.6250"),
            ("payment = Unclear", "300", ""),
            ("payment = Enough", "100", "0.8750"),
            ("payment = Few", "99", "0.5000"),
        ),
        (1, 2),
    )


@pytest.mark.parametrize(
    ("count", "caption"),
    [(12, ""), (13, "The 12 slices with most examples; 1 smaller ones are left out")],
)
def test_of_many_slices_the_table_has_the_largest(recorder: Recorder, count: int, caption: str) -> None:
    slices: dict[Slice, Metrics] = {hour(one): {"auc": 0.5, "example_count": 100.0 + one} for one in range(count)}
    table = tables(evaluated(recorder, {(): {"auc": 0.5, "example_count": 1.0}, **slices}))[1]
    assert table.caption == caption
    assert [row[0] for row in table.rows] == ["overall", *(f"hour = {one}" for one in range(count - 1, count - 13, -1))]


def test_slices_are_dots_by_their_number_of_examples_beside_the_baselines(recorder: Recorder) -> None:
    live = recorder.model("0", recorder.data("0"))
    baseline: Mapping[Slice, Metrics] = {(): {"auc": 0.5}, of("Many"): {"auc": 0.25}}
    [picture] = dots(evaluated(recorder, SLICED, baseline=live, baseline_metrics=baseline))
    assert picture == Dots(
        "payment",
        "auc",
        0.75,
        (
            Dot("Many", 0.625, 0.25, 1000, reliable=True),
            Dot("Enough", 0.875, None, 100, reliable=True),
            Dot("Few", 0.5, None, 99, reliable=False),
        ),
        "hollow: fewer than 100 examples; without a meaningful AUC: Unclear",
    )


def test_slices_by_number_are_dots_in_the_order_of_the_numbers(recorder: Recorder) -> None:
    slices: dict[Slice, Metrics] = {hour(one): {"auc": one / 32, "example_count": 200.0 - one} for one in (10, 9, 2)}
    slices[hour(1)] = {"auc": 0.5}
    [picture] = dots(evaluated(recorder, {(): {"auc": 0.75}, **slices}))
    assert [one.label for one in picture.dots] == ["1", "2", "9", "10"]
    assert (picture.dots[0].examples, picture.dots[0].reliable, picture.note) == (None, True, "")


@pytest.mark.parametrize(("count", "note"), [(31, ""), (33, "2 smaller ones not drawn")])
def test_of_many_numbers_those_with_most_examples_are_drawn(recorder: Recorder, count: int, note: str) -> None:
    slices: dict[Slice, Metrics] = {hour(one): {"auc": 0.5, "example_count": 100.0 + one} for one in range(count)}
    [picture] = dots(evaluated(recorder, {(): {"auc": 0.75}, **slices}))
    assert [one.label for one in picture.dots] == [str(one) for one in range(count - 31, count)]
    assert picture.note == note


@pytest.mark.parametrize(("count", "note"), [(12, ""), (13, "1 smaller ones not drawn")])
def test_of_many_texts_those_with_most_examples_are_drawn(recorder: Recorder, count: int, note: str) -> None:
    slices: dict[Slice, Metrics] = {of(f"{one:02}"): {"auc": 0.5, "example_count": 100.0 + one} for one in range(count)}
    [picture] = dots(evaluated(recorder, {(): {"auc": 0.75}, **slices}))
    assert [one.label for one in picture.dots] == [f"{one:02}" for one in range(count - 1, count - 13, -1)]
    assert picture.note == note


@pytest.mark.parametrize(("count", "named"), [(3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (6, "0, 1, 2 and 3 more")])
def test_of_many_slices_without_a_value_some_are_named(recorder: Recorder, count: int, named: str) -> None:
    slices: dict[Slice, Metrics] = {hour(one): {"auc": None} for one in range(count)}
    [picture] = dots(evaluated(recorder, {(): {"auc": 0.75}, **slices}))
    assert (picture.dots, picture.note) == ((), f"without a meaningful AUC: {named}")


def test_each_feature_has_a_picture_of_its_own(recorder: Recorder) -> None:
    both: Slice = (("hour", 3), ("payment", "Cash"))
    values: Metrics = {"auc": 0.5, "example_count": 500.0}
    found = dots(evaluated(recorder, {(): {"auc": 0.75}, hour(3): values, of("Cash"): values, both: values}))
    assert [(one.feature, [dot.label for dot in one.dots]) for one in found] == [
        ("hour", ["3"]),
        ("payment", ["Cash"]),
        ("hour and payment", ["3, Cash"]),
    ]


def test_the_figures_are_the_status_the_verdict_the_metric_and_the_rows(recorder: Recorder) -> None:
    least = {"thresholds": {"auc": {"valueThreshold": {"lowerBound": 0.5}}}}
    card = evaluated(recorder, OVERALL, specs=[least])
    assert [(one.label, one.value, one.note, one.tone) for one in card.figures] == [
        ("Status", "Not pushed", "no push of it was recorded", "plain"),
        ("Verdict", "Blessed", "auc at least 0.5", "good"),
        ("AUC", "0.750", "on 1,234 examples", "plain"),
        ("Learned from", "10", "rows, split train", "plain"),
    ]


def test_one_slice_is_a_table_beside_the_whole(recorder: Recorder) -> None:
    _, table = tables(evaluated(recorder, {(): {"auc": 0.75}, of("Cash"): {"auc": 0.5}}))
    assert table.rows == (("overall", "", "0.7500"), ("payment = Cash", "", "0.5000"))


def test_slices_whose_examples_were_not_counted_are_drawn(recorder: Recorder) -> None:
    slices: dict[Slice, Metrics] = {of(one): {"auc": 0.5} for one in ("b", "a")}
    slices[of("c")] = {"auc": 0.5, "example_count": 1.0}
    [picture] = dots(evaluated(recorder, {(): {"auc": 0.75}, **slices}))
    assert [(one.label, one.examples) for one in picture.dots] == [("c", 1), ("a", None), ("b", None)]


def test_curves_are_drawn_where_the_evaluation_has_some(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.evaluate("1", model, {(): {"auc": 0.75}})
    folder = recorder.folder / "1" / "evaluation"
    assert not [one for one in blocks(recorder.lineage.card(model)) if isinstance(one, Curves)]
    plots: Any = message_class(_PLOTS, "tensorflow_model_analysis.PlotsForSlice")()
    plots.slice_key.SetInParent()
    histogram = plots.plot_keys_and_values.add().value.calibration_histogram_buckets
    histogram.buckets.add().num_weighted_examples.value = 4
    write_records(folder / "plots-00000-of-00001.tfrecord", [plots.SerializeToString()])
    assert blocks(recorder.lineage.card(model))[-1] == Curves(str(folder))
