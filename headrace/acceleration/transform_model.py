"""A transform function, applied to batches."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf
from apache_beam.utils.shared import Shared
from tensorflow_transform import tf2_utils
from tensorflow_transform.beam import impl
from tensorflow_transform.saved import saved_transform_io_v2
from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig

from headrace.acceleration.transform_tracing import TracedFn


class TransformModel:
    """What a transform function makes of batches; several threads may ask."""

    def __init__(self, step: impl._RunMetaGraphDoFn, folder: str) -> None:
        """Takes a step that has its graph."""
        self._step, self._folder = step, folder

    @classmethod
    def saved(cls, folder: str, adapter: TensorAdapterConfig, *, use_tf_compat_v1: bool) -> "TransformModel":
        """The transform function saved in `folder`.

        Args:
            folder: where it is saved.
            adapter: how batches become tensors.
            use_tf_compat_v1: whether it is run as in TensorFlow 1.
        """
        step = _step(adapter, use_tf_compat_v1)
        step._graph_state = step._make_graph_state(folder)
        return cls(step, folder)

    @classmethod
    def traced(
        cls, traced: TracedFn, outputs: Mapping[str, tf.Tensor], adapter: TensorAdapterConfig
    ) -> "TransformModel":
        """Some tensors of a traced function, by name, without saving it."""
        step = _step(adapter, False)
        loader, fed = _TracedLoader(traced, outputs), set(adapter.tensor_representations)
        loader.finalize(fed, outputs)
        step._graph_state = step._GraphStateCommon("", fed, set(outputs), loader.apply_transform_model)
        return cls(step, "")

    def apply(self, batch: pa.RecordBatch) -> dict[str, Any]:
        """Tensors of the outputs by name.

        Raises:
            ValueError: an operation of the graph failed.
        """
        (outputs,) = self._step.process(batch, self._folder)
        return outputs

    def arrays(self, batch: pa.RecordBatch) -> dict[str, Any]:
        """The outputs as arrays, where they are dense."""
        outputs = self.apply(batch)
        return {name: np.asarray(one) if isinstance(one, tf.Tensor) else one for name, one in outputs.items()}


class _TracedLoader(saved_transform_io_v2.SavedModelLoader):
    """Stands in for one that has loaded a function, with a function that was traced."""

    def __init__(self, traced: TracedFn, outputs: Mapping[str, tf.Tensor]) -> None:
        function = traced.part(outputs)
        graph = function.graph
        inputs = tf2_utils.get_structured_inputs_from_func_graph(graph)
        structured = tf.nest.pack_sequence_as(graph.structured_outputs, graph.outputs, expand_composites=True)
        sources = saved_transform_io_v2._get_output_to_inputs_map(structured)
        self._initialize(False, traced, function, inputs, structured, sources)


def _step(adapter: TensorAdapterConfig, use_tf_compat_v1: bool) -> impl._RunMetaGraphDoFn:
    """TensorFlow Transform's own step, which knows both ways to load and to run, and what to say of errors."""
    step = impl._RunMetaGraphDoFn(
        impl._FIXED_PARALLELISM_TF_CONFIG,
        shared_graph_state_handle=Shared(),
        passthrough_keys=(),
        use_tf_compat_v1=use_tf_compat_v1,
        input_tensor_adapter_config=adapter,
    )
    step.setup()
    return step
