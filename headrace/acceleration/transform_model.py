"""A saved transform function, applied to batches."""

from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf
from apache_beam.utils.shared import Shared
from tensorflow_transform.beam import impl
from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig


class TransformModel:
    """What a saved transform function makes of batches; several threads may ask."""

    def __init__(self, folder: str, adapter: TensorAdapterConfig, *, use_tf_compat_v1: bool) -> None:
        """Loads it.

        Args:
            folder: where it is saved.
            adapter: how batches become tensors.
            use_tf_compat_v1: whether it is run as in TensorFlow 1.
        """
        # TensorFlow Transform's own step, which knows both ways to load and to run, and what to say of errors.
        self._folder = folder
        self._step = impl._RunMetaGraphDoFn(
            impl._FIXED_PARALLELISM_TF_CONFIG,
            shared_graph_state_handle=Shared(),
            passthrough_keys=(),
            use_tf_compat_v1=use_tf_compat_v1,
            input_tensor_adapter_config=adapter,
        )
        self._step.setup()
        self._step._graph_state = self._step._make_graph_state(folder)

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
