"""What a Transform executor is given, resolved as the stock one resolves it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from tensorflow_transform.beam.analyzer_cache import DatasetKey
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata
from tfx.components.transform import executor as stock
from tfx.components.transform import executor_utils, labels
from tfx.components.transform.stats_options_util import StatsType
from tfx.components.util import examples_utils, tfxio_utils
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils, standard_component_specs
from tfx.utils import io_utils
from tfx_bsl.tfxio.tfxio import TFXIO

from headrace.acceleration.example_reading import split_files
from headrace.acceleration.not_equal import NotEqualError

PreprocessingFn = Callable[[Mapping[str, Any]], Mapping[str, Any]]
StatsOptionsUpdaterFn = Callable[[StatsType, tfdv.StatsOptions], tfdv.StatsOptions]
_FILE_FORMAT = "tfrecords_gzip"


@dataclass(frozen=True)
class Dataset:
    """A split of an Examples artifact.

    Attributes:
        key: what its part of an analyzer cache is called.
        files: its TFRecord files.
        tfxio: how the stock executor would read it.
        output: where its transformed examples go, if anywhere.
    """

    key: DatasetKey
    files: tuple[Path, ...]
    tfxio: TFXIO
    output: Path | None = None


@dataclass(frozen=True)
class StatisticsPaths:
    """Where statistics of one kind go; no anomalies are looked for where there is no path for them."""

    statistics: Path
    schema: Path
    anomalies: Path | None = None


@dataclass(frozen=True)
class TransformInputs:
    """What there is to do.

    Attributes:
        analyzed: splits to analyze, in the order of their keys.
        transformed: splits to transform, in the order of their keys; none if nobody wants them.
        metadata: the schema of the examples.
        graph: the folder of the transform graph.
        statistics: where statistics before and after go; None if there are to be none.
        input_cache: an analyzer cache to use.
        output_cache: where the analyzer cache goes.
        force_tf_compat_v1: whether to trace and run as in TensorFlow 1.
        save_options: how to save the transform graph.
    """

    analyzed: tuple[Dataset, ...]
    transformed: tuple[Dataset, ...]
    metadata: DatasetMetadata
    graph: Path
    statistics: tuple[StatisticsPaths, StatisticsPaths] | None
    input_cache: str | None
    output_cache: str | None
    force_tf_compat_v1: bool
    save_options: Any

    @classmethod
    def of(
        cls,
        input_dict: Mapping[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: Mapping[str, Any],
    ) -> "TransformInputs":
        """Resolves what TFX gives the executor; names the splits of the output.

        Raises:
            NotEqualError: examples are in a form that is not read here.
        """
        examples = input_dict[standard_component_specs.EXAMPLES_KEY]
        executor_utils.MatchNumberOfTransformedExamplesArtifacts(input_dict, output_dict)
        splits = executor_utils.ResolveSplitsConfig(
            exec_properties.get(standard_component_specs.SPLITS_CONFIG_KEY), examples
        )
        payload, data_view = tfxio_utils.resolve_payload_format_and_data_view_uri(examples)
        formats = [examples_utils.get_file_format(artifact) for artifact in examples]
        if reason := _why_not_read(payload, data_view, formats):
            raise NotEqualError("the stock Transform has to do this", why=reason)
        schema_folder = artifact_utils.get_single_uri(input_dict[standard_component_specs.SCHEMA_KEY])
        schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
        metadata = DatasetMetadata(schema)
        transformed_examples = output_dict.get(standard_component_specs.TRANSFORMED_EXAMPLES_KEY)
        executor_utils.SetSplitNames(splits.transform, transformed_examples)

        def datasets(names: Iterable[str], outputs: Sequence[str | None] = ()) -> tuple[Dataset, ...]:
            uris = [uri for name in names for uri in artifact_utils.get_split_uris(examples, name)]
            given = zip(uris, outputs or (None,) * len(uris), strict=True)
            made = [_dataset(uri, payload, metadata, output) for uri, output in given]
            return tuple(sorted(made, key=lambda dataset: dataset.key))

        graph = artifact_utils.get_single_uri(output_dict[standard_component_specs.TRANSFORM_GRAPH_KEY])
        disabled = bool(exec_properties.get(standard_component_specs.DISABLE_STATISTICS_KEY, 0))
        outputs = executor_utils.GetSplitPaths(transformed_examples)
        return cls(
            datasets(splits.analyze),
            datasets(splits.transform, outputs) if outputs or not disabled else (),
            metadata,
            Path(graph),
            None if disabled else _statistics_paths(output_dict, graph),
            _uri(input_dict, standard_component_specs.ANALYZER_CACHE_KEY),
            _uri(output_dict, standard_component_specs.UPDATED_ANALYZER_CACHE_KEY),
            bool(exec_properties.get(standard_component_specs.FORCE_TF_COMPAT_V1_KEY, 0)),
            exec_properties.get(standard_component_specs.SAVE_OPTIONS_KEY),
        )


def _why_not_read(payload: int, data_view: str | None, formats: Sequence[str]) -> str:
    if payload != example_gen_pb2.FORMAT_TF_EXAMPLE:
        return f"the payload format is {example_gen_pb2.PayloadFormat.Name(payload)}"
    if data_view is not None:
        return "examples are read through a data view"
    other = [file_format for file_format in formats if file_format != _FILE_FORMAT]
    return f"the file format is {other[0]}" if other else ""


def _dataset(uri: str, payload: int, metadata: DatasetMetadata, output: str | None) -> Dataset:
    files = split_files(Path(uri)) if Path(uri).is_dir() else []
    if not files:
        raise NotEqualError("the stock Transform has to do this", why=f"there are no files in {uri}")
    pattern = io_utils.all_files_pattern(uri)
    # The key of a dataset in a cache comes of this class alone; so does what TFX knows of reading it.
    dataset = stock._Dataset(pattern, _FILE_FORMAT, payload, None)
    tfxio = stock.TransformProcessor()._CreateTFXIO(dataset, metadata.schema)
    return Dataset(dataset.dataset_key, tuple(files), tfxio, Path(output) if output else None)


def _statistics_paths(output_dict: dict[str, list[Artifact]], graph: str) -> tuple[StatisticsPaths, StatisticsPaths]:
    paths = executor_utils.GetStatsOutputPathEntries(False, output_dict)
    if not paths:
        before, after = (
            Path(graph, path).parent
            for path in (
                stock.tft.TFTransformOutput.PRE_TRANSFORM_FEATURE_STATS_PATH,
                stock.tft.TFTransformOutput.POST_TRANSFORM_FEATURE_STATS_PATH,
            )
        )
        return (
            StatisticsPaths(before / stock.STATS_FILE, before / stock._SCHEMA_FILE),
            StatisticsPaths(after / stock.STATS_FILE, after / stock._SCHEMA_FILE, after / stock._ANOMALIES_FILE),
        )
    return (
        StatisticsPaths(
            Path(paths[labels.PRE_TRANSFORM_OUTPUT_STATS_PATH_LABEL], stock.STATS_FILE),
            Path(paths[labels.PRE_TRANSFORM_OUTPUT_SCHEMA_PATH_LABEL], stock._SCHEMA_FILE),
        ),
        StatisticsPaths(
            Path(paths[labels.POST_TRANSFORM_OUTPUT_STATS_PATH_LABEL], stock.STATS_FILE),
            Path(paths[labels.POST_TRANSFORM_OUTPUT_SCHEMA_PATH_LABEL], stock._SCHEMA_FILE),
            Path(paths[labels.POST_TRANSFORM_OUTPUT_ANOMALIES_PATH_LABEL], stock._ANOMALIES_FILE),
        ),
    )


def _uri(artifacts: Mapping[str, list[Artifact]], key: str) -> str | None:
    return next(iter(executor_utils.GetCachePathEntry(key, artifacts).values()), None)
