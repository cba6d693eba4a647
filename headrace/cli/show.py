"""`headrace show`: what an artifact holds, in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.cli.stores import metadata_option, opened
from headrace.contents.serving_check import CHECK_FILE, read_serving_check
from headrace.errors import UserError, typed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import RenderableType
    from rich.table import Table

    from headrace.metadata import Artifact
    from headrace.metadata.stores import Stores


@click.command()
@click.argument("artifact")
@metadata_option
def show(artifact: str, metadata: str | None) -> None:
    """Show what ARTIFACT holds: anomalies, a schema, an evaluation, a drift report, its properties.

    ARTIFACT is an id, as in messages of `headrace run`, NODE.KEY for what a node of the latest run made
    (Trainer.model), an artifact's name, or its folder.
    """
    from headrace.metadata.records import DELETED, MARKED_FOR_DELETION
    from headrace.terminal import plain_console

    found = _find(opened(metadata)[1], artifact)
    console = plain_console()
    console.print(f"{found.type} {found.id}, {found.created:%Y-%m-%d %H:%M:%S} UTC", style="bold")
    console.print(found.uri, soft_wrap=True)
    if found.state in (MARKED_FOR_DELETION, DELETED):
        console.print("its files were removed (headrace gc); this is its record", soft_wrap=True)
        console.print(_recorded(found))
        return
    try:
        contents = _contents(found)
        console.print(contents, soft_wrap=isinstance(contents, str))  # a path in it stays whole
    except (OSError, ValueError) as error:
        raise UserError("the artifact cannot be read", where=found.uri, why=str(error)) from error


def _find(stores: "Stores", name: str) -> "Artifact":
    from headrace.lineage.finding import find

    found = find(stores, name)
    if found.artifact is None:
        run = found.run.id if found.run else ""
        raise UserError(f"{name!r} is a run, and holds no data", next_step=typed("headrace", "runs", "show", run))
    return found.artifact


def _contents(artifact: "Artifact") -> "RenderableType":
    folder = Path(artifact.uri)
    match artifact.type:
        case "ExampleAnomalies":
            from headrace.contents.anomalies import read_anomalies

            return _table(read_anomalies(folder)) or "no anomalies"
        case "Schema":
            from headrace.contents.schema import read_schema

            return _table(read_schema(folder)) or "no features"
        case "ModelEvaluation":
            from headrace.contents.evaluation import read_evaluation
            from headrace.contents.verdict import verdict_text
            from headrace.orchestration.output import quietly

            with quietly():
                evaluation = read_evaluation(folder)
            return verdict_text(evaluation)
        case "InfraBlessing" if (folder / CHECK_FILE).is_file():
            return read_serving_check(folder).text
        case "DriftReport":
            from headrace.contents.drift import CHART_NAME, drift_text, read_drift

            return f"{drift_text(read_drift(folder))}\nchart: {folder / CHART_NAME}"
        case _:
            return _recorded(artifact)


def _recorded(artifact: "Artifact") -> "RenderableType":
    properties = [_Property(name, str(value)) for name, value in sorted(artifact.properties.items())]
    return _table(properties) or "no properties"


@dataclass(frozen=True)
class _Property:
    name: str
    value: str


def _table(records: Sequence["DataclassInstance"]) -> "Table | None":
    """A row a record, a column a field; None for no records."""
    from rich.table import Table

    if not records:
        return None
    table = Table(*(field.name.replace("_", " ") for field in fields(records[0])))
    for record in records:
        table.add_row(*(_text(getattr(record, field.name)) for field in fields(record)))
    return table


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
