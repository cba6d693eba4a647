"""Distances of statistics, drawn."""

from headrace.contents.statistics_distance import FeatureDistance
from headrace.display.distances import distances_figure

FARE = FeatureDistance("fare", 0.5625, 0.0, 0.0, "mean 11.5 -> 621")
COMPANY = FeatureDistance("company", 0.0, 0.25, 0.75, "unique 9 -> 9")
TIPS = FeatureDistance("tips", None, 0.0, None, "is gone")
OTHER_FARE = FeatureDistance("fare", 0.1, 0.0, 0.0, "mean 11.5 -> 12.3")


def test_features_are_drawn_the_most_different_first_with_what_differs_in_words() -> None:
    [bars] = distances_figure({"train": [FARE, COMPANY, TIPS]}).data
    assert list(bars.y) == ["tips", "fare", "company"]
    assert list(bars.x) == [1.0, 0.5625, 0.5]
    assert list(bars.text) == [
        "is gone",
        "0.562  mean 11.5 -> 621",
        "0.000  unique 9 -> 9; missing 25.0% -> 75.0%",
    ]


def test_comparisons_stand_side_by_side_and_one_without_a_difference_is_left_out() -> None:
    figure = distances_figure({"new data": [FARE], "next year": [OTHER_FARE, COMPANY], "again": []})
    assert [bars.name for bars in figure.data] == ["new data", "next year"]
    assert list(figure.data[0].y) == list(figure.data[1].y) == ["fare", "company"]
    assert [list(bars.x) for bars in figure.data] == [[0.5625, None], [0.1, 0.5]]


def test_a_figure_says_what_it_leaves_out() -> None:
    figure = distances_figure({"train": [FARE, COMPANY, TIPS]}, most=2)
    assert list(figure.data[0].y) == ["tips", "fare"]
    assert "the 2 largest of 3" in figure.layout.title.text


def test_where_nothing_differs_there_is_no_bar() -> None:
    assert len(distances_figure({"train": []}).data) == 0
