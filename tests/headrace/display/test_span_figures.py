"""Features, drift and other numbers by span, drawn."""

import math
from dataclasses import dataclass

import pytest

from headrace.contents.statistics import (
    Bucket,
    FeatureStatistics,
    NumericStatistics,
    SplitStatistics,
    TextStatistics,
)
from headrace.display.drift_over_spans import drift_over_spans
from headrace.display.features_over_spans import feature_frame, features_over_spans
from headrace.display.heat_map import heat_map
from headrace.errors import UnknownNameError


def month(warmest: float, **flights: float) -> SplitStatistics:
    """Temperatures from 0 to the warmest, evenly, a tenth of them missing; flights by origin."""
    buckets = tuple(Bucket(warmest * n / 10, warmest * (n + 1) / 10, 9.0) for n in range(10))
    numbers = NumericStatistics(warmest / 4, 1.0, 0.0, warmest / 2, warmest, 0, buckets, buckets)
    temp = FeatureStatistics("temp", "FLOAT", present=90, missing=10, values=90, numeric=numbers)
    text = TextStatistics(len(flights), tuple(flights.items()))
    origin = FeatureStatistics("origin", "STRING", present=100, missing=0, values=100, text=text)
    return SplitStatistics("flights", 100, {"temp": temp, "origin": origin})


@pytest.fixture
def year() -> dict[int, SplitStatistics]:
    return {3: month(40.0, EWR=60, JFK=40), 4: month(60.0, EWR=50, JFK=30, LGA=20)}


def test_numbers_are_drawn_by_span_with_their_median_mean_and_middle(year: dict[int, SplitStatistics]) -> None:
    drawn = features_over_spans(year, ["temp"]).data
    lines = {one.name: list(one.y) for one in drawn if one.name}
    assert lines["median"] == [20.0, 30.0]
    assert lines["mean"] == [10.0, 15.0]
    assert lines["the middle 80 % of the values"] == pytest.approx([36.0, 54.0])  # their upper edge
    edges = [list(one.y) for one in drawn if not one.name]
    assert edges[0] == pytest.approx([4.0, 6.0])
    assert all(list(one.x) == ["3", "4"] for one in drawn)


def test_texts_are_drawn_by_the_shares_of_their_values(year: dict[int, SplitStatistics]) -> None:
    lines = {one.name: list(one.y) for one in features_over_spans(year, ["origin"]).data}
    assert lines == {"EWR": [0.6, 0.5], "JFK": [0.4, 0.3], "LGA": [0.0, 0.2]}


def test_a_panel_says_which_values_it_has_and_how_much_is_missing(year: dict[int, SplitStatistics]) -> None:
    temp, origin = (one.text for one in features_over_spans(year, ["temp", "origin"]).layout.annotations)
    assert "<b>temp</b>" in temp
    assert "missing: 10.0%" in temp
    assert all(value in origin for value in ("EWR", "JFK", "LGA"))
    assert "missing" not in origin


def test_what_is_said_of_a_line_stands_once_in_the_legend(year: dict[int, SplitStatistics]) -> None:
    again = {
        span: SplitStatistics("flights", 100, {**one.features, "dewp": one.features["temp"]})
        for span, one in year.items()
    }
    named = [one.name for one in features_over_spans(again, ["temp", "dewp"]).data if one.showlegend]
    assert sorted(named) == sorted({"the middle 80 % of the values", "the middle 50 %", "median", "mean"})


def test_a_span_that_lacks_the_feature_is_left_out_of_its_panel_alone(year: dict[int, SplitStatistics]) -> None:
    without = {2: SplitStatistics("flights", 100, {"origin": year[3].features["origin"]}), **year}
    figure = features_over_spans(without, ["temp", "origin"])
    assert {tuple(one.x) for one in figure.data} == {("3", "4"), ("2", "3", "4")}
    assert list(figure.layout.xaxis.categoryarray) == ["2", "3", "4"]


def test_a_table_has_a_row_a_span(year: dict[int, SplitStatistics]) -> None:
    temp, origin = feature_frame(year, "temp"), feature_frame(year, "origin")
    assert list(temp.index) == [3, 4]
    assert list(temp["missing %"]) == [10.0, 10.0]
    assert list(temp.loc[4][["10 %", "25 %", "median", "75 %", "90 %"]]) == pytest.approx([6, 15, 30, 45, 54])
    assert list(origin.loc[3][["EWR %", "JFK %", "LGA %"]]) == [60.0, 40.0, 0.0]


def test_a_mistyped_feature_is_answered_with_the_nearest(year: dict[int, SplitStatistics]) -> None:
    for show in (lambda: features_over_spans(year, ["tmp"]), lambda: feature_frame(year, "tmp")):
        with pytest.raises(UnknownNameError, match="did you mean 'temp'"):
            show()


@dataclass(frozen=True)
class Moved:
    feature: str
    distance: float
    threshold: float = 0.02
    measure_name: str = "L-infinity distance"


def test_a_feature_over_its_threshold_is_told_apart_and_the_worst_comes_first() -> None:
    spans = {3: [Moved("carrier", 0.01), Moved("origin", 0.004)], 4: [Moved("carrier", 0.02), Moved("origin", 0.03)]}
    figure = drift_over_spans(spans)
    assert [one.text.split("<br>")[0] for one in figure.layout.annotations] == ["<b>origin</b>", "<b>carrier</b>"]
    origin, carrier = (one for one in figure.data if one.type == "bar")
    assert (list(origin.x), list(origin.y), list(origin.text)) == (["3", "4"], [0.004, 0.03], ["", "0.030"])
    assert list(carrier.text) == ["", ""]  # as far as it may
    assert len({*origin.marker.color}) == 2
    assert {*carrier.marker.color} == {origin.marker.color[0]}


def test_each_bar_has_the_threshold_that_it_had() -> None:
    figure = drift_over_spans({3: [Moved("origin", 0.01, 0.02)], 4: [Moved("origin", 0.01, 0.05)]})
    marks = [one for one in figure.data if one.type == "scatter" and one.x[0] is not None]
    assert marks
    assert all(list(one.y) == [0.02, 0.05] for one in marks)


def test_no_more_panels_are_drawn_than_asked_for() -> None:
    figure = drift_over_spans({3: [Moved("carrier", 0.01), Moved("origin", 0.03), Moved("dest", 0.02)]}, most=2)
    assert [one.text.split("<br>")[0] for one in figure.layout.annotations] == ["<b>origin</b>", "<b>dest</b>"]


def test_a_map_has_a_cell_for_each_number_and_a_gap_where_there_is_none() -> None:
    values: dict[str, dict[int, float | None]] = {"temp": {4: 0.5, 3: None}, "origin": {3: -0.25, 4: math.nan}}
    [drawn] = heat_map(values, "distance", form="+.2f").data
    assert (list(drawn.x), list(drawn.y)) == (["3", "4"], ["temp", "origin"])
    assert [list(row) for row in drawn.z] == [[None, 0.5], [-0.25, None]]
    assert [list(row) for row in drawn.text] == [["", "+0.50"], ["-0.25", ""]]
    assert (drawn.zmin, drawn.zmax) == (-0.5, 0.5)  # so that nothing is in the middle of the colours


def test_a_map_may_be_told_what_is_most() -> None:
    [drawn] = heat_map({"month": {3: 1.0}, "temp": {3: 0.4}}, "distance", most=0.5).data
    assert drawn.zmax == 0.5
