"""`headrace plan`: what a run would do, and why, without running anything."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.cli.finding_pipelines import find_definition
from headrace.cli.run import (
    file_arguments,
    load_settings,
    no_server_option,
    read_parameters,
)

if TYPE_CHECKING:
    from rich.console import Console

    from headrace.orchestration.plan import Plan
    from headrace.orchestration.request import RunRequest
    from headrace.settings import Settings


@click.command()
@click.argument("pipeline")
@file_arguments
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a RuntimeParameter; may be given again."
)
@click.option("--no-cache", is_flag=True, help="As if every node were executed, whatever the cache has.")
@click.option("--no-cache-for", multiple=True, metavar="NODE", help="As if NODE were, whatever the cache has.")
@no_server_option
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(
    pipeline: str,
    arguments: tuple[str, ...],
    assignments: tuple[str, ...],
    no_cache: bool,
    no_cache_for: tuple[str, ...],
    no_server: bool,
    as_json: bool,
) -> None:
    """Say which nodes of PIPELINE would run, why, and how long they took last time.

    PIPELINE and ARGUMENTS are those of `headrace run`, and --set, --no-cache and
    --no-cache-for mean the same. Nothing is run or recorded: of a file that runs
    several pipelines the first is planned. What the file itself would remove, move or
    overwrite is left alone or put back, and named; so are commands that it starts.
    """
    from headrace.cli.warm import begin_server, in_warm_process
    from headrace.orchestration.request import RunRequest

    request = RunRequest(read_parameters(assignments), cache=not no_cache, no_cache_for=no_cache_for)
    path = find_definition(pipeline)
    server = begin_server(path.parent, no_server)
    settings = load_settings(path, no_server)
    in_warm_process(f"plan {pipeline}", server, _plan, (path, arguments), settings, request, as_json)


def _plan(file: tuple[Path, tuple[str, ...]], settings: "Settings", request: "RunRequest", as_json: bool) -> None:
    import json

    from headrace.orchestration.definition import ProgramFile
    from headrace.orchestration.output import usable_streams
    from headrace.orchestration.planning import plan_definition
    from headrace.plan_guard.guarding import leave_alone_until_exit
    from headrace.terminal import plain_console

    leave_alone_until_exit()
    planned = plan_definition(ProgramFile(*file, prints_aside=as_json), settings, request)
    with usable_streams():  # whatever the file did to them
        if as_json:
            click.echo(json.dumps(planned.asdict(), indent=2))
        else:
            _print(planned, plain_console(markup=True))


def _print(planned: "Plan", console: "Console") -> None:
    from rich.markup import escape
    from rich.table import Table

    from headrace.orchestration.plan import Action

    table = Table("node", "would", "why", title=f"a run of {escape(planned.pipeline)}")
    table.add_column("last time", justify="right")
    styles = {Action.RUN: "bold", Action.UNKNOWN: "yellow"}
    for node in planned.nodes:
        seconds = "" if node.last_seconds is None else f"{node.last_seconds:.1f} s"
        why = "\n".join(escape(str(change)) for change in node.changes)
        table.add_row(escape(node.node), node.action, why, seconds, style=styles.get(node.action, "dim"))
    console.print(table)
    console.print(_expectation(planned))
    for several, answer in (
        (planned.spared, "this plan left it alone"),
        (planned.undone, "this plan has put it back"),
        (planned.done, "it did so for this plan as well"),
    ):
        for what in several:
            console.print(f"the file {escape(what)}; {answer}", soft_wrap=True)
    if planned.more:
        console.print("the file has more code after this run; if it runs another pipeline, that depends on this run")


def _expectation(planned: "Plan") -> str:
    from headrace.orchestration.plan import Action

    running = [node for node in planned.nodes if node.action is Action.RUN]
    unknown = sum(node.action is Action.UNKNOWN for node in planned.nodes)
    parts = [f"{len(running)} of {len(planned.nodes)} nodes would run"]
    if planned.expected_seconds:
        parts.append(f"they took {planned.expected_seconds:.1f} s last time, added up")
    if new := sum(node.last_seconds is None for node in running):
        parts.append(f"{new} never ran")
    if unknown:
        parts.append(f"{unknown} may or may not")
    return "; ".join(parts)
