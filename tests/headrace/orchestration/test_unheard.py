import os
from contextlib import suppress
from pathlib import Path

import pytest

from headrace.orchestration.outcomes import NodeOutcome, NodeState, RunOutcome
from headrace.orchestration.progress import ConsoleProgress
from headrace.orchestration.summary import Findings
from headrace.orchestration.unheard import EvenUnheard
from headrace.terminal import plain_console


def go_through(progress: EvenUnheard) -> None:
    with progress:
        progress.run_started("taxi", "1")
        progress.started("Trainer", Path("/no/such/log"))
        progress.waiting({"Pusher": {"Trainer"}})
        progress.ended(NodeOutcome("Trainer", NodeState.SUCCEEDED, 1.0))
        progress.run_ended(RunOutcome("taxi", "1", (), Path("/logs"), 1.0), Findings((), ()))


def test_a_closed_terminal_breaks_nothing_off(caplog: pytest.LogCaptureFixture) -> None:
    controller, terminal = os.openpty()
    with suppress(OSError), open(terminal, "w", buffering=1) as stream:  # what is left in it cannot be written either
        progress = EvenUnheard(ConsoleProgress(plain_console(file=stream, markup=True)))
        os.close(controller)
        go_through(progress)
    assert caplog.messages == ["how the run goes cannot be shown any more"]


def test_what_can_be_told_is(capsys: pytest.CaptureFixture[str]) -> None:
    go_through(EvenUnheard(ConsoleProgress()))
    assert "Trainer succeeded" in capsys.readouterr().out


def test_another_error_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), EvenUnheard(ConsoleProgress()):
        raise ZeroDivisionError
