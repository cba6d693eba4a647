"""What came of a node and of a run, as plain frozen records."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from headrace.metadata import recordable

_LONGEST = 10_000  # characters of a text that is recorded: a database refuses a row of many millions


class NodeState(StrEnum):
    """How a node ended, or why it did not run."""

    SUCCEEDED = "succeeded"
    CACHED = "cached"
    REUSED = "reused"  # a partial run takes its outputs from an earlier run
    LEFT_OUT = "not part of this run"  # a partial run neither runs it nor takes anything of it
    SKIPPED = "skipped"  # its condition does not hold, or that of a node it depends on
    FAILED = "failed"
    BLOCKED = "not run"  # something it depends on failed
    CANCELED = "canceled"

    @property
    def unlocks(self) -> bool:
        """What depends on the node may run."""
        return self in (NodeState.SUCCEEDED, NodeState.CACHED, NodeState.REUSED)


class RunState(StrEnum):
    """How a run goes, or went."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    DIED = "died"  # its orchestrator was killed
    UNKNOWN = "unknown"  # it does not go on, as far as Headrace can tell, and has no end: another tool's run


@dataclass(frozen=True)
class Failure:
    """Why a node failed, in facts that can be stored and shown."""

    kind: str  # the exception's type, or "died" for a process that ended without one
    message: str
    where: str = ""  # file:line of the user's code, or what the error itself names
    why: str = ""
    next_step: str = ""
    retryable: bool = True  # it may go away by itself

    def __post_init__(self) -> None:
        """Makes texts that can be recorded and printed of whatever an exception says."""
        for name in ("kind", "message", "where", "why", "next_step"):
            object.__setattr__(self, name, _cut(recordable(getattr(self, name))))

    def __str__(self) -> str:
        facts = (("where", self.where), ("why", self.why), ("next", self.next_step))
        return "\n".join([f"{self.kind}: {self.message}", *(f"  {name}: {fact}" for name, fact in facts if fact)])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


@dataclass(frozen=True)
class NodeOutcome:
    """What came of one node."""

    node: str
    state: NodeState
    seconds: float = 0.0
    executions: tuple[int, ...] = ()  # those that succeeded, or the last that failed
    log: Path | None = None
    failure: Failure | None = None
    attempts: int = 1
    optional: bool = False  # its failure does not count: what depends on it may run, and the run succeeds


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run, its nodes in the pipeline's order."""

    pipeline: str
    run_id: str
    nodes: tuple[NodeOutcome, ...]
    log_folder: Path
    seconds: float
    stopped: bool = False  # somebody stopped it

    @property
    def failed(self) -> tuple[NodeOutcome, ...]:
        """The nodes that failed themselves."""
        return tuple(node for node in self.nodes if node.state is NodeState.FAILED)

    @property
    def state(self) -> RunState:
        """How it ended."""
        if self.stopped:
            return RunState.CANCELED
        return RunState.FAILED if any(not node.optional for node in self.failed) else RunState.SUCCEEDED
