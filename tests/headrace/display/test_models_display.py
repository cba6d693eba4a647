"""Models side by side."""

import pytest

from headrace.contents.metrics import Metrics, Slice
from headrace.display.models import models_figure
from headrace.errors import UnknownNameError

CARD: Slice = (("payment", "Card"),)
CASH: Slice = (("payment", "Cash"),)
COIN: Slice = (("payment", "Coin"),)


def measured(**aucs: float | None) -> dict[Slice, Metrics]:
    counts: dict[str, tuple[Slice, int]] = {
        "all": ((), 995),
        "card": (CARD, 300),
        "cash": (CASH, 690),
        "coin": (COIN, 5),
    }
    return {counts[name][0]: {"auc": auc, "example_count": float(counts[name][1])} for name, auc in aucs.items()}


@pytest.fixture
def models() -> dict[str, dict[Slice, Metrics]]:
    return {
        "old": measured(all=0.9, card=0.7, cash=0.8, coin=0.5),
        "new": measured(all=0.8, card=0.6, cash=None, coin=0.5),
    }


def test_each_model_has_a_dot_for_all_examples_and_for_each_slice(models: dict[str, dict[Slice, Metrics]]) -> None:
    figure = models_figure(models, "payment")
    assert list(figure.layout.yaxis.ticktext) == ["overall", "Cash  (690)", "Card  (300)"]
    dots = {trace.name: list(trace.x) for trace in figure.data if trace.mode == "markers"}
    assert dots == {"old": [0.9, 0.8, 0.7], "new": [0.8, None, 0.6]}


def test_the_dots_of_a_slice_are_joined(models: dict[str, dict[Slice, Metrics]]) -> None:
    lines = [trace for trace in models_figure(models, "payment").data if trace.mode == "lines"]
    assert [list(line.x) for line in lines] == [[0.8, 0.9], [0.8, 0.8], [0.6, 0.7]]


def test_small_slices_and_those_without_a_meaning_are_left_out_and_counted(
    models: dict[str, dict[Slice, Metrics]],
) -> None:
    assert "left out: 1 small" in models_figure(models, "payment").layout.title.text
    without = {"old": measured(all=0.9, card=None, cash=0.8)}
    assert list(models_figure(without, "payment").layout.yaxis.ticktext) == ["overall", "Cash  (690)"]


@pytest.mark.parametrize(("feature", "metric"), [("paymnt", "auc"), ("payment", "aux")])
def test_a_mistyped_name_of_a_slice_or_metric_is_answered_with_the_nearest(
    models: dict[str, dict[Slice, Metrics]], feature: str, metric: str
) -> None:
    with pytest.raises(UnknownNameError, match="did you mean"):
        models_figure(models, feature, metric)
