"""An evaluation as a table, as a chart by slice, and in words."""

from dataclasses import replace

import pytest

from headrace.contents.evaluation import Evaluation
from headrace.contents.metrics import Slice
from headrace.contents.validation import Check
from headrace.contents.verdict import verdict_text
from headrace.display.evaluation import metrics_frame, slice_figure
from headrace.errors import UnknownNameError

CARD: Slice = (("payment", "Card"),)
CASH: Slice = (("payment", "Cash"),)
BARTER: Slice = (("payment", "Barter"),)
AUCS: dict[Slice, tuple[float | None, int]] = {
    (("hour", 10),): (0.8, 500),
    (("hour", 9),): (0.7, 495),
    BARTER: (0.5, 5),
    CARD: (0.75, 300),
    (("payment", "Pcard"),): (0.9, 600),
    CASH: (None, 90),
    (): (0.85, 995),
}
HELD = Check((), "auc", 0.85, "at least 0.8", held=True)


@pytest.fixture
def evaluation() -> Evaluation:
    metrics = {key: {"auc": auc, "example_count": float(count)} for key, (auc, count) in AUCS.items()}
    return Evaluation(metrics, {}, blessed=True, checks=(HELD,))


def test_a_table_starts_with_all_examples_and_orders_numbers_and_texts(evaluation: Evaluation) -> None:
    slices = metrics_frame(evaluation).index.tolist()
    assert slices[:3] == ["overall", "hour = 9", "hour = 10"]
    assert slices[3:] == ["payment = Pcard", "payment = Card", "payment = Cash", "payment = Barter"]


def test_a_table_leaves_a_metric_without_meaning_empty(evaluation: Evaluation) -> None:
    auc = metrics_frame(evaluation)["auc"]
    assert auc.index[auc.isna()].tolist() == ["payment = Cash"]


def test_a_table_sets_the_baseline_and_the_change_beside_the_candidate(evaluation: Evaluation) -> None:
    frame = metrics_frame(replace(evaluation, baseline={(): {"auc": 0.80}}))
    overall = frame[["auc", "auc (baseline)", "auc (change)"]].to_numpy()[0].tolist()
    assert overall == pytest.approx([0.85, 0.8, 0.05])


def test_a_chart_orders_texts_by_their_number_of_examples_and_shows_it(evaluation: Evaluation) -> None:
    figure = slice_figure(evaluation, "payment")
    assert list(figure.layout.yaxis.ticktext) == ["Pcard  (600)", "Card  (300)"]
    assert list(figure.data[0].x) == [0.9, 0.75]


def test_a_chart_orders_numbers_as_numbers(evaluation: Evaluation) -> None:
    assert list(slice_figure(evaluation, "hour").layout.yaxis.ticktext) == ["9  (495)", "10  (500)"]


def test_a_chart_says_what_it_leaves_out(evaluation: Evaluation) -> None:
    title = slice_figure(evaluation, "payment").layout.title.text
    assert "1 value of under 30 examples" in title
    assert "without a meaningful auc: Cash" in title


def test_a_chart_has_a_line_at_the_overall_value(evaluation: Evaluation) -> None:
    assert slice_figure(evaluation, "payment").layout.shapes[0].x0 == 0.85


def test_a_chart_shows_the_baseline_where_there_is_one(evaluation: Evaluation) -> None:
    figure = slice_figure(replace(evaluation, baseline={CARD: {"auc": 0.7}}), "payment")
    assert list(figure.data[1].x) == [None, 0.7]


@pytest.mark.parametrize(("feature", "metric"), [("paymnt", "auc"), ("payment", "aux")])
def test_a_mistyped_name_is_answered_with_the_nearest(evaluation: Evaluation, feature: str, metric: str) -> None:
    with pytest.raises(UnknownNameError, match="did you mean"):
        slice_figure(evaluation, feature, metric)


def test_a_blessing_says_what_held(evaluation: Evaluation) -> None:
    assert verdict_text(evaluation) == (
        "Blessed: the threshold held.\n  overall (995 examples): auc 0.85, asked: at least 0.8"
    )


def test_a_rejection_gives_its_reasons_missing_slices_and_large_ones_first(evaluation: Evaluation) -> None:
    checks = (
        Check(CASH, "auc", None, "at least 0.8", held=False),
        Check(CARD, "auc", 0.75, "at least 0.8", held=False),
        Check((), "auc", -0.01, "change of at least -0.003 against the baseline model", held=False, is_change=True),
        Check((("payment", "Coin"),), "example_count", 0.0, "at least 1", held=False),
        HELD,
    )
    assert verdict_text(replace(evaluation, blessed=False, checks=checks)).splitlines() == [
        "Not blessed: 4 of 5 thresholds did not hold.",
        "  payment = Coin: no examples, though it has a threshold of its own",
        "  overall (995 examples): auc changed by -0.01, asked: at least -0.003 against the baseline model",
        "  payment = Card (300 examples): auc 0.75, asked: at least 0.8",
        "  without a meaningful auc (labels of one class, or no data): payment = Cash (90 examples)",
    ]


def test_many_reasons_are_cut_short(evaluation: Evaluation) -> None:
    checks = tuple(Check((("hour", hour),), "auc", 0.1, "at least 0.8", held=False) for hour in range(20))
    metrics = {check.slice: {"auc": 0.1} for check in checks}
    lines = verdict_text(Evaluation(metrics, {}, blessed=False, checks=checks)).splitlines()
    assert lines[-1] == "  and 12 more"


def test_an_evaluation_without_thresholds_says_so(evaluation: Evaluation) -> None:
    assert verdict_text(replace(evaluation, blessed=False, checks=())) == "Not blessed: no threshold was set."
