"""What a cache key leads to: the outputs of an earlier execution, if they are still what it left.

TFX takes a cached artifact whose folder exists. A folder can be there and emptied, or a
file in it cut short, by a full disk or a clean-up, or edited in place. So an execution
records the names, sizes and times of change of the files it leaves, and a hit checks them.
Contents are not read: that would cost as much as some nodes do.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfx.dsl.io import fileio
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.types import Artifact

from headrace.contents.serving_check import NO_DOCKER, REASON
from headrace.metadata.changes import Category, Change
from headrace.metadata.properties import OUTPUTS
from headrace.metadata.recorded_kinds import is_damaged

CACHE_CONTEXT = "execution_cache"  # TFX's type of the contexts that are cache keys
_PUSHED = "pushed_destination"  # where Pusher copied a model to


@dataclass(frozen=True)
class CacheLookup:
    """What was found under a cache key."""

    execution_id: int | None  # the execution whose outputs can be used, or None
    outputs: Mapping[str, list[Artifact]]
    manifests: str  # for OUTPUTS of the execution that takes these outputs over; may be empty
    damages: tuple[Change, ...]  # of newer executions, whose outputs cannot be used


def output_manifest(uri: str) -> str:
    """Short digests of the names and sizes, and of the times of change, of all files at `uri`.

    Empty where there is nothing. Of a remote place, which is not walked, only that it is there.
    """
    if not fileio.exists(uri):
        return ""
    if "://" in uri:
        return "remote"
    files = sorted(_files(Path(uri)))
    return f"{_digest((name, size) for name, size, _ in files)}-{_digest((time,) for *_, time in files)}"


def manifests_of(outputs: Mapping[str, Sequence[Artifact]]) -> str:
    """The manifest of each artifact, by "key/index", as JSON: that of outputs is an execution's property OUTPUTS."""
    manifests = {
        f"{key}/{index}": output_manifest(artifact.uri)
        for key, artifacts in outputs.items()
        for index, artifact in enumerate(artifacts)
    }
    return json.dumps(manifests, sort_keys=True)


def imported_files(inputs: Mapping[str, Sequence[Artifact]]) -> dict[str, str]:
    """What lies at the places that an Importer brought in, by "imported KEY": names, sizes and times, as a digest.

    Nothing here wrote these files, so anybody may edit them; TFX's cache key has only their place.
    """
    return {
        f"imported {key}": files_digest(one.uri)
        for key, artifacts in inputs.items()
        for one in artifacts
        if one.is_external and "://" not in one.uri
    }


def changed_inputs(inputs: Mapping[str, Sequence[Artifact]], before: str) -> list[str]:
    """The places of those inputs whose files are not what they were when `manifests_of` said `before` of them."""
    recorded, now = json.loads(before), json.loads(manifests_of(inputs))
    places = {f"{key}/{index}": one.uri for key, artifacts in inputs.items() for index, one in enumerate(artifacts)}
    return list(dict.fromkeys(places[name] for name in recorded if recorded[name] != now[name]))


def files_digest(place: str) -> str:
    """A short digest of the names, sizes and times of change of all files at a place of this machine."""
    return _digest(sorted(_files(Path(place))))


def damages_of(outputs: Mapping[str, Sequence[Artifact]], manifests: str) -> tuple[Change, ...]:
    """What is wrong with outputs by now; empty where they are as they were left.

    Args:
        outputs: output artifacts by key, in the order in which they were recorded.
        manifests: what `manifests_of` said when they were made, or empty: then only their places are checked.
    """
    if is_damaged(OUTPUTS, manifests):
        return (Change(Category.OUTPUTS, OUTPUTS, "what was recorded of them cannot be read"),)
    recorded = json.loads(manifests or "{}")
    found = []
    for key, artifacts in outputs.items():
        for index, artifact in enumerate(artifacts):
            if detail := _damage(artifact, recorded.get(f"{key}/{index}")):
                found.append(Change(Category.OUTPUTS, artifact.uri or key, detail))
            elif place := _taken_away(artifact):
                found.append(Change(Category.PUSHED, artifact.uri or key, f"what was pushed to {place} is gone"))
    return tuple(found)


def find_cached_outputs(handle: Metadata, key: str) -> CacheLookup:
    """Looks for outputs under a cache key, those of the newest execution first.

    That a pushed model was taken away again, as by somebody who rolled it back, is no reason to push it once more.

    Args:
        handle: metadata that is entered; it is only read.
        key: the name of TFX's cache context.
    """
    damages: list[Change] = []
    context = handle.store.get_context_by_type_and_name(CACHE_CONTEXT, key)
    executions = handle.store.get_executions_by_context(context.id) if context else []
    successful = [one for one in executions if execution_lib.is_execution_successful(one)]
    for execution in execution_lib.sort_executions_newest_to_oldest(successful):
        outputs = execution_lib.get_output_artifacts(handle, execution.id)
        manifests = execution.custom_properties[OUTPUTS].string_value if OUTPUTS in execution.custom_properties else ""
        damage = damages_of(outputs, manifests)
        if all(one.category is Category.PUSHED for one in damage):
            return CacheLookup(execution.id, outputs, manifests, tuple(dict.fromkeys(damages)))
        damages += damage
    return CacheLookup(None, {}, "", tuple(dict.fromkeys(damages)))


def _damage(artifact: Artifact, manifest: str | None) -> str:
    recorded = artifact.mlmd_artifact
    if recorded.state != recorded.LIVE:  # as in TFX
        return f"it is recorded as {recorded.State.Name(recorded.state)}"
    if artifact.get_string_custom_property(REASON).startswith(NO_DOCKER):
        return "Docker could not be reached when the model was to be checked"
    now = output_manifest(artifact.uri) if artifact.uri else ""
    if not now:
        return "it is gone"
    if manifest is not None and not _are_same(manifest, now):
        return "its files are not those that were left there"
    return ""


def _taken_away(artifact: Artifact) -> str:
    """Where a model was pushed to and is not any more; empty if it is there."""
    pushed = artifact.get_string_custom_property(_PUSHED)
    return pushed if pushed and not fileio.exists(pushed) else ""


def _are_same(manifest: str, now: str) -> bool:
    """Whether files are what they were; a manifest of an older Headrace has no times."""
    return manifest == now or ("-" not in manifest and manifest == now.partition("-")[0])


def _digest(rows: Iterable[tuple[object, ...]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(("\0".join(map(str, row)) + "\n").encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _files(place: Path) -> Iterator[tuple[str, int, int]]:
    """Name, size in bytes, and time of the last change in nanoseconds, of each file but Python's bytecode.

    Whoever imports a module from there writes bytecode beside it.
    """
    if place.is_file():
        status = place.stat()
        yield "", status.st_size, status.st_mtime_ns
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            yield path.relative_to(place).as_posix(), status.st_size, status.st_mtime_ns
