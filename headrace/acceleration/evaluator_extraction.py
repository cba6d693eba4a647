"""What TFMA's extractors make of examples, a batch at a time."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.extractors import slice_key_extractor, unbatch_extractor
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import util
from tfx.components.util import tfxio_utils
from tfx.types import Artifact, artifact_utils
from tfx.utils import io_utils
from tfx_bsl.tfxio import dataset_options, tensor_adapter

from headrace.acceleration.dofn_chain import DoFnChain
from headrace.acceleration.evaluator_columns import Batch
from headrace.acceleration.not_equal import NotEqualError

# As many as Beam gives TFMA at the most: a model may need memory for each.
_BATCH = dataset_options.RecordBatchesOptions(1000, num_epochs=1, shuffle=False)
# Done here for whole batches, by SlicedMetrics.
_BY_EXAMPLE = (unbatch_extractor.UNBATCH_EXTRACTOR_STAGE_NAME, slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME)


def extracted(
    examples: Sequence[Artifact], splits: Sequence[str], schema: Any, config: config_pb2.EvalConfig, models: Any
) -> Iterator[Batch]:
    """Batches of features, labels, weights and predictions.

    Args:
        examples: artifacts.
        splits: names of those to read.
        schema: of the examples, if there is one.
        config: with its defaults.
        models: TFMA's shared models: one, or a list of any other number.

    Raises:
        NotEqualError: TFMA extracts in a way of its own from these examples, or for this configuration.
    """
    tfxio_factory = tfxio_utils.get_tfxio_factory_from_artifact(
        list(examples), ["Evaluator"], schema, raw_record_column_name=tfma.constants.ARROW_INPUT_COLUMN
    )
    uris = [uri for split in splits for uri in artifact_utils.get_split_uris(list(examples), split)]
    if any(len({name.endswith(".gz") for name in os.listdir(uri)}) > 1 for uri in uris):
        raise NotEqualError("the stock Evaluator has to do this", why="some files of a split are compressed")
    sources = [tfxio_factory(io_utils.all_files_pattern(uri)) for uri in uris]
    adapter = None
    if schema is not None:
        arrow_schema, representations = sources[-1].ArrowSchema(), sources[-1].TensorRepresentations()
        adapter = tensor_adapter.TensorAdapterConfig(arrow_schema, representations)
    extractors = tfma.default_extractors(
        eval_shared_model=models, eval_config=config, tensor_adapter_config=adapter, config_version=2
    )
    if tuple(extractor.stage_name for extractor in extractors[-len(_BY_EXAMPLE) :]) != _BY_EXAMPLE:
        raise NotEqualError("the stock Evaluator has to do this", why="TFMA's extractors are others")
    chain = DoFnChain.of(extractor.ptransform for extractor in extractors[: -len(_BY_EXAMPLE)])
    # TensorFlow formats what a signature is called with, for an error that it then drops; NumPy prints
    # up to 1000 values in full, which takes longer than most models.
    with chain.ready(), np.printoptions(threshold=1):
        for source in sources:
            for record_batch in source.RecordBatches(_BATCH):
                # More than one where a model took the examples only one by one.
                for made in chain.process({tfma.ARROW_RECORD_BATCH_KEY: record_batch}):
                    yield Batch(made, util.batch_size(made), config)
