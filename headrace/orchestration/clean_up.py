"""Which outputs nothing live or recent came from.

Kept is what certain executions read and made: those of the newest runs of each pipeline that have ended, of
the runs that go on, of the runs that pushed what is live (the newest pushed model of each
pusher), and those of no run, as an ASYNC pipeline's are; then those that made what these
read, and so on. Only what an execution made where its outputs belong is ever removed, and
what an execution that failed or was killed left there unfinished.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.metadata import Artifact, Execution, MetadataStore, Run, State
from headrace.metadata.flow import Flow, executions_by_run
from headrace.metadata.records import IMPORTER, LIVE, MARKED_FOR_DELETION
from headrace.orchestration.output_places import OutputPlaces
from headrace.orchestration.run_lock import live_runs
from headrace.settings import Settings

_PUSHED_MODEL, _PUSHED = "PushedModel", "pushed"  # TFX's type, and its property: 0 where nothing was pushed

_CHANGED = "it was changed since it was made"
_BOUND = "it lies in something that stays, or holds that"
_IS_EXTERNAL = "is_external"


@dataclass(frozen=True)
class Removal:
    """One output that may go."""

    artifact_id: int | None  # None for what was left unfinished, and is no artifact
    pipeline: str
    node: str  # that made it
    place: Path  # a folder, or the file of a value


@dataclass(frozen=True)
class Kept:
    """One output that nothing needs, and that stays all the same."""

    place: Path
    why: str


@dataclass(frozen=True)
class Survey:
    """What may go, in the order in which it was recorded, then what was left unfinished; and what stays beside it."""

    removals: list[Removal]
    kept: list[Kept]


def clean_up(
    settings: Settings, store: MetadataStore, keep_runs: int, others: Sequence[MetadataStore] = ()
) -> list[Removal]:
    """Says what may go, as `survey` does."""
    return survey(settings, store, keep_runs, others).removals


def survey(settings: Settings, store: MetadataStore, keep_runs: int, others: Sequence[MetadataStore] = ()) -> Survey:
    """Says what may go, and what nothing needs and stays all the same; changes nothing.

    Args:
        settings: of the project whose home is cleaned up.
        store: the project's.
        keep_runs: how many runs of each pipeline are recent, those that go on not counted; at least 1.
        others: stores whose artifacts may be the same files, as what an Importer brought in; all of those stay.
    """
    executions = {one.id: one for one in store.executions()}
    flow, runs = Flow.of(store, executions), store.runs()
    artifacts = store.artifacts()
    going_on = {run.run_id for run in live_runs(settings)}
    recent = going_on | {run.id for run in _newest([run for run in runs if run.id not in going_on], keep_runs)}
    pushers = _live_pushers(executions, flow, artifacts)
    roots = _of_runs_and_of_none(executions, executions_by_run(store, runs), recent, pushers)
    used = {artifact for execution in flow.behind(roots) for artifact in flow.named.get(execution, ())}
    there = [one for one in artifacts if one.state in (LIVE, MARKED_FOR_DELETION)]
    # What is marked may be half gone, so it goes, whoever needs it by now.
    unused = [one for one in there if one.id not in used or one.state == MARKED_FOR_DELETION]
    places, made = OutputPlaces(settings), dict[int, tuple[Execution, Path]]()
    for artifact in there:
        for maker in (executions[maker] for maker in flow.makers.get(artifact.id, ())):
            if (place := places.made_by(maker, artifact.uri)) and not _brought_in(artifact, maker):
                made[artifact.id] = maker, place
    going, changed = list[Removal](), list[Kept]()
    for artifact in unused:
        if artifact.id in made:
            maker, place = made[artifact.id]
            if places.is_as_left(maker, place, is_whole=artifact.state != MARKED_FOR_DELETION):
                going.append(Removal(artifact.id, maker.pipeline, maker.node, place))
            else:
                changed.append(Kept(place, _CHANGED))
    theirs = [one for other in others for one in other.artifacts() if one.state == LIVE]
    gone_ids, gone = {one.artifact_id for one in going}, {one.place for one in going}
    kept = [one for one in there if one.id not in gone_ids]
    pipelines = {one.pipeline for one in executions.values()}
    staying = [
        place
        for one in (*kept, *theirs)
        if (place := places.of(one.uri)) and not places.is_of_several(place, pipelines)
    ]
    for one in executions.values():
        for place in places.left_by(one) if one.state in (State.FAILED, State.CANCELED) else ():
            if gone.isdisjoint({place, *place.parents}):
                if places.is_as_left(one, place):
                    going.append(Removal(None, one.pipeline, one.node, place))
                elif place not in staying:
                    changed.append(Kept(place, _CHANGED))
    apart = _apart(going, staying)
    return Survey(apart, [*changed, *(Kept(one.place, _BOUND) for one in going if one not in apart)])


def _newest(runs: Iterable[Run], of_each: int) -> Iterator[Run]:
    """The newest runs of each pipeline, of runs that come newest first."""
    seen = Counter[str]()
    for run in runs:
        seen[run.pipeline] += 1
        if seen[run.pipeline] <= of_each:
            yield run


def _live_pushers(executions: Mapping[int, Execution], flow: Flow, artifacts: Iterable[Artifact]) -> set[int]:
    """The executions that pushed the newest pushed model of each pusher, or took that over from the cache."""
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    for artifact in artifacts:
        if artifact.type == _PUSHED_MODEL and artifact.properties.get(_PUSHED, 1):
            for maker in flow.makers.get(artifact.id, ()):
                pusher = executions[maker].pipeline, executions[maker].node
                newest[pusher] = max(newest.get(pusher, (0, 0)), (maker, artifact.id))
    return {maker for _, artifact_id in newest.values() for maker in flow.makers[artifact_id]}


def _of_runs_and_of_none(
    executions: Iterable[int], by_run: Mapping[str, set[int]], runs: set[str], pushers: set[int]
) -> set[int]:
    """The executions of these runs, of those that the pushers are of, and of no run."""
    of_runs = {one for run, ids in by_run.items() if run in runs or ids & pushers for one in ids}
    of_any = {one for ids in by_run.values() for one in ids}
    return of_runs | (set(executions) - of_any)


def _brought_in(artifact: Artifact, maker: Execution) -> bool:
    """Whether it was there before it was recorded; older versions of TFX did not say so on the artifact."""
    return bool(artifact.properties.get(_IS_EXTERNAL)) or maker.type == IMPORTER


def _apart(removals: Sequence[Removal], staying: Iterable[Path]) -> list[Removal]:
    """Those that neither hold anything that stays nor lie in it."""
    stays, holds = set[Path](), set[Path]()
    new = set(staying)
    left = list(removals)
    while new:
        stays |= new
        holds |= {parent for place in new for parent in place.parents}
        bound = [one for one in left if one.place in stays or one.place in holds or stays & set(one.place.parents)]
        new = {one.place for one in bound}
        left = [one for one in left if one.place not in new]
    return left
