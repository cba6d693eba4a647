"""What DriftMonitor says of real data: taxi trips by year, and people by year."""

import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.types import Channel
from tfx.types.standard_artifacts import ExampleStatistics

from components.drift_monitor.component import DriftMonitor
from headrace.contents.drift import (
    JENSEN_SHANNON,
    KIND,
    L_INFINITY,
    MISSING,
    Drift,
    FeatureDrift,
    NotCompared,
    drift_text,
)
from headrace.errors import ParameterError
from headrace.testing import ComponentResult, artifact, run_component
from headrace.testing.frames import statistics_of

DATA = Path(__file__).parents[3] / "data"
BY_CALENDAR = ["trip_start_timestamp"]
FEW_TRIPS = {"fare": [5.5, 12.0, 7.25] * 50, "payment_type": ["Cash", "Credit Card", "Cash"] * 50}


@cache
def trips(year: int) -> statistics_pb2.DatasetFeatureStatisticsList:
    return statistics_of(pd.read_csv(DATA / f"taxi/trips-{year}.csv"))


@cache
def people(year: int) -> statistics_pb2.DatasetFeatureStatisticsList:
    codes = pd.read_parquet(DATA / f"employment/people-{year}.parquet").drop(columns="year")
    return statistics_of(codes.astype({name: str for name in codes if name != "AGEP"}))


def of(drift: Drift, feature: str, measure: str) -> FeatureDrift:
    [found] = [one for one in drift.features if (one.feature, one.measure) == (feature, measure)]
    return found


@pytest.fixture(scope="module")
def taxi() -> ComponentResult:
    """The report of 2014 against 2013, made with the defaults but for the calendar."""
    return run_component(
        DriftMonitor, statistics=trips(2014), reference=trips(2013), exclude=BY_CALENDAR, policy="warn"
    )


def test_the_payment_type_of_taxi_trips_drifted_from_2013_to_2014(taxi: ComponentResult) -> None:
    found = of(taxi.outputs["drift"].read(), "payment_type", L_INFINITY)
    assert found.drifted
    assert found.distance == pytest.approx(0.0691, abs=0.0001)
    assert found.threshold_from == "the sampling noise at these sizes"
    assert found.threshold == found.noise == pytest.approx(0.036, abs=0.001)
    assert (found.before, found.after) == (4388, 5145)
    assert str(found.most_moved) == "Credit Card: 25.3% -> 32.2%"


def test_the_report_says_it_all_on_the_artifact_in_the_file_and_in_words(taxi: ComponentResult) -> None:
    output = taxi.outputs["drift"]
    drift = output.read()
    assert drift.verdict == output.properties["verdict"] == "drifted"
    assert output.properties["drifted"] == len(drift.drifted) == 5
    assert output.properties["note"] == drift_text(drift)
    assert "payment_type: L-infinity distance 0.0691, over 0.035" in drift_text(drift)
    assert drift.not_compared[0] == NotCompared("pickup_census_tract", "it has no values after")
    content = json.loads((output.path / "drift.json").read_text())
    assert content["verdict"] == "drifted"
    assert next(one["feature"] for one in content["features"] if one["drifted"]) == "trip_miles"


def test_what_the_calendar_moves_drifts_unless_it_is_excluded(taxi: ComponentResult) -> None:
    assert NotCompared("trip_start_timestamp", "excluded") in taxi.outputs["drift"].read().not_compared
    with_it = run_component(DriftMonitor, statistics=trips(2014), reference=trips(2013)).outputs["drift"].read()
    assert of(with_it, "trip_start_timestamp", JENSEN_SHANNON).distance == 1


@pytest.mark.parametrize(("year", "drifted"), [(2016, ("ANC",)), (2017, ()), (2018, ())])
def test_people_of_one_year_are_like_those_of_the_year_before_but_for_ancestry(
    year: int, drifted: tuple[str, ...]
) -> None:
    result = run_component(DriftMonitor, statistics=people(year), reference=people(year - 1))
    assert result.outputs["drift"].read().drifted == drifted


def test_many_artifacts_and_splits_are_taken_together(taxi: ComponentResult) -> None:
    window = [artifact(ExampleStatistics, trips(year), {"span": year}) for year in (2013, 2014)]
    result = run_component(
        DriftMonitor, statistics={"train": trips(2014), "eval": trips(2013)}, reference=window, exclude=BY_CALENDAR
    )
    drift = result.outputs["drift"].read()
    assert drift.before is not None
    assert (drift.before.spans, drift.before.examples) == ((2013, 2014), 4388 + 5145)
    assert drift.verdict == "quiet"
    assert max(one.distance for one in drift.features) < 1e-6


def test_one_split_can_be_compared_alone() -> None:
    both = {"train": trips(2013), "eval": trips(2014)}
    result = run_component(DriftMonitor, statistics=both, reference=trips(2013), splits=["eval"])
    assert result.error is not None
    assert result.error.message == "there is no split 'eval'"
    assert result.error.why == "known: train"
    same = run_component(DriftMonitor, statistics=both, reference={"train": trips(2013)}, splits=["train"])
    assert same.outputs["drift"].read().verdict == "quiet"


def test_without_a_reference_the_report_says_so() -> None:
    result = run_component(DriftMonitor, statistics=trips(2013), policy="stop")
    assert result.outputs["drift"].properties["verdict"] == "no reference"
    assert drift_text(result.outputs["drift"].read()).startswith("No reference")


def test_a_policy_to_stop_fails_the_node_with_the_evidence() -> None:
    result = run_component(
        DriftMonitor, statistics=trips(2014), reference=trips(2013), policy="stop", exclude=BY_CALENDAR
    )
    assert result.error is not None
    assert result.error.kind == "DriftFoundError"
    assert result.error.message == "5 of 17 features drifted (4,388 examples before, 5,145 after)"
    assert "payment_type: L-infinity distance 0.0691, over 0.035" in result.error.why
    assert not result.outputs


def test_a_policy_to_record_leaves_no_note(taxi: ComponentResult) -> None:
    result = run_component(DriftMonitor, statistics=trips(2014), reference=trips(2013))
    assert result.outputs["drift"].properties["verdict"] == "drifted"
    assert not result.outputs["drift"].properties.get("note")


def test_thresholds_of_ones_own_and_other_measures() -> None:
    result = run_component(
        DriftMonitor,
        statistics=trips(2014),
        reference=trips(2013),
        thresholds={"payment_type": 0.1, "trip_miles": 0.5},
        by_divergence=["company"],
    )
    drift = result.outputs["drift"].read()
    payment = of(drift, "payment_type", L_INFINITY)
    assert (payment.drifted, payment.threshold_from) == (False, "given for the feature")
    assert not of(drift, "trip_miles", JENSEN_SHANNON).drifted
    assert of(drift, "company", JENSEN_SHANNON).distance < of(drift, "company", JENSEN_SHANNON).threshold


def test_values_that_go_missing_and_numbers_that_become_text_are_drift() -> None:
    before = pd.DataFrame(FEW_TRIPS)
    after = before.assign(fare=before["fare"].map(str), payment_type=before["payment_type"].where(before["fare"] < 10))
    drift = run_component(DriftMonitor, statistics=after, reference=before).outputs["drift"].read()
    assert of(drift, "fare", KIND).threshold_from == "numbers became text"
    missing = of(drift, "payment_type", MISSING)
    assert missing.drifted
    assert missing.distance == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"policy": "shout"}, "DriftMonitor knows no policy 'shout'"),
        ({"false_alarm_rate": 0.0}, "DriftMonitor's false_alarm_rate is over 0 and under 1"),
        ({"smallest_share": -0.1}, "DriftMonitor's smallest_share is from 0 to 1"),
        ({"thresholds": {"fare": 2.0}}, "DriftMonitor's threshold of 'fare' is from 0 to 1"),
        ({"exclude": "fare"}, "DriftMonitor's exclude is a list of names"),
        ({"exclude": ["fare"], "thresholds": {"fare": 0.1}}, "DriftMonitor is to compare 'fare' and to exclude it"),
    ],
)
def test_bad_arguments_are_refused_when_the_pipeline_is_built(arguments: dict[str, object], what: str) -> None:
    with pytest.raises(ParameterError) as raised:
        DriftMonitor(Channel(type=ExampleStatistics), **arguments)  # type: ignore[arg-type]
    assert raised.value.what == what


def test_a_feature_that_there_is_not_is_an_error_that_suggests_one() -> None:
    frame = pd.DataFrame(FEW_TRIPS)
    result = run_component(DriftMonitor, statistics=frame, reference=frame, exclude=["payment"])
    assert result.error is not None
    assert (result.error.message, result.error.why) == (
        "there is no feature 'payment'",
        "did you mean 'payment_type'?",
    )


def test_statistics_of_nothing_are_an_error() -> None:
    frame = pd.DataFrame(FEW_TRIPS)
    result = run_component(DriftMonitor, statistics=frame[:0], reference=frame)
    assert result.error is not None
    assert result.error.message == "there is nothing to compare"
