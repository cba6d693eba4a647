"""What TensorFlow Transform's analyzers gather over all rows, gathered batch by batch."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tensorflow_transform import analyzer_nodes, nodes
from tensorflow_transform.analyzers import _VocabOrderingType
from tensorflow_transform.beam import analyzer_impls, beam_nodes
from tensorflow_transform.beam.analyzer_cache import DatasetKey

from headrace.acceleration.transform_tracing import AnalysisPlan

Outputs = Mapping[str, Any]  # of a phase's graph for a batch, arrays by name


class Accumulator:
    """Gathers nothing but what it is given: for an operation that does the rest itself."""

    whole = False  # whether `elements` are what the operation would put out, not what it takes

    def __init__(self, operation: nodes.OperationDef, keys: tuple[str, ...] | str | None) -> None:
        """Takes an operation, and which outputs it takes: one, a tuple of them, or with None all."""
        self._operation, self._keys = operation, keys
        self._gathered: list[Any] = []

    def add(self, outputs: Outputs) -> None:
        """Takes the outputs for a batch."""
        self._gathered.append(self._values(outputs))

    def elements(self) -> list[Any]:
        """The elements of a collection, when all batches were added."""
        return self._gathered

    def _values(self, outputs: Outputs) -> Any:
        if self._keys is None:
            return outputs
        if isinstance(self._keys, tuple):
            return tuple(outputs[key] for key in self._keys)
        return outputs[self._keys]


class _Combined(Accumulator):
    """One accumulator of one analyzer."""

    whole = True

    def __init__(self, operation: Any, keys: tuple[str, ...] | str | None) -> None:
        super().__init__(operation, keys)
        self._combiner = operation.combiner
        self._accumulator = self._combiner.create_accumulator()

    def add(self, outputs: Outputs) -> None:
        self._accumulator = self._combiner.add_input(self._accumulator, self._values(outputs))

    def elements(self) -> list[Any]:
        return [self._combiner.compact(self._accumulator)]


class _Packed(Accumulator):
    """One accumulator of each of several analyzers."""

    whole = True

    def __init__(self, operation: Any, keys: tuple[str, ...] | str | None) -> None:
        super().__init__(operation, keys)
        self._combined = {one.label: _Combined(one, one.keys) for one in operation.combiners}

    def add(self, outputs: Outputs) -> None:
        for one in self._combined.values():
            one.add(outputs)

    def elements(self) -> list[Any]:
        return [{label: one.elements()[0] for label, one in self._combined.items()}]


class _CombinedPerKey(Accumulator):
    """An accumulator for each key."""

    whole = True

    def __init__(self, operation: Any, keys: tuple[str, ...] | str | None) -> None:
        super().__init__(operation, keys)
        self._combiner = operation.combiner
        self._accumulators: dict[Any, Any] = {}

    def add(self, outputs: Outputs) -> None:
        for key, values in analyzer_impls._split_inputs_by_key(self._values(outputs)):
            accumulator = self._accumulators[key] if key in self._accumulators else self._combiner.create_accumulator()
            self._accumulators[key] = self._combiner.add_input(accumulator, values)

    def elements(self) -> list[Any]:
        return [(key, self._combiner.compact(accumulator)) for key, accumulator in self._accumulators.items()]


class _Counted(Accumulator):
    """How often each value is there."""

    whole = True

    def __init__(self, operation: Any, keys: tuple[str, ...] | str | None) -> None:
        super().__init__(operation, keys)
        self._counts: Counter[Any] = Counter()

    def add(self, outputs: Outputs) -> None:
        self._counts.update(analyzer_impls._flatten_value_to_list(self._values(outputs)))

    def elements(self) -> list[Any]:
        return list(self._counts.items())


@dataclass(frozen=True)
class Accumulation:
    """What is gathered for an operation.

    Attributes:
        label: of the operation.
        phase: in which it can be gathered.
        dataset: whose rows it needs; None for those of all.
        accumulator: gathers it.
    """

    label: str
    phase: int
    dataset: DatasetKey | None
    accumulator: Accumulator


def accumulations(plan: AnalysisPlan) -> list[Accumulation]:
    """What has to be gathered over rows."""
    found: dict[str, Accumulation] = {}
    for node in _operations(plan):
        operation = node.operation_def
        if not node.inputs or isinstance(operation, beam_nodes.ExtractFromDict):
            continue
        source, keys = node.inputs[0].parent_operation, None
        if isinstance(source.operation_def, beam_nodes.ExtractFromDict):
            source, keys = source.inputs[0].parent_operation, source.operation_def.keys
        if isinstance(source.operation_def, beam_nodes.ApplySavedModel):
            dataset = source.inputs[1].parent_operation.operation_def.dataset_key
            found[operation.label] = Accumulation(
                operation.label,
                source.operation_def.phase,
                None if dataset.is_flattened_dataset_key() else dataset,
                _accumulator(operation)(operation, keys),
            )
    return list(found.values())


def _accumulator(operation: nodes.OperationDef) -> type[Accumulator]:
    if isinstance(operation, analyzer_nodes.CacheableCombineAccumulate):
        return _Combined
    if isinstance(operation, analyzer_nodes.PackedCombineAccumulate):
        return _Packed
    if isinstance(operation, analyzer_nodes.CacheableCombinePerKeyAccumulate):
        return _CombinedPerKey
    if isinstance(operation, analyzer_nodes.VocabularyAccumulate):
        return _Counted if operation.vocab_ordering_type == _VocabOrderingType.FREQUENCY else Accumulator
    return Accumulator


def _operations(plan: AnalysisPlan) -> Iterator[nodes.OperationNode]:
    """All operations of a plan, some of them more than once."""
    pending = [plan.transform_fn, *plan.side_effects]
    pending += [node for of_dataset in (plan.cache or {}).values() for node in of_dataset.values()]
    seen: set[nodes.ValueNode] = set()
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            yield node.parent_operation
            pending += node.parent_operation.inputs
