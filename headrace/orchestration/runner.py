"""The runner: TFX's BeamDagRunner and LocalDagRunner in one, for this machine.

Beam's in-process runners execute stages one after another, so a pipeline of nodes
that is itself a Beam pipeline never runs two nodes at once. Here threads launch the
nodes that are ready, each node's executor works in a process of its own, and its
Beam pipeline runs there. Both stock runners are bases so that the TFX CLI, which
patches their `run`, takes this one for `--engine beam` and `--engine local`.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline as DefinedPipeline
from tfx.proto.orchestration.pipeline_pb2 import Pipeline, RunOptions

from headrace.errors import RunFailedError, UserError
from headrace.metadata import MetadataStore
from headrace.metadata.known_stores import remember
from headrace.orchestration.basis import basis_of
from headrace.orchestration.code_fingerprint import note_loaded
from headrace.orchestration.command_of_program import command_of_program
from headrace.orchestration.compilation import bind_parameters, connection_config, parameter_defaults, set_cache
from headrace.orchestration.compiler import CheckedCompilation, Default, keep_defaults
from headrace.orchestration.continuing import continuing, going_on
from headrace.orchestration.ends import Ends
from headrace.orchestration.execution import run_graph, stop_on_signals
from headrace.orchestration.full_disk import space_is_needed
from headrace.orchestration.graph import GraphNode, graph_of
from headrace.orchestration.json_progress import JsonProgress
from headrace.orchestration.launcher import code_by_node
from headrace.orchestration.module_files import note_module_files
from headrace.orchestration.node_launch import NodeLaunches
from headrace.orchestration.node_process import NodeProcesses
from headrace.orchestration.outcomes import RunOutcome, RunState
from headrace.orchestration.output import (
    STDERR,
    alone_in_this_process,
    logging_to,
    notes_to_stderr,
    printing_to,
    quietly,
    stdout_to,
    usable_streams,
)
from headrace.orchestration.outputs_lock import OutputsLock
from headrace.orchestration.parameter_checks import ParameterCheck, check_parameters
from headrace.orchestration.partial import is_whole, mark_part, take_over
from headrace.orchestration.pipeline_checks import check_nodes, check_pipeline, check_types
from headrace.orchestration.preflight import check_containers, check_inputs
from headrace.orchestration.preload import warm_server
from headrace.orchestration.program_copies import program_copy
from headrace.orchestration.program_definitions import ProgramDefinitions
from headrace.orchestration.progress import ConsoleProgress
from headrace.orchestration.request import RunRequest
from headrace.orchestration.run_end import raise_unless_succeeded, record_end, store_is_needed
from headrace.orchestration.run_facts import project_of_main, record_run, run_properties
from headrace.orchestration.run_lock import reconcile, run_lock
from headrace.orchestration.summary import Findings, findings_of
from headrace.orchestration.unheard import EvenUnheard
from headrace.settings import ORCHESTRATOR_LOG, Settings
from headrace.typed_command import typed_command
from headrace.warm_server.client import WarmServer
from headrace.warm_server.copying import ProgramCopy


class HeadraceDagRunner(CheckedCompilation, BeamDagRunner, LocalDagRunner):
    """Runs a TFX pipeline on this machine; nodes that do not depend on each other at the same time."""

    def __new__(
        cls, settings: Settings | None = None, checks: Mapping[str, ParameterCheck] = MappingProxyType({})
    ) -> "HeadraceDagRunner":
        """Makes a plain object: BeamDagRunner's own takes other arguments, to build its legacy self."""
        return object.__new__(cls)

    def __init__(
        self, settings: Settings | None = None, checks: Mapping[str, ParameterCheck] = MappingProxyType({})
    ) -> None:
        """Takes what holds for all its runs.

        Args:
            settings: of a project; without them, those of the project around the working folder.
            checks: of RuntimeParameters, by name: each raises a UserError for a value that a node could only fail on.
        """
        super().__init__()
        self.settings = settings or Settings.load()
        self.checks = checks

    def run(self, pipeline: DefinedPipeline, *args: Any, **kwargs: Any) -> Any:
        """Compiles a pipeline and runs it; see `run_with_ir`."""
        note_module_files(pipeline)
        return super().run(pipeline, *args, **kwargs)

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
        request = _with_options(request or RunRequest(), run_options)
        check_pipeline(pipeline)
        keep_defaults(pipeline, defaults)
        with ExitStack() as end:
            end.enter_context(usable_streams())
            end.enter_context(alone_in_this_process())
            end.enter_context(space_is_needed(self.settings.home))
            copy = end.enter_context(program_copy(pipeline, request.accelerated))
            note = end.enter_context(notes_to_stderr())
            return self._prepare_and_run(pipeline, request, copy, note)

    def _prepare_and_run(
        self, pipeline: Pipeline, request: RunRequest, copy: ProgramCopy | None, note: Callable[[str], None]
    ) -> RunOutcome:
        forks = copy or self._begin_server()
        name, run_id = pipeline.pipeline_info.id, datetime.now().strftime("%Y%m%d-%H%M%S.%f")
        defaults = parameter_defaults(pipeline)
        parameters = bind_parameters(pipeline, run_id, request.parameters, request.command)
        check_parameters(parameters, self.checks)
        if not request.is_partial:
            check_inputs(pipeline)
        with quietly():
            nodes = graph_of(pipeline, self.settings)
            note_loaded(is_copied=copy is not None)
            code = code_by_node(nodes)
            set_cache(nodes, request)
            if not request.is_partial:
                check_nodes(nodes)
            check_containers(nodes)
            self.settings.make_home()
            definitions = ProgramDefinitions.of_program(nodes) if copy is None else None
            config = connection_config(nodes[0].deployment, self.settings)
            store = MetadataStore.connect(config)
            store.wait_for(config, note)
            if not request.is_partial:
                check_types(nodes, store)
            remember(self.settings.home, store.address)
        for died in reconcile(self.settings, store):
            print(f"note: {died}", file=sys.stderr)
        with quietly():
            basis = basis_of(nodes, run_id, store)
        recorded_basis = basis.to_json()
        if request.is_partial:
            with quietly(), OutputsLock.of(self.settings).using():  # TFX warns of what MLMD 1.21 lacks
                part = mark_part(pipeline, nodes, request, store, basis)
                check_inputs(pipeline)
                check_nodes(nodes)
                check_types(nodes, store)
                take_over(pipeline, part, store)
            for node in sorted(part.read_again):
                print(f"note: {node} runs again: what it reads has changed since {part.base_id}", file=sys.stderr)
            if not is_whole(nodes, basis, part, store):
                recorded_basis = ""
        command = request.command or command_of_program(name)
        processes = NodeProcesses(forks, definitions)
        entered = request.typed or request.command or typed_command()
        with (
            store_is_needed(name, command),
            run_lock(self.settings, name, run_id, going_on(command, pipeline), store.address) as lock,
            stop_on_signals(processes),
            copy.watched(note) if copy else nullcontext(),
            _logged(lock.folder / ORCHESTRATOR_LOG),
        ):
            facts = run_properties(project_of_main(), parameters, entered, recorded_basis, defaults)
            record_run(nodes, run_id, store, facts)
            ends = Ends(store)
            try:
                outcome = self._run(name, run_id, nodes, code, ends, processes, request)
            except Exception as error:  # not the user's fault any more, now that nodes have run
                logging.exception("the run broke off")
                record_end(name, run_id, RunState.FAILED, ends, lock)
                why = str(error) if isinstance(error, (UserError, OSError)) else f"{type(error).__name__}: {error}"
                what, next_step = f"the run of {name} broke off", going_on(command, pipeline)
                raise RunFailedError(what, where=str(lock.folder), why=why, next_step=next_step) from error
            unrecorded = record_end(name, run_id, outcome.state, ends, lock)
            if unrecorded:
                note(f"{unrecorded.what}: {unrecorded.why}")
        raise_unless_succeeded(outcome, continuing(command, pipeline, outcome), processes.stopped_by)
        if unrecorded:
            raise unrecorded
        return outcome

    def _begin_server(self) -> WarmServer:
        """A server that imports what nodes need while this process checks what it is given."""
        server = warm_server(self.settings.server)
        server.begin()
        return server

    def _run(
        self,
        name: str,
        run_id: str,
        nodes: list[GraphNode],
        code: Mapping[str, Mapping[str, str]],
        ends: Ends,
        processes: NodeProcesses,
        request: RunRequest,
    ) -> RunOutcome:
        store = ends.store
        log_folder = self.settings.log_folder(name, run_id)
        started, lock = time.monotonic(), OutputsLock.of(self.settings)
        launches = NodeLaunches(store, processes, log_folder, request.accelerated, lock, ends, code)
        progress = EvenUnheard(JsonProgress() if request.as_json else ConsoleProgress())
        with progress:
            progress.run_started(name, run_id)
            ended = run_graph(nodes, launches, processes, progress, self.settings.max_parallel)
        outcome = RunOutcome(name, run_id, ended, log_folder, time.monotonic() - started, processes.stopped)
        with stdout_to(STDERR):
            findings = _findings(outcome, store)
        progress.run_ended(outcome, findings)
        return outcome


@contextmanager
def _logged(log: Path) -> Iterator[None]:
    """Keeps from the terminal what the libraries log and print while a run goes on, and while its end is recorded."""
    with logging_to(log), printing_to(log, [STDERR]):
        yield


def _findings(outcome: RunOutcome, store: MetadataStore) -> Findings:
    """What the run found, for its summary; nothing where that cannot be read: how the nodes ended is told anyway."""
    try:
        return findings_of(outcome, store)
    except Exception:
        logging.exception("the summary is without what the run found")
        return Findings((), ())


def _with_options(request: RunRequest, options: RunOptions | None) -> RunRequest:
    if options is None or request.is_partial:
        return request
    part = options.partial_run
    base_run = part.snapshot_settings.base_pipeline_run_strategy.base_run_id
    return replace(request, from_nodes=tuple(part.from_nodes), to_nodes=tuple(part.to_nodes), base_run=str(base_run))
