"""What people call an artifact or a run: an id, a prefix, a name, a path, the latest."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import UnknownNameError
from headrace.lineage.evaluations import PUSHED
from headrace.metadata.records import Artifact, Run
from headrace.metadata.run_names import LATEST, resolve_run
from headrace.metadata.store import MetadataStore
from headrace.metadata.stores import Stores, in_several_stores

_NEXT = "headrace runs show latest"
_LOOKED_AT = 20  # runs before the latest, for what a name may stand for
_IDS = 5  # of runs, in a message
_DIGITS = 18  # of ids: ML Metadata's have 64 bits


@dataclass(frozen=True)
class Found:
    """What a name stands for: an artifact, or a run; one of the two is set."""

    store: MetadataStore  # that has it
    artifact: Artifact | None = None
    run: Run | None = None

    def __str__(self) -> str:
        if self.run:
            return f"run of {self.run.pipeline}"
        return f"{self.artifact.type}, {self.artifact.uri}" if self.artifact else ""


def find(stores: Stores, name: str | int | Path) -> Found:
    """What a name stands for.

    Args:
        stores: where it is looked for.
        name: an artifact's id, a run's id or the beginning of one, "latest" for the latest run, an artifact's name,
            NODE.KEY for what a node of the latest run that has it made, or the path of an artifact or a pushed model.

    Raises:
        UnknownNameError: it stands for nothing, or for several things; suggests what is near.
        UserError: several stores have it.
    """
    name = str(name)
    if not is_text(name):
        raise UnknownNameError(
            f"there is no artifact or run {name!r}",
            why="its bytes are not UTF-8, and everything recorded is",
            next_step=_NEXT,
        )
    number = artifact_id(name)
    if number is not None and (found := _artifacts(stores, lambda store: store.artifact(number))):
        return _only(f"artifact {name}", found)
    if "://" in name and (found := _artifacts(stores, lambda store: _last(store.artifacts_at(name.rstrip("/"))))):
        return _only(name, found)
    if os.sep in name:
        return find_path(stores, Path(name))
    runs = stores.runs()
    if name == LATEST or any(run.id.startswith(name) for _, run in runs):
        return find_run(stores, name)
    if found := _artifacts(stores, lambda store: store.artifact_of_name(name)):
        return _only(f"the artifact {name!r}", found)
    if os.path.exists(name) and (found := _artifacts(stores, lambda store: artifact_at(store, Path(name)))):
        return _only(name, found)
    outputs = _outputs(*runs[0]) if runs else {}
    if name in outputs:
        return Found(runs[0][0], outputs[name])
    earlier = _earlier_outputs(runs[1 : 1 + _LOOKED_AT])
    if name in earlier:
        run, artifact = earlier[name]
        raise UnknownNameError(
            f"the latest run made no {name}",
            why=f"the newest is of run {run.id}: artifact {artifact.id}",
            next_step=f"headrace show {artifact.id}  # or {artifact.id} in place of {name}",
        )
    known = [LATEST, *outputs, *earlier, *(run.id for _, run in runs[:_IDS])]
    raise UnknownNameError.among("artifact or run", name, known, next_step=_NEXT)


def artifact_id(name: str) -> int | None:
    """The id that is meant by a number, also one of an artifact that is not there; None for a name of another kind."""
    return int(name) if name.isdecimal() and len(name) <= _DIGITS else None


def is_text(name: str) -> bool:
    """Whether it can be looked for: the bytes of an argument, or of a file's name, need not be UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def find_run(stores: Stores, name: str) -> Found:
    """The run of an id, of a prefix that only one id has, or the "latest".

    Raises:
        UnknownNameError: there is none, or more than one.
        UserError: several stores have a run of that id.
    """
    runs = stores.runs()
    run_id = resolve_run(name, list(dict.fromkeys(run.id for _, run in runs)))
    found = [Found(store, run=run) for store, run in runs if run.id == run_id]
    return found[0] if name == LATEST else _only(f"run {run_id}", found)


def find_path(stores: Stores, path: Path) -> Found:
    """The artifact at a path, or around it: its folder, or where a model was pushed to.

    Raises:
        UnknownNameError: no artifact was recorded there.
        UserError: several stores have one.
    """
    if found := _artifacts(stores, lambda store: artifact_at(store, path)):
        return _only(str(path), found)
    why = "" if os.path.exists(path) else "and there is no such file or folder"
    raise UnknownNameError(f"nothing is recorded of {str(path)!r}", why=why, next_step=_NEXT)


def _artifacts(stores: Stores, ask: Callable[[MetadataStore], Artifact | None]) -> list[Found]:
    return [Found(store, artifact) for store in stores.opened if (artifact := ask(store))]


def _only(what: str, found: Sequence[Found]) -> Found:
    if len(found) > 1:
        raise in_several_stores(what, [(one.store, str(one)) for one in found])
    return found[0]


def _last(artifacts: Sequence[Artifact]) -> Artifact | None:
    return artifacts[-1] if artifacts else None


def artifact_at(store: MetadataStore, path: Path) -> Artifact | None:
    """The newest artifact of the nearest folder at or above a path, pushed models among them; None if there is none."""
    absolute = Path(os.path.abspath(path))
    pushed: dict[str, Artifact] = {}
    for one in store.artifacts(PUSHED):
        pushed[str(one.properties.get("pushed_destination", ""))] = one
    for folder in (absolute, *absolute.parents):
        if str(folder) in pushed:
            return pushed[str(folder)]
        if found := store.artifacts_at(str(folder)):
            return found[-1]
    return None


def _earlier_outputs(runs: Sequence[tuple[MetadataStore, Run]]) -> dict[str, tuple[Run, Artifact]]:
    """What earlier runs made, by NODE.KEY: the newest of each, and its run."""
    found: dict[str, tuple[Run, Artifact]] = {}
    for store, run in runs:
        for name, artifact in _outputs(store, run).items():
            found.setdefault(name, (run, artifact))
    return found


def _outputs(store: MetadataStore, run: Run) -> dict[str, Artifact]:
    """What a run made, by NODE.KEY."""
    found = {}
    for execution in store.executions(run):
        for key, artifacts in store.outputs(execution.id).items():
            found[f"{execution.node}.{key}"] = artifacts[-1]
    return found
