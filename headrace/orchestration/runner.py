"""The runner: TFX's BeamDagRunner and LocalDagRunner in one, for this machine.

Beam's in-process runners execute stages one after another, so a pipeline of nodes
that is itself a Beam pipeline never runs two nodes at once. Here threads launch the
nodes that are ready, each node's executor works in a process of its own, and its
Beam pipeline runs there. Both stock runners are bases so that the TFX CLI, which
patches their `run`, takes this one for `--engine beam` and `--engine local`.
"""

import os
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.proto.orchestration.pipeline_pb2 import Pipeline, RunOptions

from headrace.errors import RunCanceledError, RunFailedError
from headrace.metadata import MetadataStore
from headrace.metadata.properties import RUN_STATE
from headrace.orchestration.basis import basis_of
from headrace.orchestration.compilation import bind_parameters, connection_config, set_cache
from headrace.orchestration.compiler import CheckedCompilation, Default, keep_defaults
from headrace.orchestration.execution import run_graph, stop_on_signals
from headrace.orchestration.graph import GraphNode, graph_of
from headrace.orchestration.json_progress import JsonProgress
from headrace.orchestration.node_launch import NodeLaunches
from headrace.orchestration.node_process import NodeProcesses
from headrace.orchestration.outcomes import RunOutcome, RunState
from headrace.orchestration.output import STDERR, logging_to, printing_to, quietly
from headrace.orchestration.outputs_lock import OutputsLock
from headrace.orchestration.partial import is_whole, mark_part, take_over
from headrace.orchestration.pipeline_checks import check_nodes, check_pipeline, check_types
from headrace.orchestration.preflight import check_containers, check_inputs
from headrace.orchestration.preload import warm_server
from headrace.orchestration.progress import ConsoleProgress
from headrace.orchestration.request import RunRequest
from headrace.orchestration.run_facts import project_of_main, record_run, run_properties
from headrace.orchestration.run_lock import reconcile, run_lock
from headrace.orchestration.summary import findings_of
from headrace.settings import Settings


class HeadraceDagRunner(CheckedCompilation, BeamDagRunner, LocalDagRunner):
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
        request: RunRequest | None = None,
        defaults: Mapping[str, Default] = MappingProxyType({}),
        **kwargs: Any,
    ) -> RunOutcome:
        """Runs a compiled pipeline to its end and prints what came of it.

        Args:
            pipeline: the pipeline in TFX's intermediate representation; it is changed in place.
            run_options: TFX's options of a partial run.
            request: what else the run is asked to do.
            defaults: of RuntimeParameters that the compiled pipeline has no default of.
            **kwargs: TFX allows a runner more of them; Headrace knows none.

        Raises:
            UserError: something cannot be as it is asked for; nothing has run.
            RunFailedError: some nodes failed; what did not depend on them has run.
            RunCanceledError: somebody stopped the run.
        """
        if kwargs:
            raise TypeError(f"unknown arguments: {', '.join(kwargs)}")
        server = warm_server(self.settings.server)
        server.begin()  # it imports what nodes need while this process checks what it is given
        request = _with_options(request or RunRequest(), run_options)
        name, run_id = pipeline.pipeline_info.id, datetime.now().strftime("%Y%m%d-%H%M%S.%f")
        check_pipeline(pipeline)
        keep_defaults(pipeline, defaults)
        parameters = bind_parameters(pipeline, run_id, request.parameters)
        if not request.is_partial:
            check_inputs(pipeline)
        with quietly():
            nodes = graph_of(pipeline, self.settings)
            set_cache(nodes, request)
            if not request.is_partial:
                check_nodes(nodes)
            check_containers(nodes)
            self.settings.make_home()
            store = MetadataStore.connect(connection_config(nodes[0].deployment, self.settings))
            if not request.is_partial:
                check_types(nodes, store)
        for died in reconcile(self.settings, store):
            print(f"note: {died}", file=sys.stderr)
        with quietly():
            basis = basis_of(nodes, run_id, store)
        recorded_basis = basis.to_json()
        if request.is_partial:
            with OutputsLock.of(self.settings).using():
                part = mark_part(pipeline, nodes, request, store, basis)
                check_inputs(pipeline)
                check_nodes(nodes)
                check_types(nodes, store)
                take_over(pipeline, part, store)
            for node in sorted(part.read_again):
                print(f"note: {node} runs again: what it reads has changed since {part.base_id}", file=sys.stderr)
            if not is_whole(nodes, basis, part, store):
                recorded_basis = ""
        command = request.command or _command_of_main() or shlex.join(["headrace", "run", name])
        processes = NodeProcesses(server)
        with run_lock(self.settings, name, run_id, command), stop_on_signals(processes):
            record_run(nodes, run_id, store, run_properties(project_of_main(), parameters, command, recorded_basis))
            outcome = self._run(name, run_id, nodes, store, processes, request)
            store.annotate_run(run_id, {RUN_STATE: outcome.state})
        _raise_unless_succeeded(outcome, command)
        return outcome

    def _run(
        self,
        name: str,
        run_id: str,
        nodes: list[GraphNode],
        store: MetadataStore,
        processes: NodeProcesses,
        request: RunRequest,
    ) -> RunOutcome:
        log_folder = self.settings.log_folder(name, run_id)
        log, started = log_folder / "orchestrator.log", time.monotonic()
        with logging_to(log), printing_to(log, [STDERR]):
            launches = NodeLaunches(store, processes, log_folder, request.accelerated, OutputsLock.of(self.settings))
            progress = JsonProgress() if request.as_json else ConsoleProgress()
            with progress:
                progress.run_started(name, run_id)
                ended = run_graph(nodes, launches, processes, progress, self.settings.max_parallel)
            outcome = RunOutcome(name, run_id, ended, log_folder, time.monotonic() - started, processes.stopped)
            with printing_to(log):
                findings = findings_of(outcome, store)
            progress.run_ended(outcome, findings)
        return outcome


def _with_options(request: RunRequest, options: RunOptions | None) -> RunRequest:
    if options is None or request.is_partial:
        return request
    part = options.partial_run
    base_run = part.snapshot_settings.base_pipeline_run_strategy.base_run_id
    return replace(request, from_nodes=tuple(part.from_nodes), to_nodes=tuple(part.to_nodes), base_run=str(base_run))


def _command_of_main() -> str:
    """What runs the script again that was run without the command, if it was a script."""
    main_file = str(getattr(sys.modules["__main__"], "__file__", ""))
    return f"headrace run {os.path.relpath(main_file)}" if main_file.endswith(".py") else ""


def _raise_unless_succeeded(outcome: RunOutcome, command: str) -> None:
    next_step, where = f"{command} --resume", str(outcome.log_folder)
    if outcome.state is RunState.CANCELED:
        raise RunCanceledError(f"the run of {outcome.pipeline} was stopped", where=where, next_step=next_step)
    if outcome.state is RunState.FAILED:
        failed = ", ".join(node.node for node in outcome.failed if not node.optional)
        raise RunFailedError(f"the run of {outcome.pipeline} failed: {failed}", where=where, next_step=next_step)
