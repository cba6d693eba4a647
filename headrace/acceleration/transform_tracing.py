"""A preprocessing_fn, traced once, and what its graph tells before any data is read."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform import (
    analyzer_nodes,
    annotators,
    graph_context,
    graph_tools,
    impl_helper,
    nodes,
    schema_inference,
    tf2_utils,
)
from tensorflow_transform.beam import analysis_graph_builder
from tensorflow_transform.beam.analyzer_cache import BeamAnalysisCache, DatasetKey


@dataclass(frozen=True)
class AnalysisPlan:
    """What TensorFlow Transform would do with the data.

    Attributes:
        transform_fn: the node that stands for the saved transform function.
        cache: nodes that stand for what goes into a cache, by dataset and entry; None if nothing does.
        side_effects: nodes that are visited for what they do.
    """

    transform_fn: nodes.ValueNode
    cache: Mapping[DatasetKey, Mapping[str, nodes.ValueNode]] | None
    side_effects: Sequence[nodes.ValueNode]


@dataclass(frozen=True)
class TracedFn:
    """A traced preprocessing_fn.

    Attributes:
        preprocessing_fn: what was traced.
        specs: the types of its inputs.
        temporary: a folder for files that tracing makes.
        graph: its graph.
        inputs: by name, tensors of the graph.
        outputs: by name, tensors of the graph.
        use_tf_compat_v1: whether it was traced as in TensorFlow 1.
        asset_map: the files of vocabularies by their keys.
        sinks: what stands in the graph for the results of analyzers.
    """

    preprocessing_fn: Callable[..., Any]
    specs: Mapping[str, tf.TypeSpec]
    temporary: Path
    graph: tf.Graph
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    use_tf_compat_v1: bool
    asset_map: dict[str, str]
    sinks: tuple[Any, ...]

    @classmethod
    def of(
        cls,
        preprocessing_fn: Callable[..., Any],
        specs: Mapping[str, tf.TypeSpec],
        temporary: Path,
        *,
        force_tf_compat_v1: bool,
    ) -> "TracedFn":
        """Traces; what `preprocessing_fn` raises comes through as it is.

        Args:
            preprocessing_fn: what to trace.
            specs: the types of its inputs.
            temporary: a folder for files that tracing makes.
            force_tf_compat_v1: whether to trace as in TensorFlow 1.

        Raises:
            ValueError: the function returns nothing that can be written, or has variables that could be trained.
        """
        v1 = tf2_utils.use_tf_compat_v1(force_tf_compat_v1)
        graph, inputs, outputs = impl_helper.trace_preprocessing_function(preprocessing_fn, specs, v1, str(temporary))
        # As AnalyzeDataset does it.
        if not isinstance(outputs, dict):
            raise ValueError(
                "A `preprocessing_fn` must return a Dict[str, Union[tf.Tensor, tf.SparseTensor, tf.RaggedTensor]]. "
                f"Got: {outputs}"
            )
        if not outputs:
            raise ValueError("The preprocessing function returned an empty dict")
        if trainable := graph.get_collection(tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES):
            raise ValueError(f"The preprocessing function contained trainable variables {trainable}")
        asset_map = annotators.get_asset_annotations(graph)
        annotators.clear_asset_annotations(graph)
        sinks = tuple(graph.get_collection(analyzer_nodes.TENSOR_REPLACEMENTS))
        return cls(preprocessing_fn, specs, temporary, graph, inputs, outputs, v1, asset_map, sinks)

    def analyzed_columns(self) -> list[str]:
        """The inputs that analyzers need, as `tft.get_analyze_input_columns` finds them."""
        visitor = graph_tools.SourcedTensorsVisitor()
        for sink in self.sinks:
            nodes.Traverser(visitor).visit_value_node(sink.future)
        control: Sequence[Any] = ()
        if not self.use_tf_compat_v1:
            flat = tf.nest.flatten(self.outputs, expand_composites=True)
            _, control = tf2_utils.strip_and_get_tensors_and_control_dependencies(flat)
        needed = list(itertools.chain(visitor.sourced_tensors, control))
        return list(graph_tools.get_dependent_inputs(self.graph, self.inputs, needed))

    def transformed_columns(self) -> list[str]:
        """The inputs on which outputs depend, as `tft.get_transform_input_columns` finds them."""
        return list(graph_tools.get_dependent_inputs(self.graph, self.inputs, self.outputs))

    def plan(self, keys: Sequence[DatasetKey], cache: BeamAnalysisCache | None) -> AnalysisPlan:
        """What is to be done with datasets of these keys, given a cache."""
        self.graph.clear_collection(analyzer_nodes.TENSOR_REPLACEMENTS)
        for sink in self.sinks:  # planning takes them out
            self.graph.add_to_collection(analyzer_nodes.TENSOR_REPLACEMENTS, sink)
        return AnalysisPlan(*analysis_graph_builder.build(self.graph, self.inputs, self.outputs, keys, cache))

    def fingerprint(self) -> Mapping[str, Any] | None:
        """Tells later traces of the same function whether its analyzers come in the same order."""
        if self.use_tf_compat_v1:
            return None
        return graph_tools.get_analyzers_fingerprint(self.graph, self.inputs)

    def schema(self) -> schema_pb2.Schema:
        """The schema of the outputs as far as it is known before the analysis."""
        if self.use_tf_compat_v1:
            return schema_inference.infer_feature_schema(self.outputs, self.graph)
        context = graph_context.TFGraphContext(
            module_to_export=tf.Module(), temp_dir=str(self.temporary), evaluated_replacements={}
        )
        metadata_fn = schema_inference.get_traced_metadata_fn(
            preprocessing_fn=self.preprocessing_fn,
            structured_inputs=self.inputs,
            tf_graph_context=context,
            evaluate_schema_overrides=False,
        )
        return schema_inference.infer_feature_schema_v2(self.outputs, metadata_fn, evaluate_schema_overrides=False)
