"""A run's lock: it is held as long as the run's orchestrator lives, however that ends.

The kernel takes an flock away from a process that is killed; what the file says stays.
So a lock file that nobody holds is a run that was killed, whoever has its process id
by now. A run that ends by itself removes its file, whether it succeeded or not.
"""

import fcntl
import getpass
import json
import logging
import os
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from urllib.parse import unquote

from headrace.errors import UserError, typed
from headrace.metadata import MetadataStore, Property, State
from headrace.metadata import properties as names
from headrace.orchestration.ends import NOTE_FILE, End, Note, unknown_end
from headrace.orchestration.outcomes import RunState
from headrace.settings import Settings

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
    command: str  # what goes on with it
    path: Path
    store: str = ""  # the address of its metadata store; empty where that is not known

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
    """A run whose orchestrator was killed, or could not record its end, and what `reconcile` did about it."""

    pipeline: str
    run_id: str
    nodes: tuple[str, ...]  # those that were at work; their executions are FAILED now
    command: str  # what goes on with it
    ended: str = ""  # how it ended, where that was left in a note

    def __str__(self) -> str:
        if self.ended:
            return (
                f"run {self.run_id} of {self.pipeline} {self.ended}: recorded now, because the metadata store could "
                "not be written when it ended"
            )
        at_work = f" while {', '.join(self.nodes)} ran" if self.nodes else ""
        died = f"run {self.run_id} of {self.pipeline} died: its orchestrator was killed{at_work}"
        return f"{died}; to go on: {self.command}"


@dataclass
class HeldLock:
    """The lock of a run that goes on."""

    folder: Path
    is_left: bool = False

    def leave(self, note: Note) -> None:
        """Has the lock's file stay when the run ends, with a note of what the next command is to record."""
        self.is_left = True
        note.write(self.folder)


@contextmanager
def run_lock(
    settings: Settings, pipeline: str, run_id: str, command: str | None = None, store: str = ""
) -> Iterator[HeldLock]:
    """Holds the lock of a run, for as long as the run goes on.

    Args:
        settings: whose home has the run's logs, and the lock beside them.
        pipeline: the pipeline that runs.
        run_id: the run's id.
        command: what goes on with the run, where that is not "headrace run PIPELINE".
        store: the address of the store that it is recorded in.

    Raises:
        UserError: there is a lock of that run; `reconcile` removes it where nobody holds it.
    """
    folder = settings.log_folder(pipeline, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    path, draft = folder / LOCK_FILE, folder / f"{LOCK_FILE}.{os.getpid()}"
    facts = {
        "pipeline": pipeline,
        "run": run_id,
        "pid": os.getpid(),
        "user": user_name(),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).isoformat(),
        "command": _command(pipeline) if command is None else command,
        "store": store,
    }
    # Complete and locked before it has its name: nobody ever sees it otherwise.
    file = FileIO(draft, "w")
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(facts).encode())
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
        lock = HeldLock(folder)
        try:
            yield lock
        finally:
            if file in _held:  # a forked child that leaves by an exception has it no more
                _held.remove(file)
                if not lock.is_left:
                    path.unlink(missing_ok=True)  # before the lock goes, or the run would seem killed for a moment
    finally:
        file.close()


def live_runs(settings: Settings) -> list[LockedRun]:
    """The runs that are going on, the newest first."""
    return [run for run in _locked_runs(settings) if run.live]


def reconcile(settings: Settings, store: MetadataStore) -> list[DiedRun]:
    """Records the end of the runs whose orchestrators were killed, and removes their locks.

    What they left NEW or RUNNING is FAILED from then on, with the error that says so, or is
    what a note says of it. Several processes may call it at once: one of them does it, and
    returns what it did. Where the store cannot be written still, the locks stay.
    """
    if not _dead_runs(settings):
        return []
    buried = []
    with open(settings.home / "logs" / "reconcile.lock", "w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        for run in _dead_runs(settings):  # again: another may have done it meanwhile
            try:
                if (own := _store_of(run, store)) is not None:
                    buried.append(_bury(run, own))
            except Exception:  # of the store; whoever asks wants to know something else
                logging.warning("the end of run %s cannot be recorded", run.run_id, exc_info=True)
    return buried


def _store_of(locked: LockedRun, store: MetadataStore) -> MetadataStore | None:
    """The store that a run is recorded in; None for another server's: whoever runs its pipeline knows its password."""
    if locked.store in ("", store.address):
        return store
    path = Path(locked.store)
    return MetadataStore.open(path) if path.is_absolute() else None


def _bury(locked: LockedRun, store: MetadataStore) -> DiedRun:
    run = next((one for one in store.runs(locked.pipeline) if one.id == locked.run_id), None)
    note = Note.read(locked.path.parent)
    if run:
        store.annotate_run(run.id, {names.RUN_STATE: note.state if note else DIED})
        unfinished = [one for one in store.executions(run) if one.state in (State.NEW, State.RUNNING)]
    else:
        unfinished = [one for one in store.unfinished_without_run(locked.pipeline) if one.started >= locked.started]
    for execution in unfinished:
        unknown = End(State.FAILED, unknown_end(note.why) if note else _error(locked))
        end = note.ends.get(execution.id, unknown) if note else unknown
        store.annotate(execution.id, end.properties, end.state)
    locked.path.unlink(missing_ok=True)
    (locked.path.parent / NOTE_FILE).unlink(missing_ok=True)
    nodes = tuple(dict.fromkeys(one.node for one in unfinished))
    return DiedRun(locked.pipeline, locked.run_id, nodes, locked.command, note.state if note else "")


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
    pipeline, run_id = unquote(path.parent.parent.name), path.parent.name
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        facts = json.loads(path.read_bytes())
        started, pid = datetime.fromisoformat(facts["started"]), int(facts["pid"])
        host, user, command = (str(facts[name]) for name in ("host", "user", "command"))
        store = str(facts.get("store", ""))
        pipeline, run_id = str(facts.get("pipeline", pipeline)), str(facts.get("run", run_id))
    except (ValueError, KeyError, TypeError):  # the disk was full, or somebody edited it
        return LockedRun(pipeline, run_id, written, "", "", None, _command(pipeline), path)
    return LockedRun(pipeline, run_id, started, host, user, pid, command, path, store)


def _command(pipeline: str) -> str:
    return shlex.join(["headrace", "run", pipeline])


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
