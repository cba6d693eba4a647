"""What stand-ins for ExampleGens have in common: what they are given, and what they say of what they made."""

import json
import logging
import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, TypeVar

from tfx.components.example_gen import utils, write_split
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils, standard_component_specs
from tfx.types.standard_artifacts import Examples
from tfx.utils import proto_utils

from headrace.acceleration.local_executor import Artifacts, LocalExecutor, why_not_here
from headrace.acceleration.parallel import cores
from headrace.acceleration.split_writing import Pieces, SplitFiles
from headrace.acceleration.splitting import HashSplit

ROWS = "headrace_rows"  # the property that has how many rows went into each split, as JSON
Source = TypeVar("Source")


class ExampleGenExecutor(LocalExecutor, Generic[Source]):
    """Stands in for a stock ExampleGen; what it writes differs in the order of the examples alone.

    Attributes:
        PAYLOAD_FORMATS: those of the stock executor that are made here.
    """

    PAYLOAD_FORMATS: tuple[int, ...] = (example_gen_pb2.FORMAT_TF_EXAMPLE,)

    @abstractmethod
    def sources(
        self, patterns: Sequence[str], exec_properties: Mapping[str, Any], pool: ThreadPoolExecutor
    ) -> list[Source]:
        """What is behind the patterns of the input splits, looked at before anything is written.

        Raises:
            NotEqualError: the stock executor has to read it.
            InputDataError: the stock executor would not read it either.
        """

    @abstractmethod
    def pieces(self, source: Source, split: HashSplit | None, pool: ThreadPoolExecutor) -> Iterator[Pieces]:
        """The examples of an input split, dealt out by `split` if there is one.

        Raises:
            NotEqualError: the stock executor has to read it.
            InputDataError: the stock executor would not read it either.
            ParameterError: the rows cannot be split by the feature that the configuration names.
        """

    def why_not(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Mapping[str, Any]) -> str:
        """Why the stock executor has to do this; empty if it need not: the formats, and where the files are."""
        payload = exec_properties.get(standard_component_specs.OUTPUT_DATA_FORMAT_KEY)
        if payload and payload not in self.PAYLOAD_FORMATS:
            return f"the payload format is {_name_of(example_gen_pb2.PayloadFormat, payload)}"
        file_format = exec_properties.get(standard_component_specs.OUTPUT_FILE_FORMAT_KEY)
        if file_format and file_format != example_gen_pb2.FORMAT_TFRECORDS_GZIP:
            return f"the file format is {_name_of(example_gen_pb2.FileFormat, file_format)}"
        read = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        return why_not_here(self._beam_pipeline_args, [read]) or super().why_not(
            input_dict, output_dict, exec_properties
        )

    def work(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads files and writes the splits.

        Args:
            input_dict: nothing, as for the stock executor.
            output_dict: `examples`, one artifact.
            exec_properties: the stock executor's.

        Raises:
            NotEqualError: the stock executor has to do this; nothing was written.
            InputDataError: the files are not what the stock executor would read; nothing was written.
            ParameterError: the rows cannot be split by the feature that the configuration names.
        """
        examples = artifact_utils.get_single_instance(output_dict[standard_component_specs.EXAMPLES_KEY])
        config, output = configs(exec_properties)
        names = utils.generate_output_split_names(config, output)
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        split = HashSplit.of(output.split_config) if output.split_config.splits else None
        with ThreadPoolExecutor(cores()) as pool:
            sources = self.sources([os.path.join(base, one.pattern) for one in config.splits], exec_properties, pool)
            with SplitFiles(describe(examples, names, exec_properties)) as files:
                for first, source in enumerate(sources):
                    for pieces in self.pieces(source, split, pool):
                        files.write(pieces, first)
                files.keep()
        exec_properties[ROWS] = row_counts(names, files)
        logging.info("Examples of %s written.", ", ".join(names))


def configs(exec_properties: Mapping[str, Any]) -> tuple[example_gen_pb2.Input, example_gen_pb2.Output]:
    """The input and the output configuration that an ExampleGen is given."""
    config, output = example_gen_pb2.Input(), example_gen_pb2.Output()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.INPUT_CONFIG_KEY], config)
    proto_utils.json_to_proto(exec_properties[standard_component_specs.OUTPUT_CONFIG_KEY], output)
    return config, output


def row_counts(names: Sequence[str], files: SplitFiles) -> str:
    """What the property ROWS holds, of the files that were written for the splits of these names."""
    return json.dumps(dict(zip(names, files.records, strict=True)))


def describe(examples: Examples, names: Sequence[str], exec_properties: Mapping[str, Any]) -> list[Path]:
    """Says on the artifact what it will hold, as stock ExampleGens do; returns the folders of its splits."""
    examples.split_names = artifact_utils.encode_split_names(list(names))
    if payload := exec_properties.get(standard_component_specs.OUTPUT_DATA_FORMAT_KEY):
        examples_utils.set_payload_format(examples, payload)
    if file_format := exec_properties.get(standard_component_specs.OUTPUT_FILE_FORMAT_KEY):
        examples_utils.set_file_format(examples, write_split.to_file_format_str(file_format))
    return [Path(artifact_utils.get_split_uri([examples], name)) for name in names]


def _name_of(enumeration: Any, value: int) -> str:
    return enumeration.Name(value) if value in enumeration.values() else str(value)
