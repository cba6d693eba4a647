import logging
import time

import pytest

from headrace.acceleration.counting import Count


def test_counts_are_logged_but_not_each(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.INFO)
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    count = Count()
    for seconds in (0.1, 0.5, 0.1, 0.5):
        now += seconds
        count.add(1000)
    assert caplog.messages == ["2,000 examples so far", "4,000 examples so far"]
