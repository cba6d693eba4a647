"""The page that shows what came of each span, as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.writing import writing
from headrace.errors import typed

if TYPE_CHECKING:
    from headrace.lineage.spans import Spans
    from headrace.settings import Settings


def written_spans(spans: "Spans", settings: "Settings") -> Path:
    """The page of a pipeline's spans, made anew below the home.

    Raises:
        UserError: it cannot be written.
    """
    from headrace.display.span_page import span_page
    from headrace.settings import file_name

    path = settings.pages / f"{file_name(spans.pipeline)}-spans.html"
    command = typed("headrace", "lineage", "spans", spans.pipeline)
    with writing("the chart", path, next_step=f"{command}  # the same in the terminal"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(span_page(spans.to_frame(), spans.pipeline, spans.metric), encoding="utf-8")
    return path
