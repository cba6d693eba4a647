"""What Notify told a webhook, or could not."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headrace.contents.damage import reading

NOTIFICATION = "Notification"  # the artifact's type
_FILE = "notification.json"


@dataclass(frozen=True)
class Notification:
    """One message about a run."""

    variable: str  # the environment variable with the webhook's address, which is a secret
    events: tuple[str, ...]  # what it was about; empty where there was nothing to tell
    payload: dict[str, Any]  # what was sent, or was to be
    attempts: int = 0
    problem: str = ""  # why it was not delivered
    uncertain: bool = False  # with a problem: it was sent and not answered, and may have been taken all the same

    @property
    def delivered(self) -> bool:
        """The webhook said that it took it."""
        return bool(self.events) and not self.problem

    @property
    def text(self) -> str:
        """What came of it, in a line."""
        if not self.events:
            return "Nothing to tell: none of the events that are asked for."
        if self.problem and self.uncertain:
            return f"Whether anybody was told ({', '.join(self.events)}) is not known: {self.problem}"
        if self.problem:
            return f"Nobody was told ({', '.join(self.events)}): {self.problem}"
        return f"Told the webhook of ${self.variable}: {', '.join(self.events)}"

    def write(self, folder: Path) -> None:
        """Writes it into a Notification artifact's folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _FILE).write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")


def read_notification(folder: Path) -> Notification:
    """The message in a Notification artifact's `folder`.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged.
    """
    with reading(folder / _FILE):
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return Notification(**{**found, "events": tuple(found["events"])})
