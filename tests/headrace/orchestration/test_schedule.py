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
    assert schedule.ended("a", NodeState.SUCCEEDED) == []
    assert schedule.take_ready(9) == ["b", "c"]
    assert schedule.waits_for("d") == {"b", "c"}
    schedule.ended("c", NodeState.SUCCEEDED)
    assert schedule.waits_for("d") == {"b"}
    assert schedule.take_ready(9) == []
    schedule.ended("b", NodeState.SUCCEEDED)
    assert schedule.take_ready(9) == ["d"]


@pytest.mark.parametrize("state", list(NodeState))
def test_a_node_unlocks_what_hangs_on_it_or_blocks_it(state: NodeState) -> None:
    schedule = Schedule({"a": [], "b": ["a"]})
    schedule.take_ready(1)
    blocked = schedule.ended("a", state)
    unlocks = state in (NodeState.SUCCEEDED, NodeState.CACHED, NodeState.SKIPPED)
    assert (blocked, schedule.take_ready(9)) == (([], ["b"]) if unlocks else (["b"], []))


def test_a_failure_blocks_everything_below_it_once_and_nothing_beside_it() -> None:
    schedule = Schedule(DIAMOND)
    schedule.take_ready(9)
    assert schedule.ended("a", NodeState.FAILED) == ["b", "d", "c"]
    assert schedule.ended("e", NodeState.SUCCEEDED) == []
    assert schedule.take_ready(9) == []


def test_an_upstream_node_that_is_not_in_the_run_does_not_count() -> None:
    schedule = Schedule({"b": ["a"]})
    assert schedule.waits_for("b") == set()
    assert schedule.take_ready(9) == ["b"]


def test_a_node_unknown_to_the_schedule_waits_for_nothing() -> None:
    assert Schedule({}).waits_for("a") == set()


@given(graphs, st.sets(st.integers(0, 11)), st.integers(1, 3))
def test_every_node_runs_or_is_blocked_exactly_once(
    upstream: tuple[set[int], ...], failing: set[int], most: int
) -> None:
    # Node 0 may name itself upstream in the drawn graph: a graph has no such edge.
    graph = {str(node): {str(one) for one in ones - {node}} for node, ones in enumerate(upstream)}
    schedule = Schedule(graph)
    ran: list[str] = []
    blocked: list[str] = []
    while ready := schedule.take_ready(most):
        assert len(ready) <= most
        for node in ready:
            assert graph[node] <= {one for one in ran if int(one) not in failing}
            ran.append(node)
            blocked += schedule.ended(node, NodeState.FAILED if int(node) in failing else NodeState.SUCCEEDED)
    assert sorted(ran + blocked) == sorted(graph)
