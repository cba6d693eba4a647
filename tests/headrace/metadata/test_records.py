"""Records as they are read from ML Metadata."""

from datetime import UTC, datetime, timedelta

import pytest

from headrace.metadata.records import Execution, State, time_of

START = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def test_a_time_is_read_to_the_millisecond() -> None:
    assert time_of(1_767_323_045_678) == START
    assert time_of(0) == datetime(1970, 1, 1, tzinfo=UTC)


def test_an_execution_took_from_its_registration_to_its_last_change() -> None:
    execution = Execution(1, "Train", "Trainer", State.COMPLETE, START, START + timedelta(milliseconds=1250))
    assert execution.seconds == 1.25


@pytest.mark.parametrize("state", State)
def test_only_what_completed_or_was_cached_can_be_used(state: State) -> None:
    assert state.succeeded is (state.value in ("COMPLETE", "CACHED"))
