"""`headrace show`: what an artifact holds, in the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from headrace.metadata import Artifact, MetadataStore


@click.command()
@click.argument("artifact")
def show(artifact: str) -> None:
    """Show what ARTIFACT holds: anomalies, statistics, a schema, an evaluation.

    ARTIFACT is an id, as in messages of `headrace run`, or the artifact's folder.
    """
    from rich.console import Console

    from headrace.metadata import MetadataStore
    from headrace.settings import Settings

    found = _find(MetadataStore.open(Settings.load().metadata_path), artifact)
    console = Console(highlight=False)
    console.print(f"[bold]{found.type}[/] {found.id}, {found.created:%Y-%m-%d %H:%M:%S} UTC")
    console.print(found.uri, soft_wrap=True)
    try:
        console.print(_contents(found))
    except OSError as error:
        raise UserError("the artifact cannot be read", where=found.uri, why=str(error)) from error


def _find(store: "MetadataStore", name: str) -> "Artifact":
    if name.isdecimal():
        found = store.artifact(int(name))
    else:
        uri = str(Path(name).resolve())
        found = next((one for one in reversed(store.artifacts()) if one.uri == uri), None)
    if found is None:
        raise UnknownNameError.among(
            "artifact", name, (), next_step="give an id or a folder that a run's messages name"
        )
    return found


def _contents(artifact: "Artifact") -> "RenderableType":
    from rich.table import Table

    folder = Path(artifact.uri)
    match artifact.type:
        case "ExampleAnomalies":
            from headrace.contents.anomalies import read_anomalies

            table = Table("split", "feature", "severity", "anomaly", "description")
            for anomaly in read_anomalies(folder):
                table.add_row(anomaly.split, anomaly.feature, anomaly.severity, anomaly.summary, anomaly.description)
            return table if table.row_count else "no anomalies"
        case _:
            table = Table("property", "value")
            for name, value in sorted(artifact.properties.items()):
                table.add_row(name, str(value))
            return table
