"""A run goes on where nobody can be told how it goes: its terminal was closed, or who read a pipe has ended."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from headrace.orchestration.outcomes import NodeOutcome, RunOutcome
from headrace.orchestration.progress import Progress
from headrace.orchestration.summary import Findings


class EvenUnheard:
    """Tells another progress what happens; that it cannot write is no reason to break off a run."""

    def __init__(self, progress: Progress) -> None:
        """Takes what writes."""
        self._progress = progress
        self._is_heard = True

    def __enter__(self) -> Self:
        with self._unless_unheard():
            self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._unless_unheard():
            self._progress.__exit__(kind, error, trace)

    def run_started(self, pipeline: str, run_id: str) -> None:
        """Passes it on."""
        with self._unless_unheard():
            self._progress.run_started(pipeline, run_id)

    def started(self, node: str, log: Path) -> None:
        """Passes it on."""
        with self._unless_unheard():
            self._progress.started(node, log)

    def waiting(self, upstream: Mapping[str, set[str]]) -> None:
        """Passes it on."""
        with self._unless_unheard():
            self._progress.waiting(upstream)

    def ended(self, outcome: NodeOutcome) -> None:
        """Passes it on."""
        with self._unless_unheard():
            self._progress.ended(outcome)

    def run_ended(self, outcome: RunOutcome, findings: Findings) -> None:
        """Passes it on."""
        with self._unless_unheard():
            self._progress.run_ended(outcome, findings)

    @contextmanager
    def _unless_unheard(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            if self._is_heard:
                logging.warning("how the run goes cannot be shown any more", exc_info=True)
            self._is_heard = False
