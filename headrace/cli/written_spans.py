"""The page that shows what came of each span, as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.writing import writing

if TYPE_CHECKING:
    from headrace.lineage.spans import Spans
    from headrace.settings import Settings


def written_spans(spans: "Spans", settings: "Settings") -> Path:
    """The page of a pipeline's spans, made anew below the home.

    Raises:
        UserError: it cannot be written.
    """
    from headrace.display.span_page import span_page

    path = settings.pages / f"{spans.pipeline}-spans.html"
    with writing("the chart", path, next_step=f"headrace lineage spans {spans.pipeline}  # the same in the terminal"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(span_page(spans.to_frame(), spans.pipeline, spans.metric), encoding="utf-8")
    return path
