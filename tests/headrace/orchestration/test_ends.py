from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, Property, State
from headrace.metadata import properties as names
from headrace.metadata.store import sqlite_config
from headrace.orchestration.ends import Ends
from tests.headrace.recording import record_execution


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite"))


@pytest.fixture
def refusing(store: MetadataStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The store takes nothing, until this is called."""

    def refuse(execution_id: int, properties: Mapping[str, Property], state: State | None = None) -> None:
        raise RuntimeError("database or disk is full")

    monkeypatch.setattr(store, "annotate", refuse)
    return monkeypatch.undo


def test_an_end_that_cannot_be_recorded_is_when_the_run_ends(
    store: MetadataStore, refusing: Callable[[], None]
) -> None:
    execution, ends = record_execution(store, "taxi", "1", "Trainer", State.RUNNING), Ends(store)
    ends.record(execution, State.FAILED, {names.ERROR_KIND: "ValueError"})
    with pytest.raises(RuntimeError):
        ends.settle("taxi", "1")
    assert ends.missed[execution].state is State.FAILED
    refusing()
    ends.settle("taxi", "1")
    [recorded] = store.executions()
    assert (recorded.state, recorded.properties[names.ERROR_KIND]) == (State.FAILED, "ValueError")
    assert ends.missed == {}


def test_of_a_run_in_doubt_nothing_stays_running(store: MetadataStore) -> None:
    for run_id in "12":
        record_execution(store, "taxi", run_id, "Trainer", State.RUNNING)
    ends = Ends(store)
    ends.settle("taxi", "1")
    assert [one.state for one in store.executions()] == [State.RUNNING] * 2
    ends.doubtful = True
    ends.settle("taxi", "1")
    first, second = store.executions()
    assert (first.state, second.state) == (State.FAILED, State.RUNNING)
    assert first.properties[names.ERROR_KIND] == "end not recorded"
