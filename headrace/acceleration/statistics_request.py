"""What the stock StatisticsGen would be asked: of which splits, from which files, with which options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from tensorflow_data_validation.statistics.stats_options import StatsOptions
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components.util import examples_utils, tfxio_utils
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils, standard_component_specs
from tfx.utils import io_utils, json_utils

from headrace.acceleration.batch_statistics import generators_of, slice_functions_of
from headrace.acceleration.not_equal import NotEqualError
from headrace.errors import InputDataError

_FILE_FORMATS = frozenset({"tfrecords_gzip", "FORMAT_TFRECORDS_GZIP"})
_COMPRESSIONS = frozenset({CompressionTypes.GZIP, CompressionTypes.UNCOMPRESSED})


@dataclass(frozen=True)
class StatisticsRequest:
    """What is to be done.

    Attributes:
        files: of each split, in the order of the splits.
        options: the same for all splits; nothing is sampled.
        read_schema: the columns to read, if not all.
        sample_rates: what stands among the properties of the artifact; 1.0 for a split that is not sampled.
    """

    files: Mapping[str, Sequence[Path]]
    options: StatsOptions
    read_schema: schema_pb2.Schema | None
    sample_rates: Mapping[str, float]

    @classmethod
    def of(
        cls, input_dict: Mapping[str, Sequence[Artifact]], exec_properties: Mapping[str, Any]
    ) -> "StatisticsRequest":
        """What the stock executor would make of its arguments.

        Raises:
            NotEqualError: the stock executor has to do this.
            InputDataError: a split has no files.
        """
        if exec_properties.get(standard_component_specs.SHARDED_STATS_OUTPUT_KEY):
            raise NotEqualError("sharded statistics are asked for", why="sharded output is left to the stock executor")
        examples = artifact_utils.get_single_instance(list(input_dict[standard_component_specs.EXAMPLES_KEY]))
        _check_format(examples)
        options = _options(input_dict, exec_properties)
        splits = _split_names(examples, exec_properties)
        return cls(
            {split: _files(examples, split) for split in splits},
            options,
            options.schema if options.experimental_filter_read_paths else None,
            _sample_rates(splits, options, exec_properties),
        )


def _check_format(examples: Artifact) -> None:
    payload = examples_utils.get_payload_format(examples)
    if payload != example_gen_pb2.FORMAT_TF_EXAMPLE:
        raise NotEqualError(
            "examples are not tf.Examples", why=f"their format is {example_gen_pb2.PayloadFormat.Name(payload)}"
        )
    if (file_format := examples_utils.get_file_format(examples)) not in _FILE_FORMATS:
        raise NotEqualError("examples are not TFRecords", why=f"their file format is {file_format}")


def _options(input_dict: Mapping[str, Sequence[Artifact]], exec_properties: Mapping[str, Any]) -> StatsOptions:
    """The options, with the schema of the input.

    Raises:
        NotEqualError: the same statistics cannot be promised with them, or they are wrong.
    """
    try:
        options = StatsOptions()
        if given := exec_properties.get(standard_component_specs.STATS_OPTIONS_JSON_KEY):
            options = StatsOptions.from_json(given)
        if schemas := input_dict.get(standard_component_specs.SCHEMA_KEY):
            if options.schema:
                raise NotEqualError("the options are wrong", why="there are two schemas")
            uri = artifact_utils.get_single_uri(list(schemas))
            options.schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(uri))
        options = StatsOptions.from_json(options.to_json())  # as the stock executor does
        _check_options(options)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotEqualError("the options are wrong", why=str(error)) from error
    return options


def _check_options(options: StatsOptions) -> None:
    if options.experimental_result_partitions != 1 or options.experimental_num_feature_partitions != 1:
        raise NotEqualError("statistics are to be in parts", why="partitions are left to the stock executor")
    if options.experimental_filter_read_paths and (options.feature_allowlist or options.schema is None):
        raise NotEqualError("the options are wrong", why="experimental_filter_read_paths goes with a schema alone")
    if options.example_weight_map.all_weight_features() and options.weight_feature is None:
        # Stock gives the values of the others a weight of one for each batch that they are in.
        raise NotEqualError("statistics depend on how Beam deals out rows", why="only some features have weights")
    if max(options.num_top_values, options.num_rank_histogram_buckets) < 1:
        raise NotEqualError("the options are wrong", why="neither top values nor ranks are asked for")
    generators_of(options)
    slice_functions_of(options)


def _split_names(examples: Artifact, exec_properties: Mapping[str, Any]) -> list[str]:
    excluded = json_utils.loads(exec_properties.get(standard_component_specs.EXCLUDE_SPLITS_KEY) or "null") or []
    if not isinstance(excluded, list):
        raise NotEqualError("the options are wrong", why="exclude_splits is no list")
    if examples.has_custom_property(examples_utils.CUSTOM_SPLIT_PATTERN_PROPERTY_NAME):
        patterns = examples.get_string_custom_property(examples_utils.CUSTOM_SPLIT_PATTERN_PROPERTY_NAME)
        names = list(json_utils.loads(patterns))
    else:
        names = artifact_utils.decode_split_names(examples.split_names)
    splits = [name for name in names if name not in excluded]
    if not splits:
        raise NotEqualError("there is nothing to do", why="there are no splits")
    return splits


def _files(examples: Artifact, split: str) -> list[Path]:
    """The files of a split, by Beam's own idea of what a pattern matches.

    Raises:
        NotEqualError: one is compressed in another way than with gzip.
        InputDataError: there are none.
    """
    [[pattern], _] = tfxio_utils.get_file_format_and_patterns([examples], split)
    [match] = FileSystems.match([pattern])
    paths = sorted(Path(one.path) for one in match.metadata_list)
    if not paths:
        raise InputDataError("a split has no files", where=pattern, why="nothing matches the pattern")
    for path in paths:
        if (compression := CompressionTypes.detect_compression_type(str(path))) not in _COMPRESSIONS:
            raise NotEqualError("examples are compressed", where=str(path), why=f"with {compression}")
    return paths


def _sample_rates(splits: Sequence[str], options: StatsOptions, exec_properties: Mapping[str, Any]) -> dict[str, float]:
    """The rate of each split.

    Raises:
        NotEqualError: a split is to be sampled.
    """
    by_split = json_utils.loads(exec_properties.get(standard_component_specs.SAMPLE_RATE_BY_SPLIT_KEY) or "null") or {}
    rates = dict.fromkeys(splits, options.sample_rate or 1.0)
    rates.update({split: rate for split, rate in by_split.items() if split in rates})
    for split, rate in rates.items():
        if rate != 1:
            raise NotEqualError("rows are to be sampled", why=f"the sample rate of {split} is {rate}")
    return rates
