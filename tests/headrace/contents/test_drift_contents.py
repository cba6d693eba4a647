"""What a drift report says, in words and once it is read again."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.contents.drift import (
    ComparedData,
    Drift,
    FeatureDrift,
    NotCompared,
    ValueShare,
    drift_text,
    read_drift,
    write_drift,
)

FAR = FeatureDrift(
    "payment",
    "l_infinity",
    0.25,
    0.125,
    "noise",
    0.0625,
    100,
    200,
    (ValueShare("Cash", 0.5, 0.25), ValueShare("Card", 0.25, 0.625)),
)
NEAR = replace(FAR, feature="fare", measure="jensen_shannon", distance=0.125, shares=())
UNTOLD = replace(NEAR, feature="hour", untold="too few values")
BEFORE, AFTER = ComparedData((1, 2), (3, 4), 1234), ComparedData((5,), (6,), 2000)
DRIFT = Drift(BEFORE, AFTER, 0.05, (FAR, NEAR, UNTOLD), (NotCompared("id", "its values are all different"),))


@pytest.mark.parametrize(
    ("distance", "threshold", "drifted", "excess"),
    [(0.25, 0.125, True, 2.0), (0.125, 0.125, False, 1.0), (0.0625, 0.125, False, 0.5), (0, 0, False, 0)],
)
def test_a_feature_drifted_if_it_moved_farther_than_it_may(
    distance: float, threshold: float, drifted: bool, excess: float
) -> None:
    one = replace(FAR, distance=distance, threshold=threshold)
    assert (one.drifted, one.excess) == (drifted, excess)


def test_what_may_not_move_at_all_exceeds_any_threshold_once_it_does() -> None:
    assert replace(FAR, threshold=0).excess == math.inf


def test_the_value_that_moved_most_is_told_in_whichever_direction() -> None:
    assert FAR.most_moved == ValueShare("Card", 0.25, 0.625)
    fallen = replace(FAR, shares=(ValueShare("Cash", 0.75, 0.25), ValueShare("Card", 0.25, 0.5)))
    assert fallen.most_moved == ValueShare("Cash", 0.75, 0.25)
    assert NEAR.most_moved is None


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (FAR, "payment: L-infinity distance 0.25, over 0.125 (noise); most for Card: 25.0% -> 62.5%"),
        (NEAR, "fare: Jensen-Shannon divergence 0.125, within 0.125 (noise)"),
        (UNTOLD, "hour: cannot be told: too few values"),
        (replace(NEAR, measure="missing"), "fare: change of the missing share 0.125, within 0.125 (noise)"),
        (replace(NEAR, measure="kind", distance=1), "fare: change of kind 1, over 0.125 (noise)"),
    ],
)
def test_a_feature_is_told_with_how_far_it_moved_and_may(one: FeatureDrift, told: str) -> None:
    assert str(one) == told


def drift_of(*features: FeatureDrift) -> Drift:
    return replace(DRIFT, features=features)


@pytest.mark.parametrize(
    ("drift", "verdict", "drifted", "untold"),
    [
        (DRIFT, "drifted", ("payment",), ("hour",)),
        (drift_of(NEAR, UNTOLD), "cannot be told", (), ("hour",)),
        (drift_of(NEAR), "quiet", (), ()),
        (drift_of(), "quiet", (), ()),
        (replace(DRIFT, before=None), "no reference", ("payment",), ("hour",)),
        (
            drift_of(FAR, replace(FAR, measure="missing"), replace(UNTOLD, feature="payment")),
            "drifted",
            ("payment",),
            (),
        ),
    ],
)
def test_a_report_drifted_if_a_feature_did(
    drift: Drift, verdict: str, drifted: tuple[str, ...], untold: tuple[str, ...]
) -> None:
    assert (drift.verdict, drift.drifted, drift.untold) == (verdict, drifted, untold)


SIZES = "(1,234 examples before, 2,000 after)"


@pytest.mark.parametrize(
    ("drift", "lines"),
    [
        (DRIFT, [f"1 of 3 features drifted {SIZES}.", f"  {FAR}", f"  {UNTOLD}"]),
        (
            drift_of(NEAR, UNTOLD),
            [f"Nothing is known to have drifted, but 1 of 2 features is undecided {SIZES}.", f"  {UNTOLD}"],
        ),
        (drift_of(NEAR, replace(NEAR, measure="missing")), [f"Quiet: none of 1 features drifted {SIZES}."]),
        (replace(DRIFT, before=None), ["No reference: there is nothing to compare the data with yet."]),
        (
            drift_of(FAR, replace(FAR, feature="fare"), replace(NEAR, measure="missing")),
            [f"2 of 2 features drifted {SIZES}.", f"  {FAR}", f"  {replace(FAR, feature='fare')}"],
        ),
    ],
)
def test_a_report_is_told_with_the_evidence_of_what_drifted(drift: Drift, lines: list[str]) -> None:
    assert drift_text(drift).splitlines() == lines


@pytest.mark.parametrize("drift", [DRIFT, replace(DRIFT, before=None), drift_of(replace(FAR, noise=None))])
def test_a_report_is_the_same_once_it_is_read_again(drift: Drift, tmp_path: Path) -> None:
    write_drift(drift, tmp_path)
    assert read_drift(tmp_path) == drift


def test_what_follows_from_a_report_is_spelled_out_in_its_file(tmp_path: Path) -> None:
    write_drift(DRIFT, tmp_path)
    told = json.loads((tmp_path / "drift.json").read_text())
    assert (told["verdict"], told["drifted"]) == ("drifted", ["payment"])
    assert [one["drifted"] for one in told["features"]] == [True, False, False]
    assert [one["most_moved"] for one in told["features"]] == [
        {"value": "Card", "before": 0.25, "after": 0.625},
        None,
        None,
    ]


def test_without_a_report_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_drift(tmp_path)
