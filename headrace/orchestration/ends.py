"""How the executions of a run end: recorded at once, or when the run ends, or by the next command.

A store can be locked, its server be away, its disk be full at the moment in which an execution ends. What cannot be
recorded then is kept, and tried again when the run ends. What cannot be recorded then either stands in a note beside
the run's lock, which stays, so that the next command records it.
"""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headrace.metadata import MetadataStore, Property, State
from headrace.metadata import properties as names

NOTE_FILE = "unrecorded.json"
_UNRECORDED = "end not recorded"  # the kind of error of an execution of which nobody knows how it ended


@dataclass(frozen=True)
class End:
    """How an execution ended."""

    state: State
    properties: Mapping[str, Property]


@dataclass(frozen=True)
class Note:
    """What could not be recorded of a run when it ended."""

    state: str  # of the run: a RunState's text
    ends: Mapping[int, End]
    why: str

    def write(self, folder: Path) -> None:
        """Writes the note into the run's log folder, if that can be."""
        facts = {
            "state": self.state,
            "why": self.why,
            "ends": {number: [end.state, dict(end.properties)] for number, end in self.ends.items()},
        }
        with suppress(OSError):  # of a disk that is full, the next command knows only that the run is over
            (folder / NOTE_FILE).write_text(json.dumps(facts))

    @classmethod
    def read(cls, folder: Path) -> "Note | None":
        """The note in a run's log folder; None where there is none that can be read."""
        try:
            facts: Any = json.loads((folder / NOTE_FILE).read_bytes())
            ends = {int(number): End(State(state), dict(more)) for number, (state, more) in facts["ends"].items()}
            return cls(str(facts["state"]), ends, str(facts["why"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


@dataclass
class Ends:
    """Records how the executions of a run end."""

    store: MetadataStore
    missed: dict[int, End] = field(default_factory=dict)
    doubtful: bool = False  # an execution may be recorded as running that does not

    def record(self, execution_id: int, state: State, properties: Mapping[str, Property]) -> None:
        """Records an end; never raises: what cannot be recorded now is kept."""
        try:
            self.store.annotate(execution_id, properties, state)
        except Exception:  # whatever it is, the node has ended so
            logging.exception("the end of execution %d is not recorded yet", execution_id)
            self.missed[execution_id] = End(state, properties)

    def settle(self, pipeline: str, run_id: str) -> None:
        """Records all that was kept, when no node is at work any more.

        Raises:
            Exception: the store cannot be written still.
        """
        for execution_id, end in list(self.missed.items()):
            self.store.annotate(execution_id, end.properties, end.state)
            del self.missed[execution_id]
        if self.doubtful:
            run = next((one for one in self.store.runs(pipeline) if one.id == run_id), None)
            for execution in self.store.executions(run) if run else ():
                if execution.state in (State.NEW, State.RUNNING):
                    self.store.annotate(execution.id, unknown_end("a call to the metadata store failed"), State.FAILED)
            self.doubtful = False


def unknown_end(why: str) -> dict[str, Property]:
    """What is recorded of an execution that has ended, nobody knows how."""
    return {
        names.ERROR_KIND: _UNRECORDED,
        names.ERROR_MESSAGE: "it could not be recorded how it ended",
        names.ERROR_WHY: why,
    }
