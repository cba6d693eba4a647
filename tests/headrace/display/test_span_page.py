"""The page with the chart by span."""

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser

from headrace.display.span_page import span_figure, span_page
from tests.accessibility import DESK, PHONE, SCHEMES, is_cut_off, opened_in, violations

FACTS = {"runs": 1, "drifted": None, "drifted_features": None, "live_value": None, "baseline": None}
SPANS = pd.DataFrame(
    [
        {**FACTS, "span": 3, "rows": 100, "model": 1, "candidate_value": 0.7, "verdict": "blessed",
         "why": "blessed: AUC <at least> 0.6", "live": 1, "live_span": 3},
        {**FACTS, "span": 4, "rows": None, "model": 2, "candidate_value": 0.6, "verdict": "rejected", "baseline": 1,
         "live_value": 0.65, "why": "not blessed", "live": 1, "live_span": 3},
        {**FACTS, "span": 5, "rows": 300, "model": None, "candidate_value": None, "verdict": "not judged",
         "why": "no model was evaluated", "live": 1, "live_span": None},
    ]
)  # fmt: skip


def test_the_figure_has_the_values_the_verdicts_and_what_else_is_known() -> None:
    figure = span_figure(SPANS, "auc")
    traces = {trace.name or trace.yaxis: trace for trace in figure.data}
    assert list(traces) == ["the model that was live", "candidate", "blessed", "rejected", "y2"]
    assert (list(traces["rejected"].x), list(traces["rejected"].y)) == (["4"], [0.6])
    assert list(traces["candidate"].x) == ["3", "4", "5"]
    assert figure.layout.yaxis2.title.text == "rows"  # nothing is known of drift
    features = pd.Series([("origin",), (), None], dtype=object)
    drifted = SPANS.assign(drifted=[1, 0, 2], drifted_features=features)
    figure = span_figure(drifted, "auc")
    assert [axis.title.text for axis in (figure.layout.yaxis2, figure.layout.yaxis3)] == ["drifted", "rows"]
    assert list(figure.data[-2].customdata) == ["origin", "", ""]


def test_the_page_needs_no_network_and_tells_each_span() -> None:
    page = span_page(SPANS, "<months>", "auc")
    assert "<title>&lt;months&gt; by span</title>" in page
    assert "3 spans: 1 blessed, 1 rejected, 1 not judged; live after the last one: Model 1" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    rows = re.findall(r"<tr>(.*?)</tr>", page[page.index("<tbody>") :])
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    assert cells[0] == ["3", "100", "unknown", "0.7000", "none", "blessed", "span 3 (Model 1)",
                        "blessed: AUC &lt;at least&gt; 0.6"]  # fmt: skip
    assert cells[1][:6] == ["4", "unknown", "unknown", "0.6000", "0.6500", "rejected"]
    assert cells[2][:6] == ["5", "300", "unknown", "none", "none", "not judged"]


def test_a_page_without_a_metric_is_a_table_alone() -> None:
    page = span_page(SPANS.assign(candidate_value=None, live_value=None), "months", None)
    assert "plotly" not in page
    assert page.count("<tr>") == 4


def test_the_page_is_small_and_the_picture_has_each_span_in_both_widths() -> None:
    page = span_page(SPANS, "months", "auc")
    assert len(page) < 100_000
    assert "<script" not in page
    assert page.count("<title>span 4: candidate 0.6000, not blessed</title>") == 2
    assert page.count("<title>span 4: live model 0.6500</title>") == 2
    assert page.count("<title>span 3: 100 rows</title>") == 2
    assert "features that drifted" not in page  # nothing is known of drift


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everybody_can_use_it_and_nothing_is_cut_off(browser: Browser, tmp_path: Path, scheme: str) -> None:
    year = pd.concat([SPANS.assign(span=SPANS["span"] + 3 * index, drifted=index) for index in range(8)])
    file = tmp_path / "spans.html"
    file.write_text(span_page(year.assign(drifted_features=None), "months", "auc"), encoding="utf-8")
    for size in (DESK, PHONE):
        with opened_in(browser, file, size, scheme) as page:
            assert violations(page) == []
            assert not is_cut_off(page)
