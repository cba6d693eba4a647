"""A run's lock: it is held as long as the run's orchestrator lives, however that ends.

The kernel takes an flock away from a process that is killed; what the file says stays.
So a lock file that nobody holds is a run that was killed, whoever has its process id
by now. A run that ends by itself removes its file, whether it succeeded or not.
"""

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from headrace.errors import UserError, typed
from headrace.metadata import MetadataStore, Property, State
from headrace.metadata import properties as names
from headrace.orchestration.outcomes import RunState
from headrace.settings import Settings
from headrace.typed_command import with_option

LOCK_FILE = "run.lock"
DIED = RunState.DIED.value  # the state of a run whose orchestrator was killed
KILLED = "orchestrator killed"  # the kind of error of what it left unfinished
_held: list[FileIO] = []  # the lock files of this process


@dataclass(frozen=True)
class LockedRun:
    """A run that has a lock file."""

    pipeline: str
    run_id: str
    started: datetime
    host: str
    user: str
    pid: int | None  # None where the file cannot be read
    command: str  # what runs its pipeline
    path: Path

    @property
    def live(self) -> bool:
        """Its orchestrator is at work at this moment."""
        return _is_held(self.path) is True

    @property
    def dead(self) -> bool:
        """Its orchestrator was killed, and nobody has taken note of that yet."""
        return _is_held(self.path) is False


@dataclass(frozen=True)
class DiedRun:
    """A run whose orchestrator was killed, and what `reconcile` did about it."""

    pipeline: str
    run_id: str
    nodes: tuple[str, ...]  # those that were at work; their executions are FAILED now
    command: str  # what runs its pipeline

    def __str__(self) -> str:
        at_work = f" while {', '.join(self.nodes)} ran" if self.nodes else ""
        return (
            f"run {self.run_id} of {self.pipeline} died: its orchestrator was killed{at_work}; "
            f"to go on: {with_option(self.command, '--resume')}"
        )


@contextmanager
def run_lock(settings: Settings, pipeline: str, run_id: str, command: str = "") -> Iterator[None]:
    """Holds the lock of a run, for as long as the run goes on.

    Args:
        settings: whose home has the run's logs, and the lock beside them.
        pipeline: the pipeline that runs.
        run_id: the run's id.
        command: what runs the pipeline, where that is not "headrace run PIPELINE".

    Raises:
        UserError: there is a lock of that run; `reconcile` removes it where nobody holds it.
    """
    folder = settings.log_folder(pipeline, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    path, draft = folder / LOCK_FILE, folder / f"{LOCK_FILE}.{os.getpid()}"
    facts = {
        "pid": os.getpid(),
        "user": user_name(),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).isoformat(),
        "command": command or _command(pipeline),
    }
    # Complete and locked before it has its name: nobody ever sees it otherwise.
    file = FileIO(draft, "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(facts).encode())
        try:
            os.link(draft, path)
        except FileExistsError as error:
            raise UserError(
                f"the run {run_id} is going on already, or was killed",
                where=str(path),
                next_step=typed("headrace", "runs", "show", run_id),
            ) from error
        finally:
            draft.unlink()
        _held.append(file)
        try:
            yield
        finally:
            if file in _held:  # a forked child that leaves by an exception has it no more
                _held.remove(file)
                path.unlink(missing_ok=True)  # before the lock goes, or the run would seem killed for a moment
    finally:
        file.close()


def live_runs(settings: Settings) -> list[LockedRun]:
    """The runs that are going on, the newest first."""
    return [run for run in _locked_runs(settings) if run.live]


def reconcile(settings: Settings, store: MetadataStore) -> list[DiedRun]:
    """Records the end of the runs whose orchestrators were killed, and removes their locks.

    What they left NEW or RUNNING is FAILED from then on, with the error that says so.
    Several processes may call it at once: one of them does it, and returns what it did.
    """
    if not _dead_runs(settings):
        return []
    with open(settings.home / "logs" / "reconcile.lock", "w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        return [_bury(run, store) for run in _dead_runs(settings)]  # again: another may have done it meanwhile


def _bury(locked: LockedRun, store: MetadataStore) -> DiedRun:
    run = next((one for one in store.runs(locked.pipeline) if one.id == locked.run_id), None)
    if run:
        store.annotate_run(run.id, {names.RUN_STATE: DIED})
        unfinished = [one for one in store.executions(run) if one.state in (State.NEW, State.RUNNING)]
    else:
        unfinished = [one for one in store.unfinished_without_run(locked.pipeline) if one.started >= locked.started]
    for execution in unfinished:
        store.annotate(execution.id, _error(locked), State.FAILED)
    locked.path.unlink(missing_ok=True)
    nodes = tuple(dict.fromkeys(one.node for one in unfinished))
    return DiedRun(locked.pipeline, locked.run_id, nodes, locked.command)


def _error(locked: LockedRun) -> dict[str, Property]:
    return {
        names.ERROR_KIND: KILLED,
        names.ERROR_MESSAGE: "the orchestrator of its run was killed",
        names.ERROR_WHERE: f"process {locked.pid} of {locked.user} on {locked.host}",
        names.ERROR_WHY: "it ended without a word: by SIGKILL, which the kernel sends when memory runs out, "
        "or with the machine",
    }


def _dead_runs(settings: Settings) -> list[LockedRun]:
    return [run for run in _locked_runs(settings) if run.dead]


def _locked_runs(settings: Settings) -> list[LockedRun]:
    runs = []
    for path in (settings.home / "logs").glob(f"*/*/{LOCK_FILE}"):
        try:
            runs.append(_read(path))
        except FileNotFoundError:  # it has just ended
            continue
    return sorted(runs, key=lambda run: run.started, reverse=True)


def _read(path: Path) -> LockedRun:
    pipeline, run_id = path.parent.parent.name, path.parent.name
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        facts = json.loads(path.read_bytes())
        started, pid = datetime.fromisoformat(facts["started"]), int(facts["pid"])
        host, user, command = (str(facts[name]) for name in ("host", "user", "command"))
    except (ValueError, KeyError, TypeError):  # the disk was full, or somebody edited it
        return LockedRun(pipeline, run_id, written, "", "", None, _command(pipeline), path)
    return LockedRun(pipeline, run_id, started, host, user, pid, command, path)


def _command(pipeline: str) -> str:
    return f"headrace run {pipeline}"


def _is_held(path: Path) -> bool | None:
    """Whether somebody holds the lock; None if there is no such lock (any more)."""
    try:
        with open(path) as file:
            # Shared: those who look do not see each other.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False if os.path.samestat(os.fstat(file.fileno()), path.stat()) else None
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return None


def user_name() -> str:
    """Who runs this process, by name where the machine knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def _leave_to_the_parent() -> None:
    # A forked child shares its parent's flock, and would keep it when the parent is killed. (What
    # is spawned, the warm server of nodes among it, never has the file: Python closes it on exec.)
    while _held:
        _held.pop().close()


os.register_at_fork(after_in_child=_leave_to_the_parent)
