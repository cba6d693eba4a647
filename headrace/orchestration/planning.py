"""Plans the pipeline that a file defines, with all that a run of it would check and bind."""

import dis
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import cast

from headrace.errors import DefinitionError, typed
from headrace.metadata import MetadataStore
from headrace.metadata.store import ConnectionConfig
from headrace.orchestration.code_fingerprint import note_loaded
from headrace.orchestration.compilation import bind_parameters, connection_config, set_cache
from headrace.orchestration.definition import Definition, ProgramFile, execute
from headrace.orchestration.graph import graph_of
from headrace.orchestration.output import quietly
from headrace.orchestration.pipeline_checks import check_nodes, check_pipeline, check_types
from headrace.orchestration.plan import Plan, plan
from headrace.orchestration.preflight import check_inputs
from headrace.orchestration.request import RunRequest
from headrace.plan_guard.guarding import left_alone
from headrace.plan_guard.left_alone import LeftAlone
from headrace.settings import Settings

_RUN_ID = "planned"  # of a run that never is


class _Planned(BaseException):
    """Ends the file where it calls run(): what comes after it depends on the run."""


def plan_definition(program: ProgramFile, settings: Settings, request: RunRequest) -> Plan:
    """Plans the first pipeline that a file defines; makes no store and no home where there are none.

    The file is executed as far as its first call of run(); then it ends, as an error would end it. What it would
    remove, move or overwrite until its end is left alone, or put back.

    Raises:
        DefinitionError: the file fails, or runs no pipeline.
        UserError: something cannot be as it is asked for; a run would be refused for the same reason.
    """
    plans: list[Plan] = []
    with left_alone() as files:

        def on_run(definition: Definition) -> None:
            files.has_run = True
            with files.at_our_own_work():
                if not plans:
                    plans.append(replace(_plan(definition, request), more=_does_more()))
            raise _Planned

        with _explaining(files, program), suppress(_Planned):
            execute(program, settings, on_run)
    return replace(plans[0], spared=tuple(files.spared), undone=tuple(files.undone), done=tuple(files.done))


@contextmanager
def _explaining(files: LeftAlone, program: ProgramFile) -> Iterator[None]:
    """Says of an error of the file what was left alone before: the file may need that it is done."""
    try:
        yield
    except DefinitionError as error:
        if not files.spared:
            raise
        raise DefinitionError(
            error.what,
            where=error.where,
            why=f"{error.why}; this plan left alone that it {', and '.join(files.spared)}",
            next_step=f"{typed('headrace', 'run', program.path)}  # does all of that",
        ) from error


def _plan(definition: Definition, request: RunRequest) -> Plan:
    own, compiled = definition.runner.settings, definition.pipeline
    check_pipeline(compiled)
    bind_parameters(compiled, _RUN_ID, request.parameters)
    check_inputs(compiled)
    note_loaded(is_copied=True)
    with quietly():
        nodes = graph_of(compiled, own)
        check_nodes(nodes)
    set_cache(nodes, request)
    store = _open(connection_config(nodes[0].deployment, own))
    if store:
        check_types(nodes, store)
    with quietly():
        return plan(compiled.pipeline_info.id, nodes, store)


def _does_more() -> bool:
    """Whether the file does more once run() has returned: it may run another pipeline."""
    frame, main = cast("FrameType | None", sys._getframe()), vars(sys.modules["__main__"])
    while frame is not None:
        if frame.f_globals is main:
            for instruction in dis.get_instructions(frame.f_code):
                line = instruction.positions.lineno if instruction.positions else None
                after = instruction.offset > frame.f_lasti
                if after and ("JUMP_BACKWARD" in instruction.opname or (line is not None and line > frame.f_lineno)):
                    return True
        frame = frame.f_back
    return False


def _open(config: ConnectionConfig) -> MetadataStore | None:
    """The store, or None: where a SQLite file is not there, none is made."""
    file = config.sqlite.filename_uri
    return None if file and not Path(file).exists() else MetadataStore.connect(config)
