"""What is shown while a run goes on, and when it has ended."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress as Live
from rich.progress import ProgressColumn, SpinnerColumn, Task, TaskID, TimeElapsedColumn
from rich.text import Text

from headrace.orchestration.activity import activity_of
from headrace.orchestration.outcomes import NodeOutcome, RunOutcome
from headrace.orchestration.summary import MARKS, Findings, print_summary
from headrace.terminal import plain_console


class Progress(Protocol):
    """Is told what happens."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run_started(self, pipeline: str, run_id: str) -> None:
        """A run begins."""

    def started(self, node: str, log: Path) -> None:
        """A node is at work, and logs to a file."""

    def waiting(self, upstream: Mapping[str, set[str]]) -> None:
        """These nodes wait, each for some."""

    def ended(self, outcome: NodeOutcome) -> None:
        """A node has ended, or will never run."""

    def run_ended(self, outcome: RunOutcome, findings: Findings) -> None:
        """The run has ended, and this is what it found and made."""


class _NodeColumn(ProgressColumn):
    """What the line is about; Rich's own column shows a node called `:smile:` as a picture."""

    def render(self, task: Task) -> Text:
        """The text for one live line."""
        return Text.from_markup(task.description, emoji=False)


class _ActivityColumn(ProgressColumn):
    """What the node at work is doing."""

    max_refresh = 0.5  # seconds: it reads a file

    def render(self, task: Task) -> Text:
        """The text for one live line."""
        log: Path | None = task.fields["log"]
        return Text(activity_of(log) if log else "", style="dim")


class ConsoleProgress:
    """Shows a run to a person: a live line for each node at work or waiting, a lasting one for each that ended.

    Without a terminal, one plain line for each start and end.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or plain_console(file=sys.stdout, markup=True)
        self._live = Live(
            SpinnerColumn(),
            _NodeColumn(),
            TimeElapsedColumn(),
            _ActivityColumn(),
            console=self.console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def run_started(self, pipeline: str, run_id: str) -> None:
        """Prints which run it is."""
        self.console.print(f"[bold]{escape(pipeline)}[/] run {escape(run_id)}")

    def started(self, node: str, log: Path) -> None:
        """Adds a live line."""
        if node in self._tasks:
            self._live.remove_task(self._tasks.pop(node))
        self._tasks[node] = self._live.add_task(escape(node), log=log)
        if not self.console.is_terminal:
            self.console.print(f"  {escape(node)} started")

    def waiting(self, upstream: Mapping[str, set[str]]) -> None:
        """Keeps a live line for each node that waits."""
        for node, ones in upstream.items():
            text = f"[dim]{escape(node)} waits for {escape(', '.join(sorted(ones)) or 'its turn')}[/]"
            if node not in self._tasks:
                self._tasks[node] = self._live.add_task(text, start=False, log=None)
            self._live.update(self._tasks[node], description=text)

    def ended(self, outcome: NodeOutcome) -> None:
        """Turns the live line into a lasting one."""
        if outcome.node in self._tasks:
            self._live.remove_task(self._tasks.pop(outcome.node))
        seconds = f" {outcome.seconds:.1f} s" if outcome.seconds else ""
        attempts = f" at attempt {outcome.attempts}" if outcome.attempts > 1 else ""
        self.console.print(f"{MARKS[outcome.state]} {escape(outcome.node)} {outcome.state}{seconds}{attempts}")

    def run_ended(self, outcome: RunOutcome, findings: Findings) -> None:
        """Prints the summary."""
        print_summary(outcome, findings, self.console)
