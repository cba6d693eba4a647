"""CsvExampleGen through Arrow: the stock executor's splits, examples and properties."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tfx.components.example_gen import utils, write_split
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from headrace.acceleration.csv_passes import infer_types, write_splits
from headrace.acceleration.csv_source import CsvSource
from headrace.acceleration.local_executor import LocalExecutor, why_not_here
from headrace.acceleration.not_equal import NotEqualError
from headrace.acceleration.parallel import cores
from headrace.acceleration.splitting import HashSplit


def why_not(
    exec_properties: Mapping[str, Any], beam_pipeline_args: Sequence[str] = (), uris: Iterable[str] = ()
) -> str:
    """Why the stock executor has to do this; empty if it need not.

    Args:
        exec_properties: what the executor would be given.
        beam_pipeline_args: what Beam would be given.
        uris: of the output artifacts.
    """
    payload = exec_properties.get(standard_component_specs.OUTPUT_DATA_FORMAT_KEY)
    if payload and payload != example_gen_pb2.FORMAT_TF_EXAMPLE:
        return f"the payload format is {_name_of(example_gen_pb2.PayloadFormat, payload)}"
    file_format = exec_properties.get(standard_component_specs.OUTPUT_FILE_FORMAT_KEY)
    if file_format and file_format != example_gen_pb2.FORMAT_TFRECORDS_GZIP:
        return f"the file format is {_name_of(example_gen_pb2.FileFormat, file_format)}"
    return why_not_here(beam_pipeline_args, (exec_properties[standard_component_specs.INPUT_BASE_KEY], *uris))


class Executor(LocalExecutor):
    """Stands in for the stock executor; what it writes differs in the order of the examples alone."""

    def Do(  # noqa: N802 - TFX calls it so
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads CSV files twice, for their types and for their rows, and writes the splits.

        Args:
            input_dict: nothing, as for the stock executor.
            output_dict: `examples`, one artifact.
            exec_properties: the stock executor's.

        Raises:
            NotEqualError: the stock executor has to do this; nothing was written.
            InputDataError: the files are not what the stock executor would read; nothing was written.
            ParameterError: the rows cannot be split by the feature that the configuration names.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        examples = artifact_utils.get_single_instance(output_dict[standard_component_specs.EXAMPLES_KEY])
        if reason := why_not(exec_properties, self._beam_pipeline_args, [examples.uri]):
            raise NotEqualError("the stock CsvExampleGen has to do this", why=reason)
        config, output = example_gen_pb2.Input(), example_gen_pb2.Output()
        proto_utils.json_to_proto(exec_properties[standard_component_specs.INPUT_CONFIG_KEY], config)
        proto_utils.json_to_proto(exec_properties[standard_component_specs.OUTPUT_CONFIG_KEY], output)
        names = utils.generate_output_split_names(config, output)
        examples.split_names = artifact_utils.encode_split_names(names)
        folders = [Path(artifact_utils.get_split_uri([examples], name)) for name in names]
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        with ThreadPoolExecutor(cores()) as pool:
            sources = [CsvSource.find(os.path.join(base, split.pattern)) for split in config.splits]
            types = [infer_types(source, pool) for source in sources]
            if output.split_config.splits:
                write_splits(sources[0], types[0], HashSplit.of(output.split_config), folders, pool)
            else:
                for source, its_types, folder in zip(sources, types, folders, strict=True):
                    write_splits(source, its_types, None, [folder], pool)
        if payload := exec_properties.get(standard_component_specs.OUTPUT_DATA_FORMAT_KEY):
            examples_utils.set_payload_format(examples, payload)
        if file_format := exec_properties.get(standard_component_specs.OUTPUT_FILE_FORMAT_KEY):
            examples_utils.set_file_format(examples, write_split.to_file_format_str(file_format))
        logging.info("Examples of %s written.", ", ".join(names))


def _name_of(enumeration: Any, value: int) -> str:
    return enumeration.Name(value) if value in enumeration.values() else str(value)
