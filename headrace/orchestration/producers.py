"""Which nodes make what goes into a node, and which of them it cannot do without."""

from collections.abc import Iterator

from tfx.proto.orchestration.pipeline_pb2 import InputSpec, NodeInputs, PipelineNode

from headrace.metadata.contexts import NODE, PIPELINE_RUN

OUTSIDE = ""  # what makes an input, where that is no node of the same run


def node_context(node: PipelineNode) -> str:
    """The name of the context that all executions of a node share: "pipeline.node"."""
    names = [one.name.field_value.string_value for one in node.contexts.contexts if one.type.name == NODE]
    return str(names[-1])  # the first ones are of the sub-pipelines it is in


def producer_of(channel: InputSpec.Channel) -> str:
    """The context of the node that makes what goes through the channel; OUTSIDE if it is not of this run."""
    if not any(query.type.name == PIPELINE_RUN for query in channel.context_queries):
        return OUTSIDE
    names = [query.name.field_value.string_value for query in channel.context_queries if query.type.name == NODE]
    return names[-1] if names else OUTSIDE


def producers_by_input(node: PipelineNode) -> dict[str, frozenset[str]]:
    """The contexts of the nodes that make each input, those behind unions and resolver functions too."""
    return {key: frozenset(_producers(node.inputs, key)) for key in node.inputs.inputs}


def required(node: PipelineNode) -> list[frozenset[str]]:
    """For each input that has to be there, the nodes of the run of which at least one has to make it, by context.

    An input that may come from elsewhere, too, is not among them.
    """
    by_input = producers_by_input(node)
    needed = [by_input[key] for key, spec in node.inputs.inputs.items() if spec.min_count > 0]
    return [producers for producers in needed if producers and OUTSIDE not in producers]


def _producers(inputs: NodeInputs, key: str) -> Iterator[str]:
    spec = inputs.inputs[key]
    for channel in spec.channels:
        yield producer_of(channel)
    for other in spec.mixed_inputs.input_keys:
        yield from _producers(inputs, other)
    if graph_id := spec.input_graph_ref.graph_id:
        for step in inputs.input_graphs[graph_id].nodes.values():
            if step.WhichOneof("kind") == "input_node":
                yield from _producers(inputs, step.input_node.input_key)
    if spec.HasField("static_inputs"):
        yield OUTSIDE
