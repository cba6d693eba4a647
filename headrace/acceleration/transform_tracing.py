"""A preprocessing_fn, traced once, and what its graph tells before any data is read."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import wrap_function
from tensorflow.python.trackable import resource as tracking
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

from headrace.acceleration.users_function import place_of
from headrace.errors import ParameterError


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
        returned: what the function returned, of which `outputs` may be copies.
        module: keeps alive what the graph needs; None if it was traced as in TensorFlow 1.
        asset_map: the files of vocabularies by their keys.
        sinks: what stands in the graph for the results of analyzers.
    """

    preprocessing_fn: Callable[..., Any]
    specs: Mapping[str, tf.TypeSpec]
    temporary: Path
    graph: Any
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    returned: Mapping[str, Any]
    module: tf.Module | None
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
            ParameterError: the function returns nothing that can be written, or has variables that could be trained.
        """
        returned: dict[str, Any] = {}

        def recording(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
            outputs = preprocessing_fn(inputs)
            if isinstance(outputs, dict):
                returned.update(outputs)
            return outputs

        module = None
        if tf2_utils.use_tf_compat_v1(force_tf_compat_v1):
            graph, inputs, outputs = impl_helper.trace_preprocessing_function(recording, specs, True)
        else:
            module = tf.Module()
            context = graph_context.TFGraphContext(module, str(temporary), evaluated_replacements=None)
            fn = impl_helper.get_traced_transform_fn(recording, specs, context)
            concrete = _trace(module, fn)
            graph, outputs = concrete.graph, concrete.structured_outputs
            inputs = tf2_utils.get_structured_inputs_from_func_graph(graph)
        # As AnalyzeDataset does it.
        if not isinstance(outputs, dict):
            returned_type = type(outputs).__name__
            raise _refused(preprocessing_fn, f"returned no dict of tensors by name but a {returned_type}: {outputs}")
        if not outputs:
            raise _refused(preprocessing_fn, "returned an empty dict: no feature would be left")
        if trainable := graph.get_collection(tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES):
            names = ", ".join(variable.name for variable in trainable)
            raise _refused(preprocessing_fn, f"has variables that could be trained: {names}")
        asset_map = annotators.get_asset_annotations(graph)
        annotators.clear_asset_annotations(graph)
        sinks = tuple(graph.get_collection(analyzer_nodes.TENSOR_REPLACEMENTS))
        return cls(preprocessing_fn, specs, temporary, graph, inputs, outputs, returned, module, asset_map, sinks)

    @property
    def use_tf_compat_v1(self) -> bool:
        """Whether it was traced as in TensorFlow 1."""
        return self.module is None

    @property
    def can_run(self) -> bool:
        """Whether parts of the graph can be run as they are: nothing in it acts but by what it puts out.

        Assertions and prints would be left out; of tables, what is used is filled first.
        """
        acts = () if self.module is None else self.graph.control_outputs
        return self.module is not None and all(op.type.startswith(("LookupTable", "InitializeTable")) for op in acts)

    def part(self, outputs: Mapping[str, tf.Tensor]) -> Any:
        """A function of the same inputs that puts out other tensors of the graph."""
        variables = wrap_function.VariableHolder(share_variables=True)
        whole = wrap_function.WrappedFunction(self.graph, variable_holder=variables)
        signature = self.graph.structured_input_signature
        return whole.prune(feeds=self.graph.inputs, fetches=dict(outputs), input_signature=signature)

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
        names = schema_inference._get_tensor_value_to_key_map(self.returned)
        overridden = self.graph.get_collection(schema_inference._TF_METADATA_TENSOR_COLLECTION)
        features = [tf.constant(names[tensor.name]) for tensor in overridden if tensor.name in names]
        # What TensorFlow Transform would have from a function of its own, for which it traces once more.
        known = {schema_inference._TF_METADATA_TENSOR_COLLECTION: features}
        return schema_inference.infer_feature_schema_v2(self.outputs, lambda: known, evaluate_schema_overrides=False)


def _refused(preprocessing_fn: Callable[..., Any], what: str) -> ParameterError:
    return ParameterError(f"the preprocessing function {what}", where=place_of(preprocessing_fn))


def _trace(module: tf.Module, fn: Any) -> Any:
    """Traces `fn`; `module` keeps the tables and variables that it makes."""
    tables, others, variables = tracking.ResourceTracker(), annotators.ObjectTracker(), []

    def keep(create: Callable[..., tf.Variable], **arguments: Any) -> tf.Variable:
        variables.append(create(**arguments))
        return variables[-1]

    with (
        tracking.resource_tracker_scope(tables),
        annotators.object_tracker_scope(others),
        tf.variable_creator_scope(keep),
    ):
        concrete = fn.get_concrete_function()
    module.kept = [fn, tables.resources, others.trackable_objects, variables]
    return concrete
