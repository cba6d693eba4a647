"""The console while a run goes on: a live line for each node at work, a lasting one for each that ended."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from headrace.orchestration.outcomes import NodeOutcome, NodeState

MARKS = {
    NodeState.SUCCEEDED: "[green]✓[/]",
    NodeState.CACHED: "[cyan]≡[/]",
    NodeState.SKIPPED: "[dim]-[/]",
    NodeState.FAILED: "[bold red]✗[/]",
    NodeState.BLOCKED: "[yellow]·[/]",
    NodeState.CANCELED: "[yellow]·[/]",
}


class ConsoleProgress:
    """Shows a run's progress; without a terminal, one plain line for each start and end."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stdout, highlight=False)
        self._live = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=self.console, transient=True
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

    def started(self, node: str) -> None:
        """A node is at work."""
        self._tasks[node] = self._live.add_task(escape(node))
        if not self.console.is_terminal:
            self.console.print(f"  {escape(node)} started")

    def ended(self, outcome: NodeOutcome) -> None:
        """A node has ended, or will never run."""
        if outcome.node in self._tasks:
            self._live.remove_task(self._tasks.pop(outcome.node))
        seconds = f" {outcome.seconds:.1f} s" if outcome.seconds else ""
        self.console.print(f"{MARKS[outcome.state]} {escape(outcome.node)} {outcome.state}{seconds}")
