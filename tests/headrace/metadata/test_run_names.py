"""What people call a run."""

import pytest

from headrace.errors import UnknownNameError
from headrace.metadata.run_names import resolve_run

IDS = ("20260103-1", "20260102-22", "20260102-2", "20260101-9")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("latest", "20260103-1"),
        ("20260103-1", "20260103-1"),
        ("20260102-2", "20260102-2"),
        ("20260102-22", "20260102-22"),
        ("20260101", "20260101-9"),
    ],
)
def test_a_run_is_the_latest_or_that_of_its_id_or_of_a_beginning_that_no_other_has(name: str, expected: str) -> None:
    assert resolve_run(name, IDS) == expected


@pytest.mark.parametrize(
    ("name", "what", "why"),
    [
        ("20260102", "2 runs begin with '20260102'", "20260102-22, 20260102-2"),
        ("2026", "4 runs begin with '2026'", ", ".join(IDS)),
        ("20260105-1", "there is no run '20260105-1'", "did you mean '20260103-1'?"),
        ("latst", "there is no run 'latst'", "did you mean 'latest'?"),
        ("nothing", "there is no run 'nothing'", f"the newest: {', '.join(IDS)}"),
    ],
)
def test_what_is_no_runs_name_is_refused_with_what_is_near(name: str, what: str, why: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        resolve_run(name, IDS)
    error = raised.value
    assert (error.what, error.why, error.next_step) == (what, why, "headrace runs list")


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, ", ...")])
def test_of_many_runs_five_are_named(count: int, more: str) -> None:
    ids = [f"a{one}" for one in range(count)]
    with pytest.raises(UnknownNameError) as raised:
        resolve_run("a", ids)
    assert raised.value.why == f"a0, a1, a2, a3, a4{more}"


@pytest.mark.parametrize(
    ("name", "what"),
    [("latest", "no run is recorded yet"), ("a", "there is no run 'a': none is recorded yet")],
)
def test_where_there_is_no_run_the_next_step_is_to_make_one(name: str, what: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        resolve_run(name, [])
    assert (raised.value.what, raised.value.next_step) == (what, "headrace run NAME")
