import os
import signal
from types import FrameType

import pytest

from headrace.orchestration.signals import handled_by


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("ignored", [False, True])
def test_a_signal_stops_what_runs_if_this_process_was_not_started_to_ignore_it(
    number: signal.Signals, ignored: bool
) -> None:
    heard: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        heard.append(number)

    def before(number: int, frame: FrameType | None) -> None:
        raise AssertionError("handled as before")

    saved = signal.signal(number, signal.SIG_IGN if ignored else before)
    try:
        with handled_by(stop):
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is (signal.SIG_IGN if ignored else before)
    finally:
        signal.signal(number, saved)
    assert heard == ([] if ignored else [number])
