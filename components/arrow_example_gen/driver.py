"""Which span and version are read: stock TFX's rules, and an error that says what to do."""

from tfx.components.example_gen.driver import FileBasedDriver
from tfx.components.example_gen.utils import SPAN_PROPERTY_NAME
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput
from tfx.proto.range_config_pb2 import RangeConfig, StaticRange
from tfx.types import standard_component_specs
from tfx.utils import proto_utils

from headrace.errors import InputDataError, typed


class Driver(FileBasedDriver):
    """Finds span, version and fingerprint of the input files."""

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Puts them on the artifact and into the parameters.

        The span is also the artifact's own property: stock StatisticsGen and ExampleValidator hand that one on.

        Raises:
            InputDataError: no file is of the span and version that are asked for, or the patterns contradict.
        """
        parameters = execution_info.exec_properties
        span = parameters.get("span")
        if span is not None:
            one = RangeConfig(static_range=StaticRange(start_span_number=span, end_span_number=span))
            parameters[standard_component_specs.RANGE_CONFIG_KEY] = proto_utils.proto_to_json(one)
        what = "no span or version" if span is None else f"no version of the span {span}"
        try:
            found = super().run(execution_info)
        except ValueError as error:
            base = parameters[standard_component_specs.INPUT_BASE_KEY]
            raise InputDataError(
                f"{what} of the input files is found",
                where=base,
                why=str(error),
                next_step=f"compare the pattern with the files: {typed('ls', '-R', base)}",
            ) from error
        for artifact in found.output_artifacts[standard_component_specs.EXAMPLES_KEY].artifacts:
            artifact.properties[SPAN_PROPERTY_NAME].CopyFrom(artifact.custom_properties[SPAN_PROPERTY_NAME])
        return found
