import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.schedule import Schedule

# a -> b -> d, a -> c -> d, and e alone
DIAMOND: dict[str, list[str]] = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": []}

graphs = st.integers(1, 12).flatmap(
    lambda size: st.tuples(*(st.sets(st.integers(0, max(node - 1, 0))) for node in range(size)))
)
# How a node that was run can end.
ENDS = [state for state in NodeState if state not in (NodeState.BLOCKED, NodeState.LEFT_OUT)]


def test_nodes_that_wait_for_nothing_are_ready_in_the_pipelines_order() -> None:
    assert Schedule(DIAMOND).take_ready(9) == ["a", "e"]


def test_no_more_are_handed_out_than_asked_for_and_each_once() -> None:
    schedule = Schedule(DIAMOND)
    assert [schedule.take_ready(1), schedule.take_ready(0), schedule.take_ready(2), schedule.take_ready(2)] == [
        ["a"],
        [],
        ["e"],
        [],
    ]


def test_a_node_waits_for_all_of_its_upstream_nodes() -> None:
    schedule = Schedule(DIAMOND)
    schedule.take_ready(9)
    assert schedule.ended("a", NodeState.SUCCEEDED) == {}
    assert schedule.take_ready(9) == ["b", "c"]
    assert schedule.waits_for() == {"d": {"b", "c"}}
    schedule.ended("c", NodeState.SUCCEEDED)
    assert schedule.waits_for() == {"d": {"b"}}
    assert schedule.take_ready(9) == []
    schedule.ended("b", NodeState.SUCCEEDED)
    assert schedule.take_ready(9) == ["d"]
    assert schedule.waits_for() == {}


def test_what_is_told_of_waiting_nodes_is_the_callers_to_change() -> None:
    schedule = Schedule({"a": [], "b": ["a"]})
    schedule.waits_for()["b"].clear()
    assert schedule.waits_for() == {"a": set(), "b": {"a"}}


@pytest.mark.parametrize("state", list(NodeState))
def test_a_node_unlocks_what_hangs_on_it_or_it_never_runs(state: NodeState) -> None:
    schedule = Schedule({"a": [], "b": ["a"]})
    schedule.take_ready(1)
    never = schedule.ended("a", state)
    if state in (NodeState.SUCCEEDED, NodeState.CACHED, NodeState.REUSED):
        assert (never, schedule.take_ready(9)) == ({}, ["b"])
    else:
        expected = NodeState.SKIPPED if state is NodeState.SKIPPED else NodeState.BLOCKED
        assert (never, schedule.take_ready(9), schedule.waits_for()) == ({"b": expected}, [], {})


@pytest.mark.parametrize(
    ("state", "consequence"), [(NodeState.FAILED, NodeState.BLOCKED), (NodeState.SKIPPED, NodeState.SKIPPED)]
)
def test_everything_below_a_node_shares_its_fate_once_and_nothing_beside_it(
    state: NodeState, consequence: NodeState
) -> None:
    schedule = Schedule(DIAMOND)
    schedule.take_ready(9)
    assert schedule.ended("a", state) == dict.fromkeys(("b", "c", "d"), consequence)
    assert schedule.ended("e", NodeState.SUCCEEDED) == {}
    assert schedule.take_ready(9) == []


def test_one_skipped_upstream_node_is_enough_though_the_other_succeeded() -> None:
    schedule = Schedule({"a": [], "b": [], "c": ["a", "b"]})
    schedule.take_ready(9)
    assert schedule.ended("a", NodeState.SUCCEEDED) == {}
    assert schedule.ended("b", NodeState.SKIPPED) == {"c": NodeState.SKIPPED}


@pytest.mark.parametrize("state", list(NodeState))
def test_a_node_that_runs_however_others_end_waits_for_all_of_them(state: NodeState) -> None:
    schedule = Schedule({"a": [], "b": ["a"], "e": [], "last": ["b", "e"]}, however={"last"})
    schedule.take_ready(9)
    schedule.ended("e", NodeState.SUCCEEDED)
    never = schedule.ended("a", state)
    assert set(never) == (set() if state.unlocks else {"b"})
    if state.unlocks:
        assert schedule.take_ready(9) == ["b"]
        assert schedule.take_ready(9) == []
        schedule.ended("b", NodeState.FAILED)
    assert schedule.take_ready(9) == ["last"]


def test_what_hangs_on_a_node_that_runs_however_others_end_shares_its_own_fate() -> None:
    schedule = Schedule({"a": [], "report": ["a"], "after": ["report"], "other": ["a"]}, however={"report"})
    schedule.take_ready(9)
    assert schedule.ended("a", NodeState.FAILED) == {"other": NodeState.BLOCKED}
    assert schedule.take_ready(9) == ["report"]
    assert schedule.ended("report", NodeState.SUCCEEDED) == {}
    assert schedule.take_ready(9) == ["after"]


def test_an_upstream_node_that_is_not_in_the_run_does_not_count() -> None:
    schedule = Schedule({"b": ["a"]})
    assert schedule.waits_for() == {"b": set()}
    assert schedule.take_ready(9) == ["b"]


@given(
    graphs,
    st.lists(st.sampled_from(ENDS), min_size=12, max_size=12),
    st.integers(1, 3),
    st.sets(st.integers(0, 11).map(str)),
)
def test_every_node_runs_or_is_blocked_or_is_skipped_exactly_once(
    upstream: tuple[set[int], ...], ends: list[NodeState], most: int, however: set[str]
) -> None:
    # Node 0 may name itself upstream in the drawn graph: a graph has no such edge.
    graph = {str(node): {str(one) for one in ones - {node}} for node, ones in enumerate(upstream)}
    schedule = Schedule(graph, however)
    states: dict[str, NodeState] = {}
    ran: list[str] = []
    never: list[str] = []
    while ready := schedule.take_ready(most):
        assert len(ready) <= most
        for node in ready:
            assert all(states[one].unlocks or node in however for one in graph[node])
            ran.append(node)
            states[node] = ends[int(node)]
            consequences = schedule.ended(node, states[node])
            never += consequences
            states |= consequences
    assert sorted(ran + never) == sorted(graph)
    assert schedule.waits_for() == {}
    reasons = {
        NodeState.SKIPPED: {NodeState.SKIPPED},
        NodeState.BLOCKED: {NodeState.FAILED, NodeState.CANCELED, NodeState.BLOCKED},
    }
    assert not however & set(never)
    for node in never:
        assert reasons[states[node]] & {states[one] for one in graph[node]}


def test_a_node_is_skipped_once_all_of_a_set_that_it_needs_one_of_are() -> None:
    schedule = Schedule(dict(DIAMOND), needs={"d": [frozenset("bc")]})
    schedule.take_ready(9)
    schedule.ended("a", NodeState.SUCCEEDED)
    assert schedule.ended("b", NodeState.SKIPPED) == {}
    assert schedule.ended("c", NodeState.SKIPPED) == {"d": NodeState.SKIPPED}


def test_a_node_that_needs_none_of_its_upstream_nodes_runs_though_they_were_skipped_not_if_they_failed() -> None:
    for state, never in ((NodeState.SKIPPED, {}), (NodeState.FAILED, {"b": NodeState.BLOCKED})):
        schedule = Schedule({"a": [], "b": ["a"]}, needs={"b": []})
        schedule.take_ready(9)
        assert schedule.ended("a", state) == never
        assert schedule.take_ready(9) == ([] if never else ["b"])
