"""Runs a pipeline span after span, as time went by: each span a run of its own; what is done is not run again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from types import FrameType
from typing import Protocol

from tfx.proto.orchestration.pipeline_pb2 import Pipeline, RuntimeParameter

from headrace.errors import RunCanceledError, RunFailedError, UserError
from headrace.metadata import MetadataStore, Property, Run
from headrace.orchestration.basis import basis_of
from headrace.orchestration.compilation import bind_parameters, connection_config, runtime_parameters
from headrace.orchestration.definition import Definition, ProgramFile, execute
from headrace.orchestration.graph import graph_of
from headrace.orchestration.output import quietly
from headrace.orchestration.partial import succeeded_nodes, why_not_resumed
from headrace.orchestration.preflight import check_inputs
from headrace.orchestration.request import RunRequest
from headrace.orchestration.run_lock import live_runs, reconcile
from headrace.orchestration.signals import handled_by
from headrace.orchestration.span_history import SpanState, span_of, state_of
from headrace.orchestration.span_range import SPAN, SpanRange
from headrace.settings import Settings
from headrace.typed_command import with_option

_RUN_ID = f"{datetime(1970, 1, 1):%Y%m%d-%H%M%S.%f}"  # as long as a run's


class SeriesProgress(Protocol):
    """Shows how a series of spans goes."""

    def span_started(self, span: int, spans: SpanRange, state: SpanState) -> None:
        """A span is run now: from its beginning, or where it was interrupted."""

    def span_skipped(self, span: int, spans: SpanRange, run: str) -> None:
        """A span is done already, by this run."""

    def series_ended(self, pipeline: str, spans: SpanRange, store: MetadataStore) -> None:
        """The series has ended, at its end or at a span that failed."""


def run_spans(
    program: ProgramFile,
    settings: Settings,
    request: RunRequest,
    spans: SpanRange,
    command: str,
    progress: SeriesProgress,
) -> None:
    """Runs the pipeline that a file defines for each span that is not done.

    Args:
        program: a file that calls run() of a local TFX runner.
        settings: for the runner, if the file's own is stock TFX's.
        request: of each run. Without the cache, wholly or for some nodes, no span counts as done.
        spans: one after another.
        command: what goes on with the series.
        progress: what shows how the series goes.

    Raises:
        UserError: the pipeline has no integer parameter `span`, one of the spans is being run, or there are no data of
            one; nothing has run.
        RunFailedError: a span failed; those after it were not run.
        RunCanceledError: somebody stopped the series.
    """
    with _stopping(command):
        execute(program, settings, lambda definition: _Series(definition, request, spans, command, progress).run())


@dataclass(frozen=True)
class _Series:
    definition: Definition
    request: RunRequest
    spans: SpanRange
    command: str
    progress: SeriesProgress

    @property
    def name(self) -> str:
        return str(self.definition.pipeline.pipeline_info.id)

    def run(self) -> None:
        _check_parameter(self.definition.pipeline)
        for span in self.spans:
            check_inputs(self._bound(span)[0])
        store = self._open_store()
        for died in reconcile(self.definition.runner.settings, store):
            print(f"note: {died}", file=sys.stderr)
        self._check_that_none_goes_on(store)
        try:
            self._run_spans(store)
        except RunFailedError:
            self.progress.series_ended(self.name, self.spans, store)
            raise
        self.progress.series_ended(self.name, self.spans, store)

    def _run_spans(self, store: MetadataStore) -> None:
        before: Run | None = None
        for span in self.spans:
            state = self._state(span, before, store)
            if state.done:
                self.progress.span_skipped(span, self.spans, state.done.id)
                before = state.done
            else:
                self.progress.span_started(span, self.spans, state)
                before = self._run(span, state, store)

    def _open_store(self) -> MetadataStore:
        pipeline, settings = deepcopy(self.definition.pipeline), self.definition.runner.settings
        settings.make_home()
        with quietly():
            return MetadataStore.connect(connection_config(graph_of(pipeline, settings)[0].deployment, settings))

    def _check_that_none_goes_on(self, store: MetadataStore) -> None:
        """Two series at once would build upon one another."""
        live = {one.run_id: one for one in live_runs(self.definition.runner.settings)}
        for run in store.runs(self.name):
            span = span_of(run)
            if span is not None and run.id in live and span in self.spans:
                raise UserError(
                    f"span {span} of {self.name} is being run already",
                    where=f"process {live[run.id].pid} of {live[run.id].user} on {live[run.id].host}",
                    next_step=f"headrace runs show {run.id}",
                )

    def _state(self, span: int, before: Run | None, store: MetadataStore) -> SpanState:
        """How far a span is; without the cache it is always to be run from its beginning."""
        if not self.request.cache or self.request.no_cache_for:
            return SpanState()
        pipeline, parameters = self._bound(span)
        with quietly():
            basis = basis_of(graph_of(pipeline, self.definition.runner.settings), _RUN_ID, store)
        state = state_of(store.runs(self.name), parameters, basis, before)
        if state.interrupted and (why_not_resumed(pipeline) or not succeeded_nodes(store, state.interrupted)):
            return replace(state, interrupted=None)
        return state

    def _bound(self, span: int) -> tuple[Pipeline, dict[str, Property]]:
        """The pipeline as a run of a span would have it, and its parameters."""
        pipeline = deepcopy(self.definition.pipeline)
        return pipeline, bind_parameters(pipeline, _RUN_ID, self._request(span).parameters)

    def _run(self, span: int, state: SpanState, store: MetadataStore) -> Run | None:
        request = self._request(span)
        if state.interrupted:  # not from its beginning: what it would find then may be of this very span
            stale = tuple(sorted(state.stale))
            request = replace(request, resume=True, resumed_run=state.interrupted.id, from_nodes=stale)
        runner, pipeline = self.definition.runner, deepcopy(self.definition.pipeline)
        try:
            outcome = runner.run_with_ir(pipeline, self.definition.options, request)
        except (RunFailedError, RunCanceledError) as error:
            next_step = f"{self.command}  # goes on with span {span}"
            what = f"span {span} of {self.spans}: {error.what}"
            raise type(error)(what, where=error.where, why=error.why, next_step=next_step) from error
        return next((run for run in store.runs(self.name) if run.id == outcome.run_id), None)

    def _request(self, span: int) -> RunRequest:
        parameters = {**self.request.parameters, SPAN: str(span)}
        command = with_option(self.request.command, f"--set={SPAN}={span}")
        return replace(self.request, parameters=parameters, command=command, typed=command)


def _check_parameter(pipeline: Pipeline) -> None:
    name = pipeline.pipeline_info.id
    if pipeline.execution_mode != Pipeline.SYNC:
        why = "it is ASYNC: TFX records no runs of it, so nobody can tell which spans are done"
        raise UserError(f"{name} cannot be run span after span", why=why)
    declared = {one.name: one.type for one in runtime_parameters(pipeline)}
    if declared.get(SPAN) == RuntimeParameter.INT:
        return
    raise UserError(
        f"{name} cannot be run span after span",
        why=f"its parameter {SPAN!r} is not an integer" if SPAN in declared else f"it has no RuntimeParameter {SPAN!r}",
        next_step=f"data_types.RuntimeParameter({SPAN!r}, int), given to the node of {name} that reads the data",
    )


@contextmanager
def _stopping(command: str) -> Iterator[None]:
    """Between two runs, and before one has begun, Ctrl-C, SIGTERM and SIGHUP end the series at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise RunCanceledError.of_signal(number)("stopped while no node ran", next_step=command)

    with handled_by(stop):
        yield
