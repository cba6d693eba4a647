"""The nodes of a run as one graph, those of sub-pipelines included."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tfx.proto.orchestration.local_deployment_config_pb2 import LocalDeploymentConfig
from tfx.proto.orchestration.pipeline_pb2 import NodeExecutionOptions, Pipeline, PipelineNode

from headrace.orchestration.compilation import local_deployment
from headrace.orchestration.producers import node_context, producers_by_input, required
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
    needs: tuple[frozenset[str], ...] = ()  # it is skipped where all nodes of one of these sets are
    may_make_nothing: bool = False  # others take its outputs, and all of them can do without

    @property
    def is_outside(self) -> bool:
        """A partial run does not run it."""
        return bool(self.node.execution_options.HasField("skip"))

    @property
    def is_reused(self) -> bool:
        """A partial run takes its outputs from an earlier run."""
        mode = self.node.execution_options.skip.reuse_artifacts_mode
        return self.is_outside and bool(mode != NodeExecutionOptions.Skip.NEVER)

    @property
    def is_optional(self) -> bool:
        """The run succeeds even if it fails, and what depends on it runs."""
        return bool(self.node.execution_options.node_success_optional)

    @property
    def runs_however(self) -> bool:
        """It runs once all its upstream nodes have ended, however they did: its trigger strategy says so."""
        return self.node.execution_options.strategy in _ONCE_COMPLETED


def graph_of(pipeline: Pipeline, settings: Settings) -> list[GraphNode]:
    """The nodes in topological order. Compiled sub-pipelines begin and end with nodes of their own."""
    return list(_nodes(pipeline, settings, "", frozenset()))


def own_nodes(pipeline: Pipeline) -> list[PipelineNode]:
    """The nodes as TFX sees them: a sub-pipeline is the node that it begins with."""
    return [
        one.pipeline_node if one.WhichOneof("node") == "pipeline_node" else one.sub_pipeline.nodes[0].pipeline_node
        for one in pipeline.nodes
    ]


def every_node(nodes: Iterable[Pipeline.PipelineOrNode]) -> Iterator[PipelineNode]:
    """These nodes, and all those of the sub-pipelines among them."""
    for one in nodes:
        if one.WhichOneof("node") == "sub_pipeline":
            yield from every_node(one.sub_pipeline.nodes)
        else:
            yield one.pipeline_node


@dataclass
class _Level:
    """What stands for the nodes and sub-pipelines of one pipeline in the graph, by their names there."""

    ids: dict[str, frozenset[str]] = field(default_factory=dict)  # one of a node, all of a sub-pipeline
    firsts: dict[str, str] = field(default_factory=dict)  # of a sub-pipeline the node that begins it
    makers: dict[str, str] = field(default_factory=dict)  # ids by the contexts that outputs are found by

    def add(self, name: str, nodes: Sequence[GraphNode]) -> None:
        self.ids[name] = frozenset(node.id for node in nodes)
        self.firsts[name] = nodes[0].id
        self.makers[node_context(nodes[-1].node)] = nodes[-1].id

    def upstream(self, node: PipelineNode) -> frozenset[str]:
        return frozenset().union(*(self.ids.get(name, frozenset()) for name in node.upstream_nodes))

    def needs(self, node: PipelineNode) -> Iterator[frozenset[str]]:
        """What a node cannot do without: makers of each required input, and each node that it was put behind."""
        for contexts in required(node):
            if contexts <= self.makers.keys():
                yield frozenset(self.makers[one] for one in contexts)
        read = frozenset().union(*producers_by_input(node).values())
        makers = {self.makers[one] for one in read if one in self.makers}
        for name in node.upstream_nodes:
            if name in self.ids and not self.ids[name] & makers:
                yield frozenset([self.firsts[name]])


def _nodes(pipeline: Pipeline, settings: Settings, prefix: str, outside: frozenset[str]) -> Iterator[GraphNode]:
    deployment = local_deployment(pipeline, settings)
    spare = _spare(pipeline)
    level = _Level()
    for one in pipeline.nodes:
        if one.WhichOneof("node") == "sub_pipeline":
            inner = one.sub_pipeline
            begin = inner.nodes[0].pipeline_node
            waits = level.upstream(begin) | outside
            nodes = list(_nodes(inner, settings, f"{prefix}{inner.pipeline_info.id}.", waits))
            nodes[0] = replace(nodes[0], needs=(*level.needs(begin), *_each(outside)))
            level.add(inner.pipeline_info.id, nodes)
            yield from nodes
        else:
            node = one.pipeline_node
            graph_node = GraphNode(
                prefix + node.node_info.id,
                node,
                pipeline,
                deployment,
                level.upstream(node) | outside,
                (*level.needs(node), *_each(outside)),
                node_context(node) in spare,
            )
            if prefix and not level.ids:  # the node that begins a sub-pipeline: all others in it wait for it
                outside = frozenset([graph_node.id])
            level.add(node.node_info.id, [graph_node])
            yield graph_node


def _each(ids: frozenset[str]) -> Iterator[frozenset[str]]:
    return (frozenset([one]) for one in ids)


def _spare(pipeline: Pipeline) -> set[str]:
    """The contexts of the nodes whose outputs others take, and all of them can do without."""
    taken: set[str] = set()
    needed: set[str] = set()
    for node in own_nodes(pipeline):
        taken.update(*producers_by_input(node).values())
        needed.update(*(producers for producers in required(node) if len(producers) == 1))
    return taken - needed
