"""`headrace lineage`: where a model came from, and what came of anything."""

import json
import os
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headrace.cli.stores import metadata_option
from headrace.cli.writing import writing
from headrace.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from headrace.lineage.shown import Section, Shown

_TERMINAL = "-"
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def lineage() -> None:
    """Ask where a model came from, what came of a file, what differs between two runs.

    THING is an artifact's id, a run's id or the beginning of one, "latest" for the latest run, an artifact's name,
    NODE.KEY for what a node of the latest run made (Trainer.model), or a path: of an artifact, or of a pushed model.
    """


@lineage.command()
@click.argument("thing", default="latest")
@metadata_option
@json_option
def trace(thing: str, metadata: str | None, as_json: bool) -> None:
    """Show all that THING came from: files, rows, schema, parameters, code, evaluation, who ran it and when.

    Without THING: the latest run.
    """
    from headrace.lineage import Lineage
    from headrace.lineage.tree import tree_of
    from headrace.terminal import wide_console

    found = Lineage(metadata).trace(thing)
    if as_json:
        _print_json(found.to_json())
    else:
        console = wide_console()
        console.print(tree_of(found))
        console.print()
        print_sections(found.sections()[1:], console)


@lineage.command()
@click.argument("thing", required=False)
@click.option("--column", help="Instead of THING: the models that would feel a change of this raw column.")
@metadata_option
@json_option
def impact(thing: str | None, column: str | None, metadata: str | None, as_json: bool) -> None:
    """Show what was made from THING, and which of it is live.

    THING may be a file or a folder that was read, too.
    """
    from headrace.lineage import Lineage

    if (thing is None) == (column is None):
        raise UserError("give either THING or --column NAME", next_step="headrace lineage impact --help")
    asked = Lineage(metadata)
    _print(asked.column(column) if column else asked.impact(str(thing)), as_json)


@lineage.command()
@click.argument("before")
@click.argument("after", default="latest")
@metadata_option
@json_option
def diff(before: str, after: str, metadata: str | None, as_json: bool) -> None:
    """Show what differs between two runs: in words, the causes first, then in tables.

    Without AFTER: the latest run. `headrace lineage diff latest` compares it with
    the run before it, of the same pipeline.
    """
    from headrace.lineage import Lineage

    _print(Lineage(metadata).diff(before, after), as_json)


@lineage.command()
@click.argument("thing", default="latest")
@click.option("--column", help="Only what is made of this raw column.")
@metadata_option
@json_option
def features(thing: str, column: str | None, metadata: str | None, as_json: bool) -> None:
    """Show how the inputs of the model THING are made: raw column, analyzer or vocabulary, feature, input.

    Without THING: the model of the latest run.
    """
    from headrace.lineage import Lineage

    found = Lineage(metadata).features(thing)
    _print(found.of_column(column) if column else found, as_json)


@lineage.command("open")
@click.argument("thing", default="latest")
@click.option("--impact", "is_impact", is_flag=True, help="Draw what was made from THING, not what it came from.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; without it, one below the home."
)
@metadata_option
def open_page(thing: str, is_impact: bool, output: Path | None, metadata: str | None) -> None:
    """Write one HTML file that shows THING and all that it came from as a graph, and open it where there is a display.

    Without THING: the latest run. The file needs no network and nothing beside it.
    """
    from headrace.cli.lineage_page import page_of_impact, page_of_trace, written
    from headrace.lineage import Lineage
    from headrace.settings import Settings

    asked = Lineage(metadata)
    page = page_of_impact(asked, thing) if is_impact else page_of_trace(asked, thing)
    path = written(page, output or Settings.load().pages / f"{page.file_name}.html")
    click.echo(path)
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(path.as_uri())


@lineage.command()
@click.argument("thing", default="latest")
@click.option("--into", type=click.Path(path_type=Path), help="The folder; one below the home's cards/ by default.")
@metadata_option
def card(thing: str, into: Path | None, metadata: str | None) -> None:
    """Write the card of the model THING: a page of HTML, and one of Markdown, that say what is known of it.

    Without THING: the model of the latest run.
    """
    from headrace.display.model_card import HTML, MARKDOWN, write_card
    from headrace.lineage import Lineage
    from headrace.settings import Settings

    found = Lineage(metadata).card(thing)
    folder = into or Settings.load().card_folder(found.model)
    with writing("the card", folder, next_step="headrace lineage card --into FOLDER"):
        write_card(found, folder)
    click.echo(f"{folder / HTML}\n{folder / MARKDOWN}")


@lineage.command()
@click.argument("pipeline", required=False)
@metadata_option
@json_option
def schema(pipeline: str | None, metadata: str | None, as_json: bool) -> None:
    """Show the schemas that PIPELINE has used, and what each one changed.

    PIPELINE may be left out where only one was ever run.
    """
    from headrace.lineage import Lineage

    asked = Lineage(metadata)
    _print(asked.schema_history(pipeline or _only_pipeline(asked.pipelines())), as_json)


@lineage.command()
@click.argument("pipeline", required=False)
@metadata_option
@json_option
def live(pipeline: str | None, metadata: str | None, as_json: bool) -> None:
    """Show the model of PIPELINE that is pushed now, since when, what it replaced, what was rejected since.

    PIPELINE may be left out where only one was ever run.
    """
    from headrace.lineage import Lineage

    asked = Lineage(metadata)
    name = pipeline or _only_pipeline(asked.pipelines())
    found = asked.live(name)
    if as_json:
        _print_json(found.to_json())
    elif not found:
        click.echo(f"no model of {name} is live: none was pushed")
    for one in () if as_json else found:
        _print(one, as_json)


@lineage.command()
@click.argument("pipeline", required=False)
@metadata_option
@json_option
def spans(pipeline: str | None, metadata: str | None, as_json: bool) -> None:
    """Show how each span of PIPELINE went: rows, drift, the candidate against the live model, the verdict and why.

    PIPELINE may be left out where only one was ever run. The same is written as a page, below the home.
    """
    from headrace.cli.written_spans import print_spans
    from headrace.lineage import Lineage
    from headrace.settings import Settings

    asked = Lineage(metadata)
    found = asked.spans(pipeline or _only_pipeline(asked.pipelines()))
    if as_json:
        _print(found, as_json)
    else:
        print_spans(found, Settings.load())


@lineage.command()
@click.argument("run", default="latest")
@click.option("--openlineage", is_flag=True, help="As OpenLineage's events; there is no other format yet.")
@click.option("--output", metavar="FILE", help="Where to write them, - for the terminal.  [default: -, without --to]")
@click.option("--to", "url", metavar="URL", help="A server that they are sent to, such as http://localhost:5000.")
@metadata_option
def export(run: str, openlineage: bool, output: str | None, url: str | None, metadata: str | None) -> None:
    """Write the events of RUN for other tools: JSON lines, one event a line, in the order in which they happened.

    Each node, and the pipeline as their parent, starts and ends. With --to they are sent to the server's
    api/v1/lineage (OPENLINEAGE_ENDPOINT), with the key in OPENLINEAGE_API_KEY, if it is set. A run has the same ids
    each time, so it may be exported again. Parameters and the source code of the project's functions are among what
    is written and sent. Without RUN: the latest run.
    """
    from headrace.credentials import without_credentials
    from headrace.lineage import Lineage
    from headrace.lineage.openlineage_sending import line_of, send

    if not openlineage:
        raise UserError("in which format?", next_step="headrace lineage export --openlineage")
    events = Lineage(metadata).openlineage(run)
    if output or not url:
        _write([line_of(event) for event in events], output or _TERMINAL)
    if url:
        send(events, url)
        click.echo(f"{len(events)} events were sent to {without_credentials(url)}", err=True)


def _write(lines: list[str], output: str) -> None:
    next_step = "headrace lineage export --openlineage --output FILE"
    with writing("the events", output, next_step), click.open_file(output, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def _only_pipeline(known: list[str]) -> str:
    if len(known) == 1:
        return known[0]
    why = f"these were run: {', '.join(sorted(known))}" if known else "none was ever run"
    raise UserError("which pipeline?", why=why, next_step="give its name at the end of the command")


def _print(answer: "Shown", as_json: bool) -> None:
    if as_json:
        _print_json(answer.to_json())
        return
    from headrace.terminal import wide_console

    print_sections(answer.sections(), wide_console())


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2))


def print_sections(sections: "Iterable[Section]", console: "Console") -> None:
    """Prints an answer: each section with its title, its lines and its table."""
    from rich.table import Table

    for number, section in enumerate(sections):
        if number:
            console.print()
        console.print(section.title, style="bold", soft_wrap=True)
        for line in section.lines:
            console.print(line, soft_wrap=True)
        if section.rows:
            table = Table(*section.columns, box=None, show_header=any(section.columns), pad_edge=False)
            for row in section.rows:
                table.add_row(*row)
            console.print(table)
