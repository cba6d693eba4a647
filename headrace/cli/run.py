"""`headrace run`: runs a pipeline of the project, or of a file."""

from pathlib import Path

import click

from headrace.errors import ParameterError, UnknownNameError, UserError


@click.command()
@click.argument("pipeline")
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a RuntimeParameter; may be given again."
)
def run(pipeline: str, assignments: tuple[str, ...]) -> None:
    """Run PIPELINE to its end.

    PIPELINE is the name of a folder in pipelines/ that has a local_runner.py, or
    the path of a file that calls a TFX runner's run(), such as LocalDagRunner's.
    """
    from headrace.orchestration.node_process import start_server
    from headrace.settings import Settings

    parameters = _parameters(assignments)
    path = find_definition(pipeline)
    settings = Settings.load(path.parent)
    settings.make_home()
    # The warm server imports TFX while this process does.
    start_server(settings.home / "logs" / "server.log")
    from headrace.orchestration.definition import run_definition

    run_definition(path, settings, parameters)


def find_definition(pipeline: str) -> Path:
    """The file that defines a pipeline, from its name or its path.

    Raises:
        UnknownNameError: there is none; suggests the nearest name.
    """
    from headrace.settings import project_root

    if pipeline.endswith(".py"):
        path = Path(pipeline)
        if not path.is_file():
            raise UserError("there is no such file", where=pipeline, next_step=f"ls {path.parent}")
        return path.resolve()
    folder = project_root() / "pipelines"
    known = {path.parent.name: path for path in folder.glob("*/local_runner.py")}
    if pipeline not in known:
        raise UnknownNameError.among("pipeline", pipeline, known, where=str(folder), next_step=f"ls {folder}")
    return known[pipeline]


def _parameters(assignments: tuple[str, ...]) -> dict[str, str]:
    parameters = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise ParameterError(
                f"cannot read the parameter {assignment!r}", why="it has no =", next_step=f"--set {name}=VALUE"
            )
        parameters[name] = value
    return parameters
