"""`headrace run`: runs a pipeline of the project, or of a file."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.cli.finding_pipelines import find_definition
from headrace.errors import ParameterError, UserError, typed
from headrace.typed_command import headrace_command, with_option

if TYPE_CHECKING:
    from headrace.orchestration.request import RunRequest
    from headrace.orchestration.span_range import SpanRange
    from headrace.settings import Settings

_File = tuple[Path, tuple[str, ...]]  # and its arguments
no_server_option = click.option(
    "--no-server", is_flag=True, help="Import TFX for this command alone, and leave no warm server behind."
)
file_arguments = click.argument("arguments", nargs=-1, type=click.UNPROCESSED)


@click.command()
@click.argument("pipeline")
@file_arguments
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a RuntimeParameter; may be given again."
)
@click.option("--span", "spans", metavar="A..B", help="Run span after span, each a run of its own; skip what is done.")
@click.option(
    "--resume", is_flag=True, help="Go on with the last run, from what failed in it or reads data changed since."
)
@click.option("--from", "from_nodes", multiple=True, metavar="NODE", help="Run NODE and what depends on it.")
@click.option("--to", "to_nodes", multiple=True, metavar="NODE", help="Run NODE and what it depends on.")
@click.option(
    "--only", metavar="NODE", help="Run NODE alone, whatever the cache has, on the newest inputs that were made for it."
)
@click.option("--cached", is_flag=True, help="With --only: take NODE from the cache where nothing has changed.")
@click.option("--no-cache", is_flag=True, help="Execute every node, whatever the cache has.")
@click.option("--no-cache-for", multiple=True, metavar="NODE", help="Execute NODE, whatever the cache has.")
@click.option("--no-acceleration", is_flag=True, help="Execute TFX's own executors only.")
@no_server_option
@click.option("--json", "as_json", is_flag=True, help="Write events as JSON, one a line.")
def run(
    pipeline: str,
    arguments: tuple[str, ...],
    assignments: tuple[str, ...],
    spans: str | None,
    resume: bool,
    from_nodes: tuple[str, ...],
    to_nodes: tuple[str, ...],
    only: str | None,
    cached: bool,
    no_cache: bool,
    no_cache_for: tuple[str, ...],
    no_acceleration: bool,
    no_server: bool,
    as_json: bool,
) -> None:
    """Run PIPELINE to its end, or a part of it on what an earlier run made.

    PIPELINE is the name of a folder in pipelines/ that has a local_runner.py, the
    path of such a folder, or that of a file that calls a TFX runner's run(), such as
    LocalDagRunner's.
    ARGUMENTS are the file's own: write -- before them.

    With --span A..B (or --span A), its RuntimeParameter "span" is A, then A + 1, and
    so on to B. A span that was interrupted is resumed. One is done when a run of it
    succeeded with the code, definition, data and parameters as they are now, after
    that of the span before it; --no-cache runs it all the same.
    """
    from headrace.cli.warm import begin_server, in_warm_process
    from headrace.orchestration.request import RunRequest

    if spans and (resume or from_nodes or to_nodes or only):
        raise UserError(
            "--span runs whole spans, and resumes by itself: no --resume, --from, --to or --only with it",
            next_step=f"{typed('headrace', 'run', pipeline)} --set span=SPAN with them, for one span",
        )
    if sum((resume, bool(from_nodes or to_nodes), only is not None)) > 1:
        raise UserError("--resume, --only, and --from with --to, exclude each other", next_step="headrace run --help")
    if cached and (only is None or no_cache or only in no_cache_for):
        raise UserError(
            "--cached says that --only may take its node from the cache: it goes with --only, and without --no-cache",
            next_step=shlex.join(["headrace", "run", pipeline, "--only", only or "NODE", "--cached"]),
        )
    request = RunRequest(
        parameters=read_parameters(assignments),
        resume=resume,
        from_nodes=(only,) if only else from_nodes,
        to_nodes=(only,) if only else to_nodes,
        cache=not no_cache,
        no_cache_for=no_cache_for if cached or only is None else (*no_cache_for, only),
        accelerated=not no_acceleration,
        as_json=as_json,
        command=shlex.join(
            [
                "headrace",
                "run",
                pipeline,
                *(f"--set={assignment}" for assignment in assignments),
                *_after_dashes(arguments),
            ]
        ),
        typed=headrace_command(),
    )
    series = _series(spans, request) if spans else None
    path = find_definition(pipeline)
    server = begin_server(path.parent, no_server)
    settings = load_settings(path, no_server)
    settings.make_home()
    name = f"run {path.stem if pipeline.endswith('.py') else pipeline}"
    if series:
        in_warm_process(name, server, _run_spans, (path, arguments), settings, request, series)
    in_warm_process(name, server, _run, (path, arguments), settings, request)


def _after_dashes(arguments: tuple[str, ...]) -> list[str]:
    return ["--", *arguments] if arguments else []


def _series(spans: str, request: "RunRequest") -> "SpanRange":
    from headrace.orchestration.span_range import SPAN, SpanRange

    if SPAN in request.parameters:
        raise UserError("--span and --set span=... both say which span", next_step="leave one of them out")
    return SpanRange.parse(spans, request.command)


def _run_spans(file: _File, settings: "Settings", request: "RunRequest", spans: "SpanRange") -> None:
    from headrace.cli.spans import ConsoleSeries, JsonSeries
    from headrace.orchestration.definition import ProgramFile
    from headrace.orchestration.span_series import run_spans

    progress = JsonSeries() if request.as_json else ConsoleSeries(settings, request.command)
    program = ProgramFile(*file, prints_aside=request.as_json)
    run_spans(program, settings, request, spans, with_option(request.command, "--span", str(spans)), progress)


def _run(file: _File, settings: "Settings", request: "RunRequest") -> None:
    from headrace.cli.warm import may_end
    from headrace.orchestration.definition import ProgramFile, run_definition

    run_definition(ProgramFile(*file, prints_aside=request.as_json), settings, request, may_end)


def load_settings(definition: Path, no_server: bool) -> "Settings":
    """The settings of the project around a definition, and of the flag."""
    from headrace.settings import Settings

    settings = Settings.load(definition.parent)
    return settings.model_copy(update={"server": False}) if no_server else settings


def read_parameters(assignments: tuple[str, ...]) -> dict[str, str]:
    """Parameters from what `--set` was given.

    Raises:
        ParameterError: one has no `=`.
    """
    parameters = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise ParameterError(
                f"cannot read the parameter {assignment!r}",
                why="it has no =",
                next_step=typed("--set", f"{name}=VALUE"),
            )
        parameters[name] = value
    return parameters
