"""The nodes of a run as one graph, those of sub-pipelines included."""

from collections.abc import Iterator
from dataclasses import dataclass

from tfx.proto.orchestration.local_deployment_config_pb2 import LocalDeploymentConfig
from tfx.proto.orchestration.pipeline_pb2 import NodeExecutionOptions, Pipeline, PipelineNode

from headrace.orchestration.compilation import local_deployment
from headrace.settings import Settings

_ONCE_COMPLETED = (
    NodeExecutionOptions.ALL_UPSTREAM_NODES_COMPLETED,
    NodeExecutionOptions.LAZILY_ALL_UPSTREAM_NODES_COMPLETED,
)


@dataclass(frozen=True)
class GraphNode:
    """A node, where it belongs, and what it waits for."""

    id: str  # "Trainer", or "inner.Trainer" for a node of the sub-pipeline `inner`
    node: PipelineNode
    pipeline: Pipeline  # the one it is a node of, parameters bound
    deployment: LocalDeploymentConfig
    upstream: frozenset[str]  # ids of the graph
    may_make_nothing: bool = False  # others take its outputs, and all of them can do without

    @property
    def is_reused(self) -> bool:
        """A partial run takes its outputs from an earlier run."""
        return bool(self.node.execution_options.HasField("skip"))

    @property
    def is_optional(self) -> bool:
        """The run succeeds even if it fails, and what depends on it runs."""
        return bool(self.node.execution_options.node_success_optional)

    @property
    def runs_however(self) -> bool:
        """It runs once all its upstream nodes have ended, however they did: its trigger strategy says so."""
        return self.node.execution_options.strategy in _ONCE_COMPLETED

    @property
    def is_left_out(self) -> bool:
        """A partial run neither runs it nor takes its outputs from an earlier run."""
        skip = self.node.execution_options.skip
        return self.is_reused and bool(skip.reuse_artifacts_mode == NodeExecutionOptions.Skip.NEVER)


def graph_of(pipeline: Pipeline, settings: Settings) -> list[GraphNode]:
    """The nodes in topological order. Compiled sub-pipelines begin and end with nodes of their own."""
    return list(_nodes(pipeline, settings, "", frozenset()))


def _nodes(pipeline: Pipeline, settings: Settings, prefix: str, outside: frozenset[str]) -> Iterator[GraphNode]:
    deployment = local_deployment(pipeline, settings)
    spare = _spare(pipeline)
    ids: dict[str, frozenset[str]] = {}  # of a node or sub-pipeline: what it stands for in the graph
    for one in pipeline.nodes:
        if one.WhichOneof("node") == "sub_pipeline":
            inner = one.sub_pipeline
            begin = inner.nodes[0].pipeline_node
            waits = _upstream(begin, ids) | outside
            nodes = list(_nodes(inner, settings, f"{prefix}{inner.pipeline_info.id}.", waits))
            ids[inner.pipeline_info.id] = frozenset(node.id for node in nodes)
            yield from nodes
        else:
            node = one.pipeline_node
            node_id = prefix + node.node_info.id
            upstream = _upstream(node, ids) | outside
            ids[node.node_info.id] = frozenset([node_id])
            if prefix and len(ids) == 1:  # the node that begins a sub-pipeline: all others in it wait for it
                outside = ids[node.node_info.id]
            yield GraphNode(node_id, node, pipeline, deployment, upstream, node.node_info.id in spare)


def _upstream(node: PipelineNode, ids: dict[str, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*(ids.get(name, frozenset()) for name in node.upstream_nodes))


def _spare(pipeline: Pipeline) -> set[str]:
    """The nodes whose outputs others take, and all of them can do without."""
    needed: dict[str, bool] = {}
    for one in pipeline.nodes:
        node = (
            one.pipeline_node if one.WhichOneof("node") == "pipeline_node" else one.sub_pipeline.nodes[0].pipeline_node
        )
        for taken in node.inputs.inputs.values():
            for channel in taken.channels:
                producer = channel.producer_node_query.id
                needed[producer] = needed.get(producer, False) or taken.min_count > 0
    return {producer for producer, is_needed in needed.items() if not is_needed}
