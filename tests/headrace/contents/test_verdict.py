"""Whether a model was blessed, and why, in plain lines."""

from collections.abc import Mapping

import pytest

from headrace.contents.evaluation import Evaluation
from headrace.contents.metrics import Metrics, Slice
from headrace.contents.validation import BASELINE, Check
from headrace.contents.verdict import outcome_text, verdict_text


def hour(number: int) -> Slice:
    return (("hour", number),)


def check(key: Slice, measured: float | None = 0.5, *, held: bool = False, metric: str = "auc") -> Check:
    return Check(key, metric, measured, "at least 0.75", held)


def verdict(*checks: Check, blessed: bool = False, counts: Mapping[int, float | None] | None = None) -> str:
    """Of an evaluation whose slices by hour have these numbers of examples."""
    metrics: dict[Slice, Metrics] = {(): {"example_count": 1234.0}}
    metrics |= {hour(one): {} if count is None else {"example_count": count} for one, count in (counts or {}).items()}
    return verdict_text(Evaluation(metrics, {}, blessed, checks))


@pytest.mark.parametrize(
    ("blessed", "told"),
    [(True, "Blessed: no threshold was set."), (False, "Not blessed: no threshold was set.")],
)
def test_without_a_threshold_nothing_is_said_of_any(blessed: bool, told: str) -> None:
    assert verdict(blessed=blessed) == told


def test_what_held_is_told_of_a_blessed_model() -> None:
    assert verdict(check((), 0.8, held=True), blessed=True) == (
        "Blessed: the threshold held.\n  overall (1,234 examples): auc 0.8, asked: at least 0.75"
    )
    both = (check(hour(1), 0.8, held=True), check((), 0.9, held=True))
    assert verdict(*both, blessed=True, counts={1: 1}) == (
        "Blessed: all 2 thresholds held.\n"
        "  overall (1,234 examples): auc 0.9, asked: at least 0.75\n"
        "  hour = 1 (1 example): auc 0.8, asked: at least 0.75"
    )


def test_of_a_rejected_model_what_failed_is_told_and_what_held_is_counted() -> None:
    assert verdict(check(()), check(hour(1), 0.9, held=True), counts={1: 5}) == (
        "Not blessed: 1 of 2 thresholds did not hold.\n  overall (1,234 examples): auc 0.5, asked: at least 0.75"
    )
    assert verdict(check(())).startswith("Not blessed: 1 of 1 threshold did not hold.")


def test_slices_that_are_missing_come_first_then_those_of_most_examples() -> None:
    missing = check(hour(9), 0.0, metric="example_count")
    told = verdict(
        check(hour(1)), check(hour(2)), check(hour(3)), check(hour(4)), missing, counts={1: 5, 2: 50, 3: None, 4: 5}
    )
    assert told.splitlines()[1:] == [
        "  hour = 9: no examples, though it has a threshold of its own",
        "  hour = 2 (50 examples): auc 0.5, asked: at least 0.75",
        "  hour = 1 (5 examples): auc 0.5, asked: at least 0.75",
        "  hour = 4 (5 examples): auc 0.5, asked: at least 0.75",
        "  hour = 3: auc 0.5, asked: at least 0.75",
    ]


@pytest.mark.parametrize(("count", "more"), [(8, []), (9, ["  and 1 more"]), (11, ["  and 3 more"])])
def test_of_many_failures_eight_are_spelled_out(count: int, more: list[str]) -> None:
    counts = {one: 100.0 - one for one in range(count)}
    lines = verdict(*(check(hour(one)) for one in range(count)), counts=counts).splitlines()
    assert lines[0] == f"Not blessed: {count} of {count} thresholds did not hold."
    assert [line.split(" (")[0] for line in lines[1:9]] == [f"  hour = {one}" for one in range(8)]
    assert lines[9:] == more


@pytest.mark.parametrize(
    ("count", "where"),
    [
        (1, "hour = 0 (100 examples)"),
        (3, "hour = 0 (100 examples); hour = 1 (99 examples); hour = 2 (98 examples)"),
        (5, "hour = 0 (100 examples); hour = 1 (99 examples); hour = 2 (98 examples); and 2 more"),
    ],
)
def test_slices_without_a_value_are_told_apart_from_the_others(count: int, where: str) -> None:
    counts = {one: 100.0 - one for one in range(count)}
    without = [check(hour(one), None) for one in range(count)]
    without[0] = check(hour(0), None, metric="recall" if count > 1 else "auc")
    names = "auc, recall" if count > 1 else "auc"
    lines = verdict(check(()), *without, counts=counts).splitlines()
    assert lines[1:] == [
        "  overall (1,234 examples): auc 0.5, asked: at least 0.75",
        f"  without a meaningful {names} (labels of one class, or no data): {where}",
    ]


@pytest.mark.parametrize(
    ("measured", "is_change", "told"),
    [
        (0.123456, False, "auc 0.1235, asked: at least 1"),
        (0.5, True, f"auc changed by +0.5, asked: at least 1 {BASELINE}"),
        (-0.5, True, f"auc changed by -0.5, asked: at least 1 {BASELINE}"),
        (None, True, f"auc was not measured, asked: at least 1 {BASELINE}"),
        (None, False, "auc was not measured, asked: at least 1"),
    ],
)
def test_what_was_measured_is_told_beside_what_was_asked_for(
    measured: float | None, is_change: bool, told: str
) -> None:
    bound = f"change of at least 1 {BASELINE}" if is_change else "at least 1"
    assert outcome_text(Check((), "auc", measured, bound, False, is_change)) == told
