"""The report of a drift monitor as a page."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from components.drift_monitor.chart import MOST_FEATURES, chart_page
from headrace.contents.drift import (
    JENSEN_SHANNON,
    L_INFINITY,
    ComparedData,
    Drift,
    FeatureDrift,
    NotCompared,
    ValueShare,
)
from tests.accessibility import DESK, PHONE, SCHEMES, is_cut_off, opened_in, violations
from tests.pages import Page


def feature(name: str, distance: float, *shares: ValueShare) -> FeatureDrift:
    measure = L_INFINITY if shares else JENSEN_SHANNON
    return FeatureDrift(name, measure, distance, 0.02, "the smallest change worth telling", 0.01, 900, 1000, shares)


SHARES = tuple(ValueShare(f"<value {index}> of many", index / 10, index / 12) for index in range(8))
DRIFT = Drift(
    ComparedData((1,), (3,), 900),
    ComparedData((2,), (4,), 1000),
    0.01,
    (feature("carrier", 0.9, *SHARES), *(feature(f"number_{index}", 0.001 * index) for index in range(60))),
    (NotCompared("stamp", "it is excluded"),),
)


def test_the_page_is_small_and_loads_and_runs_nothing() -> None:
    page = Page(chart_page(DRIFT))
    assert len(chart_page(DRIFT)) < 100_000
    assert page.loaded == []
    assert "script" not in page.tags


def test_the_page_says_how_far_each_feature_moved_and_what_moved() -> None:
    text = Page(chart_page(DRIFT)).text
    assert "40 of 61 features drifted (900 examples before, 1,000 after)." in text
    assert "statistics 1 of span 3" in text
    assert "stamp (it is excluded)" in text
    assert "0.900, allowed 0.020" in text
    assert "<value 7> of ma" in text
    assert "70.0%" in text
    assert text.count("Jensen-Shannon divergence 0.0") == 2 * (MOST_FEATURES - 1)  # told for a window and for a phone


def test_a_report_without_a_reference_is_a_page_of_words() -> None:
    page = Page(chart_page(Drift(None, ComparedData((2,), (4,), 1000), 0.01, (), ())))
    assert "No reference: there is nothing to compare the data with yet." in page.text
    assert "svg" not in page.tags


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everybody_can_use_it_and_nothing_is_cut_off(browser: Browser, tmp_path: Path, scheme: str) -> None:
    file = tmp_path / "chart.html"
    file.write_text(chart_page(DRIFT), encoding="utf-8")
    for size in (DESK, PHONE):
        with opened_in(browser, file, size, scheme) as page:
            assert violations(page) == []
            assert not is_cut_off(page)
