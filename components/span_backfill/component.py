"""The specification of SpanBackfill: what goes in, what comes out, which parameters it takes."""

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.types import BaseChannel, Channel
from tfx.types.channel_utils import union
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import Examples, Integer, JsonValue

from components.span_backfill.driver import Driver
from components.span_backfill.executor import Executor
from components.span_backfill.spans import SPAN
from headrace.errors import ParameterError


class SpanBackfillSpec(ComponentSpec):
    """Channels and parameters of SpanBackfill."""

    PARAMETERS = {
        "input_base": ExecutionParameter(type=str),
        "input_config": ExecutionParameter(type=example_gen_pb2.Input),
        "output_config": ExecutionParameter(type=example_gen_pb2.Output),
        "output_data_format": ExecutionParameter(type=int),
        "output_file_format": ExecutionParameter(type=int),
        "span": ExecutionParameter(type=int),
        "may_have_gaps": ExecutionParameter(type=int),  # 1 or 0
    }
    INPUTS = {"ingested": ChannelParameter(type=Examples, optional=True)}
    OUTPUTS = {
        "examples": ChannelParameter(type=Examples),
        "spans": ChannelParameter(type=JsonValue),
        "following": ChannelParameter(type=Integer),
    }


class SpanBackfill(BaseComponent):
    """Reads the spans before the newest that no run has read yet in the version that they have now."""

    SPEC_CLASS = SpanBackfillSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        input_config: example_gen_pb2.Input,
        span: int | RuntimeParameter,
        ingested: BaseChannel,
        may_have_gaps: bool = False,
    ) -> None:
        """Builds the node.

        Args:
            input_base: the folder of the files.
            input_config: one split, whose pattern has {SPAN} in it, and {VERSION} if there is to be more than one.
            span: the newest, which is not read here.
            ingested: the examples of all runs so far, from `ingested_spans`.
            may_have_gaps: whether a span between the first and the newest may be without files, as days are on which
                nothing happens; the run stops there if it is left out.

        Raises:
            ParameterError: there is not one split, or no {SPAN} in its pattern.
        """
        patterns = [split.pattern for split in input_config.splits]
        if len(patterns) != 1 or not SPAN.search(patterns[0]):
            raise ParameterError("SpanBackfill wants one split with {SPAN} in its pattern", why=f"it got {patterns}")
        super().__init__(
            SpanBackfillSpec(
                input_base=input_base,
                input_config=input_config,
                output_config=example_gen_pb2.Output(),
                output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
                output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
                span=span,
                may_have_gaps=int(may_have_gaps),
                ingested=ingested,
                examples=Channel(type=Examples),
                spans=Channel(type=JsonValue),
                following=Channel(type=Integer),
            )
        )


def ingested_spans(*node_ids: str) -> BaseChannel:
    """The examples that nodes of these ids made, in whichever run of the pipeline."""
    return union([Channel(type=Examples, producer_component_id=one, output_key="examples") for one in node_ids])
