"""Which outputs nothing live or recent came from.

Kept is what certain executions read and made: those of the newest runs of each pipeline that have ended, of
the runs that go on, of the runs that pushed what is live (the newest pushed model of each
pusher), and those of no run, as an ASYNC pipeline's are; then those that made what these
read, and so on. What lies outside the home, or was brought in by an Importer, is never removed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import realpath, split
from pathlib import Path

from headrace.metadata import Artifact, Execution, MetadataStore, Run
from headrace.metadata.flow import Flow, executions_by_run
from headrace.metadata.records import LIVE, MARKED_FOR_DELETION
from headrace.orchestration.run_lock import live_runs
from headrace.settings import Settings

_PUSHED_MODEL, _PUSHED = "PushedModel", "pushed"  # TFX's type, and its property: 0 where nothing was pushed

_IS_EXTERNAL, _IMPORTER = "is_external", "tfx.dsl.components.common.importer.Importer"


@dataclass(frozen=True)
class Removal:
    """One output that may go."""

    artifact_id: int
    pipeline: str
    node: str  # that made it
    place: Path  # a folder, or the file of a value


def clean_up(settings: Settings, store: MetadataStore, keep_runs: int) -> list[Removal]:
    """Says what may go, in the order in which it was recorded; changes nothing.

    Args:
        settings: of the project whose home is cleaned up.
        store: the project's.
        keep_runs: how many runs of each pipeline are recent, those that go on not counted; at least 1.
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
    places = _Places(settings)
    removals = {
        artifact.id: Removal(artifact.id, executions[makers[0]].pipeline, executions[makers[0]].node, place)
        for artifact in unused
        if (makers := flow.makers.get(artifact.id))
        and not _brought_in(artifact, executions[makers[0]])
        and (place := places.removable(artifact.uri))
    }
    staying = [place for one in there if one.id not in removals and (place := places.of(one.uri))]
    return _apart(list(removals.values()), staying)


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
    return bool(artifact.properties.get(_IS_EXTERNAL)) or maker.type == _IMPORTER


class _Places:
    """Where artifacts lie, links of the folders above them followed."""

    def __init__(self, settings: Settings) -> None:
        self._home = Path(realpath(settings.home))
        self._own = {self._home / "serving", self._home / "logs"}
        self._real: dict[str, str] = {}  # by folder; many artifacts lie in each

    def of(self, uri: str) -> Path | None:
        """Where it lies; None for what is on no disk of this machine."""
        if not uri or "://" in uri:
            return None
        folder, name = split(uri.rstrip("/"))
        if name in ("", ".", ".."):  # nobody's output
            return None
        if folder not in self._real:
            self._real[folder] = realpath(folder)
        return Path(self._real[folder], name)

    def removable(self, uri: str) -> Path | None:
        """Where it lies, if that is below the home, and neither a log nor served."""
        place = self.of(uri)
        if place is None or self._home not in place.parents or place == self._home / "pipelines":
            return None
        return None if self._own & {place, *place.parents} else place


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
