"""The end of a run: recorded, or left to the next command, and raised where it is no good one."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from headrace.errors import HeadraceError, RunCanceledError, RunFailedError
from headrace.metadata.properties import RUN_STATE
from headrace.metadata.sqlite_file import MetadataGoneError
from headrace.orchestration.ends import Ends, Note
from headrace.orchestration.outcomes import RunOutcome, RunState
from headrace.orchestration.run_lock import HeldLock


@contextmanager
def store_is_needed(pipeline: str, command: str) -> Iterator[None]:
    """Makes one message of a store that somebody removes while a run goes on.

    Args:
        pipeline: that runs.
        command: that runs it from its beginning: what it could go on from is gone as well.
    """
    try:
        yield
    except MetadataGoneError as error:
        what = f"the run of {pipeline} failed: its metadata store was removed while it ran"
        raise RunFailedError(what, where=error.where, next_step=command) from error


def record_end(pipeline: str, run_id: str, state: RunState, ends: Ends, lock: HeldLock) -> RunFailedError | None:
    """Records how a run ended; leaves that to the next command where it cannot be, and returns what is said then.

    Raises:
        MetadataGoneError: there is no store any more.
    """
    try:
        ends.settle(pipeline, run_id)
        ends.store.annotate_run(run_id, {RUN_STATE: state})
    except MetadataGoneError:
        raise
    except Exception as error:
        logging.exception("the end of the run is not recorded")
        lock.leave(Note(state, ends.missed, str(error)))
        return RunFailedError(
            f"how the run of {pipeline} ended cannot be recorded now; the next command does it",
            where=str(lock.folder),
            why=_in_short(error),
            next_step="headrace runs list",
        )
    return None


def raise_unless_succeeded(outcome: RunOutcome, next_step: str, stopped_by: int | None) -> None:
    """Raises what a run that was stopped, or failed, ends with; `next_step` is what to type then."""
    where = str(outcome.log_folder)
    if outcome.state is RunState.CANCELED:
        kind = RunCanceledError.of_signal(stopped_by)
        raise kind(f"the run of {outcome.pipeline} was stopped", where=where, next_step=next_step)
    if outcome.state is RunState.FAILED:
        failed = ", ".join(node.node for node in outcome.failed if not node.optional)
        raise RunFailedError(f"the run of {outcome.pipeline} failed: {failed}", where=where, next_step=next_step)


def _in_short(error: Exception) -> str:
    return f"{error.what}, {error.where}" if isinstance(error, HeadraceError) else str(error)
