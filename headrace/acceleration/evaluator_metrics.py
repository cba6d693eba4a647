"""Metrics of all slices, computed by what TFMA's metrics are made of."""

from collections.abc import Iterator
from typing import Any

from tensorflow_model_analysis import constants
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as tfma_evaluator
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import model_util, util

from headrace.acceleration.dofn_chain import DoFnChain
from headrace.acceleration.evaluator_columns import Batch
from headrace.acceleration.evaluator_combining import adding
from headrace.acceleration.evaluator_confusion import faster
from headrace.acceleration.evaluator_slices import SliceKey, Slicer

Metrics = dict[Any, Any]  # by TFMA's MetricKey, PlotKey or AttributionsKey


class SlicedMetrics:
    """The metrics of an evaluation, which batches are added to."""

    def __init__(self, config: config_pb2.EvalConfig) -> None:
        """Makes the computations that a configuration, with its defaults, asks for.

        Args:
            config: without metrics by query and without confidence intervals.
        """
        specs = list(config.metrics_specs) or [config_pb2.MetricsSpec()]
        computations = metric_specs.to_computations(specs, eval_config=config)
        self._all = tfma_evaluator._filter_and_separate_computations(computations)
        self._config = config
        self._slicer = Slicer(config)
        self._combined = tfma_evaluator._ComputationsCombineFn(self._all.non_derived_computations)
        self._combined.setup()
        self._accumulators: dict[SliceKey, list[Any]] = {}

    def add(self, batch: Batch) -> None:
        """Adds a batch."""
        slices = self._slicer.slices(batch.extracts, batch.rows)
        combiners = self._combined._combiners
        adders = [adding(combiner, batch) for combiner in combiners]
        one_by_one = [index for index, add in enumerate(adders) if add is None]
        examples = self._examples(batch, one_by_one) if one_by_one else []
        for key, rows in slices.items():
            if key not in self._accumulators:
                self._accumulators[key] = list(self._combined.create_accumulator())
            accumulators = self._accumulators[key]
            for index, add in enumerate(adders):
                if add is not None:
                    accumulators[index] = add(accumulators[index], rows)
            for row in rows.tolist() if examples else ():
                for index, elements in zip(one_by_one, examples[row], strict=True):
                    accumulators[index] = combiners[index].add_inputs(accumulators[index], elements)

    def _examples(self, batch: Batch, which: list[int]) -> list[list[Any]]:
        """What some of the combiners take, for each example."""
        preprocessor = tfma_evaluator._PreprocessorDoFn([self._all.non_derived_computations[index] for index in which])
        preprocessor.setup()
        preprocessor.start_bundle()
        examples = []
        for example in util.split_extracts(batch.extracts):
            [element] = preprocessor.process({**example, constants.SLICE_KEY_TYPES_KEY: None})
            default = element.get(tfma_evaluator._DEFAULT_COMBINER_INPUT_KEY)
            inputs = element[tfma_evaluator._COMBINER_INPUTS_KEY]
            examples.append([default if own is None else own for own in inputs])
        preprocessor.finish_bundle()
        preprocessor.teardown()
        return examples

    def results(self) -> Iterator[tuple[SliceKey, Metrics]]:
        """Each slice's metrics, derived ones and differences from a baseline among them, without private ones."""
        baseline = model_util.get_baseline_model_spec(self._config)
        derived = tfma_evaluator._AddDerivedCrossSliceAndDiffMetrics(
            [faster(computation) for computation in self._all.derived_computations],
            self._all.cross_slice_computations,
            [],
            baseline.name if baseline else None,
        )
        with DoFnChain.of([derived]).ready() as chain:
            for key, accumulators in self._accumulators.items():
                [sliced] = chain.process((key, self._combined.extract_output(accumulators)))
                sliced = tfma_evaluator._add_ci_derived_metrics(sliced, self._all.ci_derived_computations)
                yield tfma_evaluator._remove_private_metrics(*sliced)
        self._combined.teardown()
