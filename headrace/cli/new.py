"""`headrace new`: writes a component or a pipeline to go on from."""

import os
from collections.abc import Sequence
from pathlib import Path

import click


@click.group()
def new() -> None:
    """Write a new component or pipeline, with tests: all of it passes lint and tests as it stands."""


@new.command()
@click.argument("name")
@click.option("--kind", default="function", show_default=True, metavar="KIND", help="function, class or beam.")
def component(name: str, kind: str) -> None:
    """Write components/NAME and tests/components/NAME.

    KIND is what the component is made of: a Python function; a class and its
    executor, which can check arguments and have artifacts of its own types; or a
    class and an executor that is a Beam pipeline, for data of any size.
    """
    from headrace.scaffold.components import new_component
    from headrace.scaffold.names import find_project

    root = find_project()
    made = new_component(root, name, kind)
    _print(made, [f"pytest {_shown(made[-1])}", f"less {_shown(made[0] / 'README.md')}"])


@new.command()
@click.argument("name")
@click.option(
    "--from",
    "source",
    default="blank",
    show_default=True,
    metavar="PIPELINE",
    help="The project's pipeline to copy, such as taxi.",
)
def pipeline(name: str, source: str) -> None:
    """Write pipelines/NAME and tests/pipelines/NAME.

    A blank pipeline reads CSV files from data/NAME, and finds their statistics and
    schema. A copy reads the data of the pipeline it was copied from, until
    its local_runner.py says otherwise.
    """
    from headrace.scaffold.names import find_project
    from headrace.scaffold.pipelines import BLANK, new_pipeline

    root = find_project()
    made = new_pipeline(root, name, source)
    data = [f"mkdir -p {_shown(root / 'data' / name)}  # and put CSV files there"] if source == BLANK else []
    _print(made, [*(f"pytest {_shown(one)}" for one in made[1:]), *data, f"headrace run {name}"])


def _print(made: Sequence[Path], commands: Sequence[str]) -> None:
    for folder in made:
        click.echo(f"written: {_shown(folder)}")
    click.echo("next:")
    for command in commands:
        click.echo(f"  {command}")


def _shown(path: Path) -> str:
    """A path as it can be typed here."""
    return os.path.relpath(path)
