"""A run as events for machines: one JSON object a line, on standard output."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from headrace.orchestration.outcomes import NodeOutcome, RunOutcome
from headrace.orchestration.summary import Findings


class JsonProgress:
    """Writes each event as it happens: `event`, `time` in seconds since 1970, and its facts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def run_started(self, pipeline: str, run_id: str) -> None:
        """Event run_started."""
        write_event("run_started", pipeline=pipeline, run_id=run_id)

    def started(self, node: str, log: Path) -> None:
        """Event node_started."""
        write_event("node_started", node=node, log=log)

    def waiting(self, upstream: Mapping[str, set[str]]) -> None:
        """No event: it follows from the others."""

    def ended(self, outcome: NodeOutcome) -> None:
        """Event node_ended, with the outcome's facts."""
        write_event("node_ended", **asdict(outcome))

    def run_ended(self, outcome: RunOutcome, findings: Findings) -> None:
        """Event run_ended."""
        write_event(
            "run_ended",
            state=outcome.state,
            seconds=outcome.seconds,
            blessed=[evaluation.blessed for evaluation in findings.evaluations],
            pushed=list(findings.pushed),
            served=[check.blessed for check in findings.served],
            told=[one.text for one in findings.told],
            notes=[{"node": node, "note": note} for node, note in findings.notes],
            log_folder=outcome.log_folder,
        )


def write_event(event: str, **facts: object) -> None:
    """Writes one event: its name, the time in seconds since 1970, and its facts."""
    print(json.dumps({"event": event, "time": time.time(), **facts}, default=str), file=sys.stdout, flush=True)
