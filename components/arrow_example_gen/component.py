"""The specification of ArrowExampleGen: stock TFX's for files, with columns and more ways to split."""

import json
from collections.abc import Sequence

from tfx.components.example_gen import utils
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.placeholder.placeholder import Placeholder
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.proto.range_config_pb2 import RangeConfig
from tfx.types import Channel
from tfx.types.component_spec import ExecutionParameter
from tfx.types.standard_artifacts import Examples
from tfx.types.standard_component_specs import FileBasedExampleGenSpec

from components.arrow_example_gen.driver import Driver
from components.arrow_example_gen.executor import Executor
from components.arrow_example_gen.split_rules import SplitRule
from headrace.errors import ParameterError


class ArrowExampleGenSpec(FileBasedExampleGenSpec):
    """Channels and parameters of ArrowExampleGen."""

    PARAMETERS = {
        **FileBasedExampleGenSpec.PARAMETERS,
        "columns": ExecutionParameter(type=str, optional=True),  # a JSON list of names
        "split_by": ExecutionParameter(type=str, optional=True),  # a SplitRule as JSON
        "span": ExecutionParameter(type=int, optional=True),  # the driver puts the one that it found there
    }


class ArrowExampleGen(BaseComponent):
    """Makes examples of the rows of Parquet, Feather, CSV and JSON lines."""

    SPEC_CLASS = ArrowExampleGenSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        input_config: example_gen_pb2.Input | None = None,
        output_config: example_gen_pb2.Output | None = None,
        range_config: RangeConfig | None = None,
        columns: Sequence[str] | None = None,
        split_by: SplitRule | None = None,
        span: int | RuntimeParameter | Placeholder | None = None,
    ) -> None:
        """Builds the node.

        Args:
            input_base: the folder of the files.
            input_config: which files in it, as for stock ExampleGens: a pattern for each input split, with {SPAN},
                {VERSION} or {YYYY}, {MM} and {DD} where they are in the path; all files as one split if it is left out.
            output_config: the splits by hash, as for stock ExampleGens: train and eval, 2 to 1, if it is left out
                and there is one input split.
            range_config: the span to read, as for stock ExampleGens; the latest if it is left out.
            columns: the columns that become features; all if it is left out.
            split_by: the splits by values of a column or by time, instead of those by hash.
            span: the span to read, instead of a range_config: a number, a RuntimeParameter that each run sets, or
                what another node found.

        Raises:
            ParameterError: the arguments contradict one another.
        """
        config = input_config or utils.make_default_input_config()
        _check(config, output_config, columns, split_by)
        if span is not None and range_config:
            raise ParameterError("ArrowExampleGen reads one span", why="there are both range_config and span")
        output = example_gen_pb2.Output() if split_by else output_config or utils.make_default_output_config(config)
        super().__init__(
            ArrowExampleGenSpec(
                input_base=input_base,
                input_config=config,
                output_config=output,
                range_config=range_config,
                output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
                output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
                columns=None if columns is None else json.dumps(list(columns)),
                split_by=split_by.to_json() if split_by else None,
                span=span,
                examples=Channel(type=Examples),
            )
        )


def _check(
    config: example_gen_pb2.Input,
    output: example_gen_pb2.Output | None,
    columns: Sequence[str] | None,
    split_by: SplitRule | None,
) -> None:
    if isinstance(columns, str) or (columns is not None and (not columns or len(set(columns)) < len(columns))):
        raise ParameterError("ArrowExampleGen wants columns, each once", why=f"columns={columns!r}")
    if split_by and output:
        raise ParameterError("ArrowExampleGen splits by one rule", why="there are both output_config and split_by")
    if split_by and len(config.splits) > 1:
        why = f"the input has splits already: {', '.join(split.name for split in config.splits)}"
        raise ParameterError("ArrowExampleGen splits one input split", why=why)
    try:
        utils.generate_output_split_names(config, output or example_gen_pb2.Output())
    except RuntimeError as error:
        raise ParameterError("ArrowExampleGen cannot make these splits", why=str(error)) from error
    feature = output.split_config.partition_feature_name if output else ""
    if feature and columns is not None and feature not in columns:
        why = f"columns={list(columns)!r}"
        raise ParameterError(f"ArrowExampleGen splits by a feature: {feature!r} is not among the columns", why=why)
