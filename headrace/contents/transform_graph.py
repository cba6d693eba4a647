"""How TensorFlow Transform makes features of raw columns, derived from its graph without TensorFlow."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.contents.saved_model import Passed, SavedGraph, Source
from headrace.contents.vocabularies import ASSETS, read_vocabularies

FOLDER = ASSETS.parent  # of the graph, below a TransformGraph artifact's folder
SERVING = "serving_default"
_NUMBER = re.compile(r"_\d+$")  # by which TensorFlow tells scopes of one name apart
_TABLES = ("HashTableV2", "MutableHashTableV2")


@dataclass(frozen=True, order=True)
class Analyzer:
    """A full pass over the data whose result is in the graph."""

    name: str  # the function of TensorFlow Transform, "scale_to_z_score"
    vocabulary: str | None = None  # the file with its values
    size: int | None = None  # of the vocabulary


@dataclass(frozen=True)
class TransformedFeature:
    """A feature, and what it is made of."""

    name: str
    columns: tuple[str, ...]  # the raw columns it depends on
    analyzers: tuple[Analyzer, ...]


def read_transform_graph(folder: Path) -> list[TransformedFeature]:
    """The features that the graph below a TransformGraph artifact's `folder` makes, by name.

    Raises:
        FileNotFoundError: there is no graph.
        ValueError: it is damaged, or in a form that is not understood: of TensorFlow 1.
    """
    graph = SavedGraph(folder / FOLDER)
    signature = graph.meta.signature_def[SERVING]
    columns, tables = _columns(graph, signature), _tables(graph)
    sizes = {name: len(values) for name, values in read_vocabularies(folder).items()}
    found = []
    for name, tensor in sorted(signature.outputs.items()):
        sources = [one for one in graph.dependencies(tensor.name) if isinstance(one, Source)]
        raw = {columns[one.node] for one in sources if one.node in columns}
        captured = (one for one in sources if one.node not in columns)
        analyzers = set()
        for one in captured:
            vocabulary = tables.get(one.node)
            analyzers.add((_scope(one.used_by), vocabulary))
        found.append(TransformedFeature(name, tuple(sorted(raw)), tuple(_analyzers(analyzers, sizes))))
    return found


def read_model_inputs(folder: Path, features: int) -> frozenset[int] | None:
    """Which transformed features the predictions of the model in `folder` depend on, by their place among all by name.

    Args:
        folder: of a SavedModel that applies the transform graph itself, as one that serves raw examples does.
        features: how many the transform graph makes, by which its copy in the model is known.

    Returns:
        None where the model has no signature "serving_default", or holds no such graph: it is not known then.

    Raises:
        FileNotFoundError: there is no model.
        ValueError: it is damaged.
    """
    graph = SavedGraph(folder)
    if SERVING not in graph.meta.signature_def:
        return None

    def is_transform(function: Any) -> bool:
        return "pruned" in function.signature.name and len(function.signature.output_arg) == features

    passed = {
        one.index
        for tensor in graph.meta.signature_def[SERVING].outputs.values()
        for one in graph.dependencies(tensor.name, is_transform)
        if isinstance(one, Passed)
    }
    return frozenset(passed) or None


def _columns(graph: SavedGraph, signature: Any) -> dict[str, str]:
    """Placeholder to the raw column it is a part of: a sparse column has three."""
    for name, recorded in graph.meta.object_graph_def.concrete_functions.items():
        parts = list(_parts(recorded.canonicalized_input_signature))
        if len(parts) == len(signature.inputs) > 0:
            # The function takes the parts of its columns first, then what it captured; the signature has its names.
            arguments = [one.name for one in graph.functions[name].signature.input_arg][: len(parts)]
            if set(arguments) == set(signature.inputs):
                placeholders = [signature.inputs[one].name.partition(":")[0] for one in arguments]
                return dict(zip(placeholders, parts, strict=True))
    raise ValueError("the transform graph does not say which columns go in: it is not one of TensorFlow 2")


def _parts(signature: Any) -> Iterator[str]:
    """The column of each tensor that goes into a function that takes a dict of columns, as TensorFlow flattens it."""
    for argument in (one for values in signature.tuple_value.values for one in values.tuple_value.values):
        for column, spec in sorted(argument.dict_value.fields.items()):
            count = spec.type_spec_value.num_flat_components if spec.HasField("type_spec_value") else 1
            yield from [column] * count


def _tables(graph: SavedGraph) -> Mapping[str, str]:
    """Table to the file of its vocabulary: an asset's path goes through a variable into the call that fills it."""
    assets = {one.tensor_info.name.partition(":")[0]: one.filename for one in graph.meta.asset_file_def}
    variables = {}
    for node in graph.nodes.values():
        if node.op == "AssignVariableOp" and node.input[1].partition(":")[0] in assets:
            variables[node.input[0].partition(":")[0]] = assets[node.input[1].partition(":")[0]]
    found = {}
    for node in graph.nodes.values():
        inputs = [graph.nodes[one.partition(":")[0]] for one in node.input if not one.startswith("^")]
        tables = [one.name for one in inputs if one.op in _TABLES]
        reads = [one.input[0].partition(":")[0] for one in inputs if one.op == "ReadVariableOp"]
        if len(tables) == 1 and len(reads) == 1 and reads[0] in variables:
            found[tables[0]] = variables[reads[0]]
    return found


def _scope(node: str) -> str:
    return node.partition("/")[0]


def _analyzers(found: set[tuple[str, str | None]], sizes: Mapping[str, int]) -> Iterator[Analyzer]:
    """One for each scope; of those with a table the vocabulary."""
    scopes: dict[str, str | None] = {}
    for scope, vocabulary in found:
        scopes[scope] = scopes.get(scope) or vocabulary
    for scope, vocabulary in sorted(scopes.items()):
        yield Analyzer(_NUMBER.sub("", scope), vocabulary, sizes.get(vocabulary) if vocabulary else None)
