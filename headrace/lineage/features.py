"""Features: how the inputs of a model are made of raw columns."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from headrace.contents.signatures import SERVED
from headrace.contents.transform_graph import Analyzer, read_model_inputs, read_transform_graph
from headrace.errors import UnknownNameError, UserError
from headrace.lineage.shown import UNKNOWN, Section, Shown, text
from headrace.lineage.trace import MODEL, TRANSFORM, Trace
from headrace.metadata.records import Artifact


@dataclass(frozen=True)
class FeatureLineage:
    """A transformed feature, from the raw columns to the model."""

    name: str
    columns: tuple[str, ...]
    analyzers: tuple[Analyzer, ...]
    in_model: bool | None  # the model's predictions depend on it; None where that is not known


@dataclass(frozen=True)
class Features(Shown):
    """The features of a model, derived from its transform graph and its own."""

    model: int | None  # None where the question was about a transform graph
    transform_graph: int
    features: tuple[FeatureLineage, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that some feature is made of."""
        return tuple(sorted({column for one in self.features for column in one.columns}))

    def of_column(self, column: str) -> "Features":
        """The features that are made of a raw column.

        Raises:
            UnknownNameError: none is.
        """
        if column not in self.columns:
            raise UnknownNameError.among("raw column", column, self.columns, next_step="headrace lineage features")
        return replace(self, features=tuple(one for one in self.features if column in one.columns))

    def rows(self) -> list[dict[str, object]]:
        """A row a feature."""
        return [
            {
                "columns": ", ".join(one.columns),
                "analyzers": ", ".join(map(_analyzer_text, one.analyzers)),
                "feature": one.name,
                "in_model": one.in_model,
            }
            for one in self.features
        ]

    def sections(self) -> list[Section]:
        """A table, and which columns nothing in the model depends on."""
        model = "" if self.model is None else f"Model {self.model}, "
        rows = tuple(
            (str(row["columns"]), str(row["analyzers"]), str(row["feature"]), text(row["in_model"]))
            for row in self.rows()
        )
        lines = []
        if self.model is not None and any(one.in_model is None for one in self.features):
            lines.append(f"which features the model takes is {UNKNOWN}: it holds no transform graph, or cannot be read")
        columns = ("raw columns", "analyzers", "feature", "model input")
        return [Section(f"{model}TransformGraph {self.transform_graph}", tuple(lines), columns, rows)]


def features_of(trace: Trace) -> Features:
    """The features of what a trace is of: a model, a pushed model, a transform graph, a run.

    Raises:
        UnknownNameError: no transform graph went into it.
        UserError: the transform graph cannot be read any more.
    """
    transform = _newest(trace, TRANSFORM)
    if transform is None:
        raise UnknownNameError(f"no transform graph went into {trace.title}", next_step="headrace lineage trace latest")
    try:
        made = read_transform_graph(Path(transform.uri))
    except (OSError, ValueError, ModuleNotFoundError) as error:
        raise UserError("the transform graph cannot be read", where=transform.uri, why=str(error)) from error
    model = _newest(trace, MODEL)
    pushed = [Path(trace.graph.artifacts[one.artifact].uri) for one in trace.pushes if one.pushed]
    inputs = model_inputs(model, pushed, len(made)) if model else None
    features = [
        FeatureLineage(one.name, one.columns, one.analyzers, None if inputs is None else index in inputs)
        for index, one in enumerate(made)
    ]
    return Features(model.id if model else None, transform.id, tuple(features))


def _newest(trace: Trace, type_name: str) -> Artifact | None:
    """The newest artifact of a type that was made in the trace; what is only compared with was not."""
    made = [one for one in trace.graph.of_type(type_name) if trace.graph.producer(one.id)]
    return made[-1] if made else None


def model_inputs(model: Artifact, pushed: Iterable[Path], features: int) -> frozenset[int] | None:
    """Which features a model takes, by their place among all by name; None where that is not known.

    Args:
        model: the model.
        pushed: where else it may be, if its own folder is gone.
        features: how many its transform graph makes.
    """
    for folder in (Path(model.uri) / SERVED, *pushed):
        try:
            return read_model_inputs(folder, features)
        except (OSError, ValueError, ModuleNotFoundError):
            continue
    return None


def _analyzer_text(analyzer: Analyzer) -> str:
    if analyzer.vocabulary is None:
        return analyzer.name
    count = f" of {analyzer.size} values" if analyzer.size is not None else ""
    return f"{analyzer.name} (vocabulary {analyzer.vocabulary}{count})"
