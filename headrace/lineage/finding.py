"""What people call an artifact or a run: an id, a prefix, a name, a path, the latest."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import UnknownNameError
from headrace.lineage.evaluations import PUSHED
from headrace.metadata.records import Artifact, Run
from headrace.metadata.run_names import LATEST, resolve_run
from headrace.metadata.store import MetadataStore

_NEXT = "headrace runs show latest"
_DIGITS = 18  # of ids: ML Metadata's have 64 bits


@dataclass(frozen=True)
class Found:
    """What a name stands for: an artifact, or a run; one of the two is set."""

    artifact: Artifact | None = None
    run: Run | None = None


def find(store: MetadataStore, name: str | int | Path) -> Found:
    """What a name stands for.

    Args:
        store: where it is looked for.
        name: an artifact's id, a run's id or the beginning of one, "latest" for the latest run, an artifact's name,
            NODE.KEY for what a node of the latest run that has it made, or the path of an artifact or a pushed model.

    Raises:
        UnknownNameError: it stands for nothing, or for several things; suggests what is near.
    """
    name = str(name)
    if not is_text(name):
        raise UnknownNameError(
            f"there is no artifact or run {name!r}",
            why="its bytes are not UTF-8, as all that is recorded",
            next_step=_NEXT,
        )
    if (number := artifact_id(name)) is not None and (artifact := store.artifact(number)):
        return Found(artifact)
    if "://" in name and (there := store.artifacts_at(name.rstrip("/"))):
        return Found(there[-1])
    if os.sep in name:
        return Found(find_path(store, Path(name)))
    runs = store.runs()
    if name == LATEST or any(run.id.startswith(name) for run in runs):
        return Found(run=find_run(store, name, runs))
    if artifact := store.artifact_of_name(name):
        return Found(artifact)
    if os.path.exists(name) and (artifact := artifact_at(store, Path(name))):
        return Found(artifact)
    outputs = _outputs(store, runs[0]) if runs else {}
    if name in outputs:
        return Found(outputs[name])
    known = [LATEST, *outputs, *(run.id for run in runs)]
    raise UnknownNameError.among("artifact or run", name, known[: len(outputs) + 6], next_step=_NEXT)


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


def find_run(store: MetadataStore, name: str, runs: Iterable[Run] | None = None) -> Run:
    """The run of an id, of a prefix that only one id has, or the "latest".

    Raises:
        UnknownNameError: there is none, or more than one.
    """
    by_id = {run.id: run for run in (store.runs() if runs is None else runs)}
    return by_id[resolve_run(name, list(by_id))]


def find_path(store: MetadataStore, path: Path) -> Artifact:
    """The artifact at a path, or around it: its folder, or where a model was pushed to.

    Raises:
        UnknownNameError: no artifact was recorded there.
    """
    artifact = artifact_at(store, path)
    if artifact is None:
        why = "" if os.path.exists(path) else "and there is no such file or folder"
        raise UnknownNameError(f"nothing is recorded of {str(path)!r}", why=why, next_step=_NEXT)
    return artifact


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


def _outputs(store: MetadataStore, run: Run) -> dict[str, Artifact]:
    """What a run made, by NODE.KEY."""
    found = {}
    for execution in store.executions(run):
        for key, artifacts in store.outputs(execution.id).items():
            found[f"{execution.node}.{key}"] = artifacts[-1]
    return found
