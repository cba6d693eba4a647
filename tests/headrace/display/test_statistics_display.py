"""Statistics drawn and tabled."""

import pytest

from headrace.contents.statistics import (
    Bucket,
    FeatureStatistics,
    NumericStatistics,
    SplitStatistics,
    TextStatistics,
)
from headrace.display.distributions import ALL_OTHERS, numeric_bars, text_bars
from headrace.display.statistics import statistics_figure, statistics_frame
from headrace.errors import UnknownNameError


def histogram(edges: list[float], counts: list[float]) -> tuple[Bucket, ...]:
    return tuple(Bucket(low, high, count) for low, high, count in zip(edges, edges[1:], counts, strict=False))


def numeric(kind: str, standard: tuple[Bucket, ...], quantiles: tuple[Bucket, ...] = ()) -> FeatureStatistics:
    low, high, count = standard[0].low, standard[-1].high, round(sum(bucket.count for bucket in standard))
    found = NumericStatistics(1.0, 1.0, low, 1.0, high, 0, standard, quantiles)
    return FeatureStatistics("fare", kind, present=count, missing=0, values=count, numeric=found)


def text(counts: dict[str, float], missing: int = 0) -> FeatureStatistics:
    values = round(sum(counts.values()))
    found = TextStatistics(len(counts), tuple(counts.items()))
    return FeatureStatistics("company", "STRING", present=values, missing=missing, values=values, text=found)


@pytest.fixture(scope="module")
def statistics() -> dict[str, SplitStatistics]:
    tenths = histogram([float(edge) for edge in range(11)], [10.0] * 10)
    empty = FeatureStatistics("tract", "STRING", present=0, missing=100, values=0)
    train = {"fare": numeric("FLOAT", tenths), "company": text({"Blue": 60, "Red": 20}, missing=20), "tract": empty}
    test = {"fare": numeric("FLOAT", histogram([0.0, 5.0], [10.0])), "company": text({"Red": 9}, missing=1)}
    return {"eval": SplitStatistics("eval", 10, test), "train": SplitStatistics("train", 100, train)}


def test_bars_of_a_numeric_feature_are_shares_that_sum_to_one() -> None:
    bars = numeric_bars({"train": numeric("FLOAT", histogram([0.0, 2.0, 4.0], [30.0, 10.0]))})
    assert bars is not None
    assert sum(bars.shares["train"]) == pytest.approx(1)
    assert bars.shares["train"][:5] == pytest.approx([0.15] * 5)


def test_splits_of_different_range_are_cut_into_the_same_bars() -> None:
    train, test = histogram([0.0, 10.0], [1000.0]), histogram([5.0, 10.0], [10.0])
    bars = numeric_bars({"train": numeric("FLOAT", train), "eval": numeric("FLOAT", test)})
    assert bars is not None
    assert bars.shares["train"] == pytest.approx([0.1] * 10)
    assert bars.shares["eval"] == pytest.approx([0.0] * 5 + [0.2] * 5)


def test_whole_numbers_are_not_cut_between_two_of_them() -> None:
    # The numbers 1 to 12, ten examples each, in ten buckets: the first and last hold two.
    edges = [1 + 1.1 * index for index in range(11)]
    bars = numeric_bars({"train": numeric("INT", histogram(edges, [20.0] + [10.0] * 8 + [20.0]))})
    assert bars is not None
    assert bars.edges == (0.5, 2.5, 4.5, 6.5, 8.5, 10.5, 12.5)
    assert bars.shares["train"] == pytest.approx([1 / 6] * 6)


def test_a_few_large_values_share_the_last_bar() -> None:
    standard = histogram([0.0, 500.0, 1000.0], [99.0, 1.0])
    quantiles = histogram([float(edge) for edge in range(10)] + [1000.0], [10.0] * 10)
    bars = numeric_bars({"train": numeric("FLOAT", standard, quantiles)})
    assert bars is not None
    assert bars.open_ended
    assert bars.edges[-2] == 9
    assert bars.shares["train"][-1] == pytest.approx(0.1)


def test_many_equal_values_fall_into_the_bar_of_that_value() -> None:
    standard = histogram([1.0, 2.0, 3.0], [75.0, 25.0])
    quantiles = histogram([1.0, 1.0, 2.0, 2.0, 3.0], [25.0] * 4)
    bars = numeric_bars({"train": numeric("INT", standard, quantiles)})
    assert bars is not None
    assert bars.shares["train"] == pytest.approx([0.25, 0.5, 0.25])


def test_a_single_value_is_one_bar() -> None:
    bars = numeric_bars({"train": numeric("INT", histogram([7.0, 7.0], [3.0]))})
    assert bars is not None
    assert (bars.edges, bars.shares) == ((6.5, 7.5), {"train": (1.0,)})


def test_rare_texts_are_one_bar() -> None:
    bars = text_bars({"train": text(dict.fromkeys("abcdefgh", 10.0) | {"top": 20.0})})
    assert bars is not None
    assert (bars.labels[0], bars.labels[-1], len(bars.labels)) == ("top", ALL_OTHERS, 6)
    assert sum(bars.shares["train"]) == pytest.approx(1)


def test_a_figure_has_a_panel_for_each_feature_and_says_what_is_missing(statistics: dict[str, SplitStatistics]) -> None:
    titles = [annotation.text for annotation in statistics_figure(statistics).layout.annotations]
    assert [title.split("</b>")[0] for title in titles] == ["<b>fare", "<b>company", "<b>tract"]
    assert "train 20%, eval 10%" in titles[1]


def test_a_figure_names_its_splits_largest_first(statistics: dict[str, SplitStatistics]) -> None:
    named = [trace.name for trace in statistics_figure(statistics).data if trace.name]
    assert named == ["train (100 examples)", "eval (10 examples)"]


def test_a_figure_of_chosen_features_keeps_their_order(statistics: dict[str, SplitStatistics]) -> None:
    titles = [annotation.text for annotation in statistics_figure(statistics, ["company", "fare"]).layout.annotations]
    assert [title.split("</b>")[0] for title in titles] == ["<b>company", "<b>fare"]


def test_a_mistyped_feature_is_answered_with_the_nearest(statistics: dict[str, SplitStatistics]) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fare'"):
        statistics_figure(statistics, ["fair"])


def test_a_table_has_a_row_for_each_feature_and_split(statistics: dict[str, SplitStatistics]) -> None:
    frame = statistics_frame(statistics)
    assert list(frame.index)[:2] == [("fare", "train"), ("fare", "eval")]
    (train, _) = frame.xs("company")[["missing %", "top value", "top %"]].to_numpy().tolist()
    assert train == [20.0, "Blue", 75.0]
