"""The chart by span in the terminal."""

from rich.console import Console

from headrace.cli.span_chart import span_chart
from headrace.lineage.spans import SpanFacts, Spans


def span(number: int, candidate: float | None, live: float | None, verdict: str | None, drifted: int = 0) -> SpanFacts:
    return SpanFacts(
        number, f"run-{number}", "succeeded", 1, 100, drifted, None, 1, None, candidate, live, verdict, "", None, 1, 3
    )


def drawn(*spans: SpanFacts, width: int = 80) -> list[str]:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(span_chart(Spans("small", "auc", spans)))
    return console.export_text().splitlines()


def test_each_span_has_its_candidate_and_the_live_model_on_one_scale() -> None:
    legend, scale, *rows = drawn(
        span(3, 0.70, None, "blessed"), span(4, 0.75, 0.65, "blessed", drifted=2), span(5, 0.66, 0.74, "rejected")
    )
    assert legend == "auc by span  ● blessed  ✗ rejected  ○ live model"
    assert [row.split()[0] for row in rows] == ["3", "4", "5"]
    assert "○" not in rows[0]
    assert rows[1].index("○") < rows[1].index("──") < rows[1].index("●")
    assert rows[2].index("✗") < rows[2].index("──") < rows[2].index("○")
    assert rows[2].index("✗") - rows[1].index("○") == rows[1].index("●") - rows[2].index("○")  # both .01
    assert rows[1].endswith("0.7500 +0.1000  drift 2")
    assert rows[0].index("●") == scale.index("0.70") + 2  # a label's middle is over its tick


def test_a_span_without_a_model_says_so_and_without_any_there_is_no_chart() -> None:
    assert drawn(span(3, 0.7, None, "blessed"), span(4, None, None, "not judged"))[-1].endswith("no model was measured")
    assert span_chart(Spans("small", None, (span(3, None, None, None),))) is None


def test_values_that_are_all_the_same_are_drawn_too() -> None:
    assert "●" in drawn(span(3, 0.0, 0.0, "blessed"))[2]
    assert all(len(row) <= 60 for row in drawn(span(3, 0.5, 0.5, "blessed"), span(4, 0.5, 0.5, "x"), width=60))
