"""Which spans of a pipeline are done, and which were interrupted, from the records of their runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from headrace.metadata import Property, Run
from headrace.metadata.properties import BASIS, PARAMETERS, RUN_STATE
from headrace.orchestration.basis import Basis
from headrace.orchestration.outcomes import RunState
from headrace.orchestration.span_range import SPAN

_ENDED_EARLY = (RunState.FAILED, RunState.CANCELED, RunState.DIED)
_SHOWN = 3  # changes


@dataclass(frozen=True)
class SpanState:
    """How far a span is; what is not done and not interrupted is to be run from its beginning."""

    done: Run | None = None  # the run that counts for it
    interrupted: Run | None = None  # the run to go on with
    stale: frozenset[str] = frozenset()  # nodes that are to run again, though they succeeded in that one
    why: str = ""  # there were runs that succeeded, and none counts any more
    latest: int | None = None  # a later span that was run before, whose models this one may find


def state_of(runs: Sequence[Run], parameters: Mapping[str, Property], basis: Basis, after: Run | None) -> SpanState:
    """How far a span is.

    It is done when a whole run of it succeeded, with the same parameters, that started from the same code,
    definition and data as it would now; and after the run of the span before it, which it may build on. What other
    runs made in between, such as newer models, does not count.

    Args:
        runs: of the pipeline, whichever spans they are of.
        parameters: that a run of the span would have, the span among them.
        basis: what it would start from.
        after: the run that counts for the span before it; None for the first.
    """
    its = [run for run in sorted(runs, key=_order) if BASIS in run.properties and _parameters(run) == dict(parameters)]
    later = [run for run in its if after is None or _order(run) > _order(after)]
    done = next((run for run in later if _succeeded(run) and not _changes(basis, run)), None)
    if done:
        return SpanState(done)
    spans = [span for run in runs if (span := span_of(run)) is not None and span > int(parameters[SPAN])]
    state = SpanState(latest=max(spans, default=None))
    if later and later[-1].properties.get(RUN_STATE) in _ENDED_EARLY:
        stale = basis.stale_nodes(str(later[-1].properties[BASIS]))
        return replace(state, interrupted=later[-1], stale=stale)
    succeeded = [run for run in its if _succeeded(run)]
    return replace(state, why=_why(basis, succeeded[-1])) if succeeded else state


def span_of(run: Run) -> int | None:
    """The span that a run was of; None where it has no such parameter."""
    span = _parameters(run).get(SPAN)
    return span if isinstance(span, int) else None


def _succeeded(run: Run) -> bool:
    return run.properties.get(RUN_STATE) == RunState.SUCCEEDED


def _why(basis: Basis, run: Run) -> str:
    changed = _changes(basis, run)
    if not changed:
        return f"its run {run.id} was before that of the span before it"
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return f"since its run {run.id} changed: {', '.join(changed[:_SHOWN])}{more}"


def _changes(basis: Basis, run: Run) -> tuple[str, ...]:
    return basis.changes(str(run.properties[BASIS]))


def _parameters(run: Run) -> dict[str, Property]:
    return dict(json.loads(str(run.properties.get(PARAMETERS, "{}"))))


def _order(run: Run) -> int:
    return run.context_id  # a clock may have been set back between two runs
