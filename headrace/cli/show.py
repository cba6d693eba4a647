"""`headrace show`: what an artifact holds, in the terminal."""

from typing import TYPE_CHECKING

import click

from headrace.cli.stores import metadata_option, opened
from headrace.errors import UserError, typed

if TYPE_CHECKING:
    from headrace.metadata import Artifact
    from headrace.metadata.stores import Stores


@click.command()
@click.argument("artifact")
@metadata_option
def show(artifact: str, metadata: str | None) -> None:
    """Show what ARTIFACT holds: a value, statistics, anomalies, a schema, a model's signatures, an evaluation.

    Of other types its properties are shown.

    ARTIFACT is an id, as in messages of `headrace run`, NODE.KEY for what a node of the latest run made
    (Trainer.model), an artifact's name, or its folder.
    """
    from headrace.cli.contents_views import contents_of, recorded
    from headrace.metadata.records import DELETED, MARKED_FOR_DELETION
    from headrace.terminal import wide_console

    found = _find(opened(metadata)[1], artifact)
    screen = wide_console()
    screen.print(f"{found.type} {found.id}, {found.created:%Y-%m-%d %H:%M:%S} UTC", style="bold")
    screen.print(found.uri, soft_wrap=True)
    if found.state in (MARKED_FOR_DELETION, DELETED):
        screen.print("its files were removed (headrace gc); this is its record", soft_wrap=True)
        screen.print(recorded(found))
        return
    try:
        contents = contents_of(found)
        screen.print(contents, soft_wrap=isinstance(contents, str))  # a path in it stays whole
    except (OSError, ValueError) as error:
        raise UserError("the artifact cannot be read", where=found.uri, why=str(error)) from error


def _find(stores: "Stores", name: str) -> "Artifact":
    from headrace.lineage.finding import find

    found = find(stores, name)
    if found.artifact is None:
        run = found.run.id if found.run else ""
        raise UserError(f"{name!r} is a run, and holds no data", next_step=typed("headrace", "runs", "show", run))
    return found.artifact
