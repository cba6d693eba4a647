"""What an artifact holds, drawn for the terminal: each type as people read it, all others by their properties."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.contents.serving_check import CHECK_FILE, read_serving_check
from headrace.contents.values import is_value, value_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import RenderableType
    from rich.table import Table

    from headrace.contents.statistics import FeatureStatistics
    from headrace.metadata import Artifact

_MOST_FREQUENT = 3  # values of a text feature that are shown
GONE = "its files are gone: there is no such file or folder any more"


def contents_of(artifact: "Artifact") -> "RenderableType":
    """What an artifact holds.

    Raises:
        OSError: its files cannot be read, or are gone.
        ValueError: they are damaged.
    """
    if "://" in artifact.uri:  # on another machine
        return recorded(artifact)
    folder, is_gone = Path(artifact.uri), bool(artifact.uri) and not os.path.lexists(artifact.uri)
    view = _view(artifact, folder)
    if view is not None and is_gone:
        raise FileNotFoundError(GONE)
    if view is not None:
        return view() or recorded(artifact)
    return _group(GONE, recorded(artifact)) if is_gone else recorded(artifact)


def _view(artifact: "Artifact", folder: Path) -> "Callable[[], RenderableType | None] | None":
    """What draws an artifact; None for one that is of no known type. It returns None for one in an unknown form."""
    if is_value(artifact.type, artifact.properties):
        return lambda: value_text(artifact.type, folder, artifact.properties)
    match artifact.type:
        case "ExampleAnomalies":
            return lambda: _anomalies(folder)
        case "Schema":
            return lambda: _schema(folder)
        case "ExampleStatistics":
            return lambda: _statistics(folder)
        case "Model" | "PushedModel" if folder.is_dir():
            return lambda: _signatures(folder)
        case "ModelEvaluation":
            return lambda: _evaluation(folder)
        case "InfraBlessing" if (folder / CHECK_FILE).is_file():
            return lambda: read_serving_check(folder).text
        case "DriftReport":
            return lambda: _drift(folder)
        case _:
            return None


def _anomalies(folder: Path) -> "RenderableType":
    from headrace.contents.anomalies import read_anomalies

    return _table(read_anomalies(folder)) or "no anomalies"


def _schema(folder: Path) -> "RenderableType":
    from headrace.contents.schema import read_schema

    return _table(read_schema(folder)) or "no features"


def _evaluation(folder: Path) -> "RenderableType":
    from headrace.contents.evaluation import read_evaluation
    from headrace.contents.verdict import verdict_text
    from headrace.orchestration.output import quietly

    with quietly():
        evaluation = read_evaluation(folder)
    return verdict_text(evaluation)


def _drift(folder: Path) -> "RenderableType":
    from headrace.contents.drift import CHART_NAME, drift_text, read_drift

    return f"{drift_text(read_drift(folder))}\nchart: {folder / CHART_NAME}"


def _signatures(folder: Path) -> "RenderableType | None":
    from headrace.contents.signatures import read_signatures

    try:
        return _table(read_signatures(folder))
    except FileNotFoundError:  # it is no SavedModel, or nothing was pushed
        return None


def _statistics(folder: Path) -> "RenderableType":
    from headrace.contents.statistics import read_statistics

    splits = read_statistics(folder)
    counts = "\n".join(
        f"{name}: {split.examples:,} examples, {len(split.features)} features" for name, split in splits.items()
    )
    rows = [
        _Feature(name, one.name, one.type, f"{one.missing_share:.1%}", _values(one))
        for name, split in splits.items()
        for one in split.features.values()
    ]
    return _group(counts, *([table] if (table := _table(rows)) else []))


def _values(feature: "FeatureStatistics") -> str:
    if one := feature.numeric:
        return f"{one.min:g} to {one.max:g}, mean {one.mean:.4g}, median {one.median:.4g}"
    if feature.text:
        most = ", ".join(value for value, _ in feature.text.ranked[:_MOST_FREQUENT])
        return f"{feature.text.unique:,} distinct: {most}" if most else f"{feature.text.unique:,} distinct"
    return ""


def _group(*parts: "RenderableType") -> "RenderableType":
    from rich.console import Group

    return Group(*parts)


@dataclass(frozen=True)
class _Feature:
    split: str
    feature: str
    type: str
    missing: str
    values: str


def recorded(artifact: "Artifact") -> "RenderableType":
    """The properties of an artifact."""
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
