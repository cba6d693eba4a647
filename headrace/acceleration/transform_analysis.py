"""TensorFlow Transform's analysis: its own analyzers, fed with batches directly.

What is done with every row, applying the graph and adding to accumulators, is done here, for all
analyzers of a phase in one pass. What is done with the accumulators is left to the transforms
that TensorFlow Transform has for Beam.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from tensorflow_transform import nodes
from tensorflow_transform.beam import beam_nodes
from tensorflow_transform.beam.analyzer_cache import BeamAnalysisCache, DatasetKey
from tensorflow_transform.beam.common import ConstructBeamPipelineVisitor
from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig

from headrace.acceleration.eager_runner import EagerRunner
from headrace.acceleration.transform_accumulators import Accumulation, accumulations
from headrace.acceleration.transform_model import TransformModel
from headrace.acceleration.transform_tracing import AnalysisPlan, TracedFn

Batches = Callable[[DatasetKey], Iterable[pa.RecordBatch]]


@dataclass(frozen=True)
class Analysis:
    """What an analysis found.

    Attributes:
        saved_model: the folder of the transform function.
        cache: what can spare a later analysis these rows, by dataset and entry; None if there is no cache.
    """

    saved_model: str
    cache: dict[DatasetKey, dict[str, list[bytes]]] | None


@dataclass(frozen=True)
class _Applied:
    """Stands for what the graph of a phase makes of rows, before or after some outputs were picked."""

    phase: int
    model: Any  # the collection with the folder of a saved model, or the operation that would save it


def analyze(
    traced: TracedFn,
    plan: AnalysisPlan,
    runner: EagerRunner,
    *,
    cache: BeamAnalysisCache | None,
    keys: Sequence[DatasetKey],
    batches: Batches,
    adapter: TensorAdapterConfig,
    save_options: Any,
) -> Analysis:
    """Analyzes datasets, and saves the transform function.

    Args:
        traced: the function, traced.
        plan: what is to be done.
        runner: does the steps on small things.
        cache: what is known of the datasets: collections of `runner`.
        keys: of the datasets.
        batches: gives the rows of a dataset, again for each phase.
        adapter: how they become tensors.
        save_options: how to save the transform function.

    Raises:
        NotEqualError: an analyzer does what only Beam can do.
        ValueError: an operation of the graph failed.
    """
    arguments = ConstructBeamPipelineVisitor.ExtraArgs(
        base_temp_dir=str(traced.temporary),
        tf_config=None,
        pipeline=runner.pipeline,
        flat_pcollection=None,
        pcollection_dict={},
        graph=traced.graph,
        input_signature=traced.inputs,
        input_specs=traced.specs,
        input_tensor_adapter_config=adapter,
        use_tf_compat_v1=traced.use_tf_compat_v1,
        cache_pcoll_dict=cache,
        preprocessing_fn=traced.preprocessing_fn,
        analyzers_fingerprint=traced.fingerprint(),
        save_options=save_options,
    )
    traverser = nodes.Traverser(_Visitor(arguments, traced, runner, accumulations(plan), sorted(keys), batches))

    def elements(node: nodes.ValueNode) -> list[Any]:
        return runner.elements(traverser.visit_value_node(node))

    (saved_model,) = elements(plan.transform_fn)
    for node in plan.side_effects:
        elements(node)
    if plan.cache is None:
        return Analysis(saved_model, None)
    found = {key: {entry: elements(node) for entry, node in entries.items()} for key, entries in plan.cache.items()}
    return Analysis(saved_model, found)


class _Visitor(ConstructBeamPipelineVisitor):
    """Does the operations on rows itself, and the others by their transforms."""

    def __init__(
        self,
        arguments: ConstructBeamPipelineVisitor.ExtraArgs,
        traced: TracedFn,
        runner: EagerRunner,
        gathering: Sequence[Accumulation],
        keys: Sequence[DatasetKey],
        batches: Batches,
    ) -> None:
        super().__init__(arguments)
        self._traced, self._runner, self._gathering = traced, runner, gathering
        self._keys, self._batches = keys, batches
        self._gathered: dict[str, Accumulation] = {}  # by the label of the operation

    def visit(self, operation: nodes.OperationDef, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """What an operation makes of its inputs."""
        if isinstance(operation, beam_nodes.ExtractInputForSavedModel):
            return (None,)  # whose rows they are is known from the plan
        if (
            isinstance(operation, beam_nodes.CreateSavedModel)
            and self._gathering
            and not inputs
            and self._traced.can_run
        ):
            return (operation,)  # the first phase: nothing is known yet, the graph is as it was traced
        if isinstance(operation, beam_nodes.ApplySavedModel):
            return (_Applied(operation.phase, inputs[0]),)
        if not any(isinstance(one, _Applied) for one in inputs):
            return self._done(operation, inputs)
        if isinstance(operation, beam_nodes.ExtractFromDict):
            return inputs
        if operation.label not in self._gathered:
            self._gather(inputs[0])
        accumulator = self._gathered.pop(operation.label).accumulator
        elements = self._runner.collection(accumulator.elements())
        return (elements,) if accumulator.whole else self._done(operation, (elements,))

    def validate_value(self, value: Any) -> None:
        """Lets through what stands for rows."""
        if value is not None and not isinstance(value, _Applied | beam_nodes.CreateSavedModel):
            super().validate_value(value)

    def _done(self, operation: nodes.OperationDef, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """What an operation's transform makes of collections."""
        try:
            return super().visit(operation, inputs)
        except RuntimeError as error:  # "Failed to apply", for whatever was raised; here it is done when it is applied
            raise error.__cause__ or error from None

    def _gather(self, applied: _Applied) -> None:
        """Reads the rows that a phase needs, once, for all its analyzers."""
        adapter, v1 = self._extra_args.input_tensor_adapter_config, self._extra_args.use_tf_compat_v1
        if isinstance(applied.model, beam_nodes.CreateSavedModel):
            model = TransformModel.traced(self._traced, applied.model.output_signature, adapter)
        else:
            (folder,) = self._runner.elements(applied.model)
            model = TransformModel.saved(folder, adapter, use_tf_compat_v1=v1)
        of_phase = [one for one in self._gathering if one.phase == applied.phase]
        for key in self._keys:
            accumulators = [one.accumulator for one in of_phase if one.dataset in (None, key)]
            if accumulators:
                for batch in self._batches(key):
                    outputs = model.arrays(batch)
                    for accumulator in accumulators:
                        accumulator.add(outputs)
        self._gathered |= {one.label: one for one in of_phase}
