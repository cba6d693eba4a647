"""How each span went: in the terminal, and as a page in a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.cli.writing import writing
from headrace.errors import UserError, typed

if TYPE_CHECKING:
    from headrace.lineage.spans import Spans
    from headrace.settings import Settings


def print_spans(spans: "Spans", settings: "Settings") -> None:
    """Prints the table and the charts of a pipeline's spans, and where their page is."""
    from headrace.cli.lineage import print_sections
    from headrace.cli.span_chart import span_chart
    from headrace.terminal import wide_console

    console = wide_console()
    print_sections(spans.sections(), console)
    if chart := span_chart(spans):
        console.print("", chart, sep="\n")
    try:
        click.echo(f"\nchart: {written_spans(spans, settings)}")
    except UserError as error:  # the rest is printed: a home that cannot be written is no obstacle
        click.echo(f"note: {error.what}", err=True)


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
