"""The runner: TFX's BeamDagRunner and LocalDagRunner in one, for this machine.

Beam's in-process runners execute stages one after another, so a pipeline of nodes
that is itself a Beam pipeline never runs two nodes at once. Here threads launch the
nodes that are ready, each node's executor works in a process of its own, and its
Beam pipeline runs there. Both stock runners are bases so that the TFX CLI, which
patches their `run`, takes this one for `--engine beam` and `--engine local`.
"""

import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.proto.orchestration.pipeline_pb2 import Pipeline, PipelineNode, RunOptions

from headrace.errors import RunFailedError
from headrace.metadata import MetadataStore
from headrace.orchestration.compilation import bind_parameters, connection_config, local_deployment
from headrace.orchestration.node_launch import NodeLauncher
from headrace.orchestration.node_process import NodeProcesses, start_server
from headrace.orchestration.outcomes import NodeOutcome, NodeState, RunOutcome
from headrace.orchestration.output import logging_to, printing_to
from headrace.orchestration.preflight import check_inputs
from headrace.orchestration.progress import ConsoleProgress
from headrace.orchestration.schedule import Schedule
from headrace.orchestration.summary import findings_of, print_summary
from headrace.settings import Settings


class HeadraceDagRunner(BeamDagRunner, LocalDagRunner):
    """Runs a TFX pipeline on this machine; nodes that do not depend on each other at the same time."""

    def __new__(cls, settings: Settings | None = None) -> "HeadraceDagRunner":
        """Makes a plain object: BeamDagRunner's own takes other arguments, to build its legacy self."""
        return object.__new__(cls)

    def __init__(self, settings: Settings | None = None) -> None:
        """Takes the settings of a project; without them, those of the project around the working folder."""
        super().__init__()
        self.settings = settings or Settings.load()

    def run_with_ir(
        self,
        pipeline: Pipeline,
        run_options: RunOptions | None = None,
        parameters: Mapping[str, str] = MappingProxyType({}),
        **kwargs: Any,
    ) -> RunOutcome:
        """Runs a compiled pipeline to its end and prints what came of it.

        Args:
            pipeline: the pipeline in TFX's intermediate representation; its parameters are bound in place.
            run_options: TFX's options of a partial run.
            parameters: values of the pipeline's RuntimeParameters, as text.
            **kwargs: TFX allows a runner more of them; Headrace knows none.

        Raises:
            UserError: something cannot be as it is asked for; nothing has run.
            RunFailedError: some nodes failed; what did not depend on them has run.
        """
        if kwargs:
            raise TypeError(f"unknown arguments: {', '.join(kwargs)}")
        name = pipeline.pipeline_info.id
        run_id = datetime.now().strftime("%Y%m%d-%H%M%S.%f")
        bind_parameters(pipeline, run_id, parameters)
        check_inputs(pipeline)
        self.settings.make_home()
        log_folder = self.settings.log_folder(name, run_id)
        log = log_folder / "orchestrator.log"
        with logging_to(log):
            deployment = local_deployment(pipeline, self.settings)
            store = MetadataStore.connect(connection_config(deployment, self.settings))
            start_server(log_folder / "server.log")
            processes = NodeProcesses()
            launcher = NodeLauncher(pipeline, deployment, store, processes, log_folder)
            started = time.monotonic()
            with ConsoleProgress() as progress:
                progress.console.print(f"[bold]{name}[/] run {run_id}")
                nodes = self._run_nodes([node.pipeline_node for node in pipeline.nodes], launcher, processes, progress)
            outcome = RunOutcome(name, run_id, nodes, log_folder, time.monotonic() - started)
            with printing_to(log):
                findings = findings_of(outcome, store)
            print_summary(outcome, findings, progress.console)
        if outcome.failed:
            raise RunFailedError(
                f"the run of {name} failed: {', '.join(node.node for node in outcome.failed)}",
                where=str(log_folder),
                next_step=f"headrace run {name}",
            )
        return outcome

    def _run_nodes(
        self, nodes: list[PipelineNode], launcher: NodeLauncher, processes: NodeProcesses, progress: ConsoleProgress
    ) -> tuple[NodeOutcome, ...]:
        by_id = {node.node_info.id: node for node in nodes}
        schedule = Schedule({node_id: node.upstream_nodes for node_id, node in by_id.items()})
        outcomes: dict[str, NodeOutcome] = {}
        working: set[Future[NodeOutcome]] = set()
        with ThreadPoolExecutor(self.settings.max_parallel, thread_name_prefix="node") as threads:
            try:
                while True:
                    for node_id in schedule.take_ready(self.settings.max_parallel - len(working)):
                        progress.started(node_id)
                        working.add(threads.submit(launcher.launch, by_id[node_id]))
                    if not working:
                        break
                    done, working = wait(working, return_when=FIRST_COMPLETED)
                    for future in done:
                        outcome = future.result()
                        blocked = schedule.ended(outcome.node, outcome.state)
                        for ended in (outcome, *(NodeOutcome(one, NodeState.BLOCKED) for one in blocked)):
                            outcomes[ended.node] = ended
                            progress.ended(ended)
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                processes.kill()
                raise
        return tuple(outcomes[node_id] for node_id in by_id if node_id in outcomes)
