"""Which spans are done, of any records and any edits: those that a fresh run would make again as they are."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.metadata import Run
from headrace.metadata.properties import BASIS, PARAMETERS, RUN_STATE
from headrace.orchestration.basis import Basis, Fact
from headrace.orchestration.span_history import SpanState, state_of

CODE, DATA, MORE = "code model.py", "data of Gen", "definition of Train"
NODES = {"Gen": frozenset({DATA}), "Train": frozenset({CODE, MORE}), "Push": frozenset({MORE})}
STATES = ("succeeded", "failed", "died", "canceled", "running")
# Each is edited and put back as it was; the data may be by span, or of a kind that nobody can tell (empty).
facts: st.SearchStrategy[dict[str, Fact]] = st.fixed_dictionaries(
    {CODE: st.sampled_from("ab"), DATA: st.sampled_from(["a", "a", "b", "", {"span 1": "a"}, {"span 1": "b"}])},
    optional={MORE: st.sampled_from("ab")},
)


@dataclass(frozen=True)
class Ran:
    """What a run was made of, and how it ended; without `facts` it was one of a part."""

    span: int
    epochs: int
    state: str
    facts: dict[str, Fact] | None


ran = st.builds(
    Ran, st.integers(1, 3), st.sampled_from([5, 5, 6]), st.sampled_from([*STATES, "succeeded"]), st.none() | facts
)


def recorded(runs: list[Ran]) -> list[Run]:
    """As a store has them: the newest first. The clock of one was set back."""
    found = []
    for number, one in enumerate(runs, start=1):
        parameters = json.dumps({"span": one.span, "epochs": one.epochs})
        properties = {RUN_STATE: one.state, PARAMETERS: parameters}
        if one.facts is not None:
            properties[BASIS] = json.dumps(one.facts)
        started = datetime(2026, 1, number % 7 + 1, tzinfo=UTC)
        found.append(Run(f"run-{number}", "months", started, number, properties))
    return found[::-1]


def makes_the_same(now: dict[str, Fact], one: Ran) -> bool:
    return one.facts == now and "" not in now.values()


def stale(now: dict[str, Fact], before: dict[str, Fact]) -> frozenset[str]:
    """The nodes of which something that they depend on is another, or nobody knows."""
    return frozenset(
        node
        for node, names in NODES.items()
        if any(now.get(name) != before.get(name) or now.get(name) == "" for name in names)
    )


@given(runs=st.lists(ran, max_size=8), now=facts, span=st.integers(1, 3), after=st.none() | st.integers(0, 7))
@settings(max_examples=300, deadline=None)
def test_a_span_is_done_where_a_fresh_run_would_make_the_same_and_else_is_gone_on_with(
    runs: list[Ran], now: dict[str, Fact], span: int, after: int | None
) -> None:
    records = recorded(runs)
    before = after if after is not None and after < len(runs) else None
    by_number = {run.context_id - 1: run for run in records}
    wanted = {"span": span, "epochs": 5}
    state = state_of(records, wanted, Basis(now, NODES), None if before is None else by_number[before])
    its = [number for number, one in enumerate(runs) if (one.span, one.epochs) == (span, 5) and one.facts is not None]
    later = [number for number in its if before is None or number > before]
    done = [number for number in later if runs[number].state == "succeeded" and makes_the_same(now, runs[number])]
    if done:
        assert state == SpanState(by_number[done[0]])
        return
    assert state.done is None
    assert state.latest == max((one.span for one in runs if one.span > span), default=None)
    if later and runs[later[-1]].state in ("failed", "died", "canceled"):
        assert state.interrupted == by_number[later[-1]]
        assert state.stale == stale(now, runs[later[-1]].facts or {})
        assert state.why == ""
    else:
        assert (state.interrupted, state.stale) == (None, frozenset())
        succeeded = [number for number in its if runs[number].state == "succeeded"]
        assert bool(state.why) == bool(succeeded)
        assert not succeeded or f"its run {by_number[succeeded[-1]].id} " in state.why
