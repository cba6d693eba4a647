"""The steps of a transformation: trace, analyze, save, transform."""

import json
import logging
import shutil
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform import TFTransformOutput, impl_helper
from tensorflow_transform.beam import impl
from tensorflow_transform.beam.analyzer_cache import DatasetKey
from tensorflow_transform.tf_metadata import metadata_io
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata
from tfx.components.transform import executor as stock
from tfx.components.transform.stats_options_util import StatsType
from tfx_bsl.tfxio import tensor_representation_util

from headrace.acceleration.eager_runner import EagerRunner
from headrace.acceleration.example_batches import record_batches
from headrace.acceleration.example_reading import Decoder
from headrace.acceleration.parallel import cores
from headrace.acceleration.transform_analysis import analyze
from headrace.acceleration.transform_cache import Cache
from headrace.acceleration.transform_inputs import Dataset, PreprocessingFn, StatsOptionsUpdaterFn, TransformInputs
from headrace.acceleration.transform_model import TransformModel
from headrace.acceleration.transform_rows import RowTransform, transform
from headrace.acceleration.transform_statistics import Statistics, statistics_options
from headrace.acceleration.transform_tracing import TracedFn

# Of decoded rows; they take some times as much as their files.
_KEPT_BYTES = 256 << 20


def run(
    given: TransformInputs, preprocessing_fn: PreprocessingFn, updater: StatsOptionsUpdaterFn | None, temporary: Path
) -> None:
    """Does what the stock executor's processor does, and writes what it writes.

    Args:
        given: what there is to do.
        preprocessing_fn: what makes features.
        updater: what the user wants of statistics.
        temporary: a folder for files that nobody needs afterwards.

    Raises:
        NotEqualError: the stock executor has to do this; nothing was written but in `temporary`.
    """
    specs = given.analyzed[0].tfxio.TensorAdapter().OriginalTypeSpecs()
    traced = TracedFn.of(preprocessing_fn, specs, temporary, force_tf_compat_v1=given.force_tf_compat_v1)
    analyzed_columns, transformed_columns = traced.analyzed_columns(), traced.transformed_columns()
    writes_rows = any(dataset.output for dataset in given.transformed)
    if given.statistics is None and not writes_rows and updater is None and not analyzed_columns:
        stock.TransformProcessor()._RunInPlaceImpl(
            preprocessing_fn, given.force_tf_compat_v1, given.metadata, specs, str(given.graph)
        )
        return
    if given.statistics is not None:
        analyzed_columns = sorted({*analyzed_columns, *transformed_columns})
    schema = traced.schema()
    before = after = None
    if given.statistics is not None:
        before = Statistics(statistics_options(updater, StatsType.PRE_TRANSFORM, given.metadata.schema))
        options = statistics_options(updater, StatsType.POST_TRANSFORM, schema, traced.asset_map, given.graph)
        after = Statistics(options)
    runner, keys = EagerRunner(), [dataset.key for dataset in given.analyzed]
    stored = Cache(given.input_cache, given.output_cache)
    cache = stored.of(traced, keys, runner)
    with ThreadPoolExecutor(cores()) as pool:
        again = given.transformed if set(transformed_columns) <= set(analyzed_columns) else ()
        rows = _AnalyzedRows(given, analyzed_columns, before, pool, again)
        analysis = analyze(
            traced,
            traced.plan(keys, cache),
            runner,
            cache=cache,
            keys=keys,
            batches=rows.of,
            adapter=given.analyzed[0].tfxio.Project(analyzed_columns).TensorAdapterConfig(),
            save_options=given.save_options,
        )
        rows.read_the_rest()
        metadata = impl._infer_metadata_from_saved_model(analysis.saved_model, traced.use_tf_compat_v1)
        _write_graph(given, analysis.saved_model, metadata, traced.asset_map)
        if analysis.cache is not None:
            stored.write(analysis.cache, keys, rows.sizes, runner)
        if given.statistics and before:
            before.write(given.statistics[0])
        if given.transformed:
            adapter = given.transformed[0].tfxio.Project(transformed_columns).TensorAdapterConfig()
            model = TransformModel.saved(analysis.saved_model, adapter, use_tf_compat_v1=traced.use_tf_compat_v1)
            decoder = _decoder(given.metadata.schema, transformed_columns)
            step = RowTransform.of(decoder, model, schema, metadata.schema)
            for dataset in given.transformed:
                decoded = [batch.select(adapter.arrow_schema.names) for batch in rows.kept.pop(dataset.key, [])]
                transform(dataset, step, [after] if after else [], pool, decoded)
        if given.statistics and after:
            after.write(given.statistics[1])
    logging.info("Transform graph written to %s.", given.graph)


class _AnalyzedRows:
    """The rows to analyze; counted, and in statistics, the first time that they are read.

    Those that are read again are kept, as long as all of them are few.
    """

    def __init__(
        self,
        given: TransformInputs,
        columns: list[str],
        statistics: Statistics | None,
        pool: Executor,
        again: Iterable[Dataset],
    ) -> None:
        self._datasets: dict[DatasetKey, Dataset] = {dataset.key: dataset for dataset in given.analyzed}
        self._decoder = _decoder(given.metadata.schema, columns)
        self._statistics, self._pool = statistics, pool
        self._again = {dataset.key for dataset in again}
        self.sizes: dict[DatasetKey, int] = {}  # in bytes
        self.kept: dict[DatasetKey, list[pa.RecordBatch]] = {}  # all rows of a dataset

    def of(self, key: DatasetKey) -> Iterable[pa.RecordBatch]:
        """The rows of a dataset."""
        if key in self.kept:
            yield from self.kept[key]
            return
        batches = record_batches(self._datasets[key].files, self._decoder, self._pool)
        if key in self.sizes:
            yield from batches
            return
        self.sizes[key] = 0
        kept: list[pa.RecordBatch] = []
        for batch in batches:
            self.sizes[key] += batch.nbytes
            if key in self._again and sum(self.sizes.values()) <= _KEPT_BYTES:
                kept.append(batch)
            else:
                kept.clear()
            if self._statistics:
                self._statistics.add(batch)
            yield batch
        if kept:
            self.kept[key] = kept

    def read_the_rest(self) -> None:
        """Reads what no analyzer needed, if there are to be statistics."""
        if self._statistics:
            for key in sorted(self._datasets.keys() - self.sizes.keys()):
                for _ in self.of(key):
                    pass


def _decoder(schema: schema_pb2.Schema, columns: list[str]) -> Decoder:
    return Decoder(tensor_representation_util.ProjectTensorRepresentationsInSchema(schema, columns))


def _write_graph(given: TransformInputs, saved_model: str, metadata: DatasetMetadata, assets: dict[str, str]) -> None:
    metadata_io.write_metadata(given.metadata, str(given.graph / TFTransformOutput.RAW_METADATA_DIR))
    transformed = given.graph / TFTransformOutput.TRANSFORMED_METADATA_DIR
    metadata_io.write_metadata(metadata, str(transformed))
    if assets:
        (transformed / TFTransformOutput.ASSET_MAP).write_text(json.dumps(assets))
    target = given.graph / TFTransformOutput.TRANSFORM_FN_DIR
    shutil.copytree(saved_model, target, ignore=shutil.ignore_patterns(impl_helper.METADATA_DIR_NAME))
