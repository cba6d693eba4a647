"""StatisticsGen by TFDV's generators without Beam: the stock executor's statistics and properties."""

import logging
import os
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.components.statistics_gen import executor as stock
from tfx.types import Artifact, artifact_utils, standard_component_specs
from tfx.utils import json_utils, stats_utils

from headrace.acceleration.batch_statistics import generate_statistics
from headrace.acceleration.counting import counted
from headrace.acceleration.example_reading import read_examples
from headrace.acceleration.local_executor import LocalExecutor
from headrace.acceleration.statistics_request import StatisticsRequest
from headrace.errors import InputDataError

# Of a batch: what the generators take for each batch is small then beside what they take for its rows.
BATCH_ROWS = 10_000


class Executor(LocalExecutor):
    """Stands in for the stock executor; quantiles may differ from its own by the error that both allow."""

    def work(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the examples of each split once, and writes its statistics when all are made.

        Args:
            input_dict: `examples`, one artifact, and `schema`, if there is one.
            output_dict: `statistics`, one artifact.
            exec_properties: the stock executor's.

        Raises:
            NotEqualError: the stock executor has to do this; nothing was written.
            InputDataError: the examples are not what the stock executor would take; nothing was written.
        """
        statistics = artifact_utils.get_single_instance(output_dict[standard_component_specs.STATISTICS_KEY])
        request = StatisticsRequest.of(input_dict, exec_properties)
        made = {split: _statistics(split, request) for split in request.files}
        statistics.split_names = artifact_utils.encode_split_names(list(made))
        for split, protos in made.items():
            _write(Path(artifact_utils.get_split_uri([statistics], split)), protos)
        [examples] = input_dict[standard_component_specs.EXAMPLES_KEY]
        statistics.span = examples.span
        statistics.set_string_custom_property(
            stock.STATS_DASHBOARD_LINK, stats_utils.generate_stats_dashboard_link(statistics)
        )
        statistics.set_json_value_custom_property(
            stock.SAMPLE_RATE_BY_SPLIT_PROPERTY_NAME, json_utils.dumps(dict(request.sample_rates))
        )
        logging.info("Statistics of %s written.", ", ".join(made))


def _statistics(split: str, request: StatisticsRequest) -> statistics_pb2.DatasetFeatureStatisticsList:
    batches = counted(read_examples(request.files[split], BATCH_ROWS, request.read_schema))
    try:
        return generate_statistics(batches, request.options)
    except (RuntimeError, TypeError, ValueError) as error:
        # As the decoder and the generators say that a feature has no one type, or that a weight is missing.
        raise InputDataError("examples have no statistics", where=f"split {split}", why=str(error)) from error


def _write(folder: Path, protos: statistics_pb2.DatasetFeatureStatisticsList) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{stock.DEFAULT_FILE_NAME}.unfinished"
    unfinished.write_bytes(protos.SerializeToString())
    os.replace(unfinished, folder / stock.DEFAULT_FILE_NAME)
