"""What a cache key leads to: the outputs of an earlier execution, if they are still what it left.

TFX takes a cached artifact whose folder exists. A folder can be there and emptied, or a
file in it cut short, by a full disk or a clean-up, or edited in place. So an execution
records the names, sizes and times of change of the files it leaves, and a hit checks them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
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
from headrace.orchestration.output_manifests import (
    ELSEWHERE,
    REMOTE,
    are_same,
    files_digest,
    holds,
    is_below,
    local_manifest,
)

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
    return REMOTE if "://" in uri else local_manifest(Path(uri))


def output_manifests(outputs: Mapping[str, Sequence[Artifact]], root: Path) -> str:
    """The manifest of each output, by "key/index", as JSON: an execution's property OUTPUTS.

    Args:
        outputs: of a node, which may have set their URIs to any place; only what the root holds is walked.
        root: of the pipeline.
    """
    return _manifests(outputs, lambda one: is_below(one.uri, root))


def input_manifests(inputs: Mapping[str, Sequence[Artifact]], root: Path) -> str:
    """The same of inputs, but for those that the root itself lies in: nobody made these as an artifact."""
    return _manifests(inputs, lambda one: one.is_external or not holds(one.uri, root))


def _manifests(artifacts: Mapping[str, Sequence[Artifact]], is_walked: Callable[[Artifact], bool]) -> str:
    manifests = {
        f"{key}/{index}": output_manifest(one.uri) if "://" in one.uri or is_walked(one) else ELSEWHERE
        for key, several in artifacts.items()
        for index, one in enumerate(several)
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
    """The places of those inputs whose files are not what they were when `input_manifests` said `before` of them."""
    recorded = json.loads(before)
    places = {f"{key}/{index}": one.uri for key, artifacts in inputs.items() for index, one in enumerate(artifacts)}
    walked = [name for name, manifest in recorded.items() if manifest != ELSEWHERE]
    return list(dict.fromkeys(places[name] for name in walked if recorded[name] != output_manifest(places[name])))


def damages_of(outputs: Mapping[str, Sequence[Artifact]], manifests: str) -> tuple[Change, ...]:
    """What is wrong with outputs by now; empty where they are as they were left.

    Args:
        outputs: output artifacts by key, in the order in which they were recorded.
        manifests: what `output_manifests` said when they were made, or empty: then only their places are checked.
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
    if not artifact.uri or not fileio.exists(artifact.uri):
        return "it is gone"
    if manifest is not None and manifest != ELSEWHERE and not are_same(manifest, output_manifest(artifact.uri)):
        return "its files are not those that were left there"
    return ""


def _taken_away(artifact: Artifact) -> str:
    """Where a model was pushed to and is not any more; empty if it is there."""
    pushed = artifact.get_string_custom_property(_PUSHED)
    return pushed if pushed and not fileio.exists(pushed) else ""
