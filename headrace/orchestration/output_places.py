"""Where executions make their outputs, and whether something that lies on the disk is one.

TFX gives each output of an execution a place of its own, ROOT/NODE/KEY/EXECUTION (the file `value` in it, if it is a
value). An artifact's URI can name any other place as well, for a component may set it: what lies there is not known to
be a run's, whatever the URI says. Nor is what was there before the execution began, or was changed after it had ended:
it is the user's, or is recorded in another store, whose ids are the same.
"""

import json
import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from os.path import realpath, split
from pathlib import Path
from tempfile import TemporaryFile

from headrace.metadata import Execution
from headrace.metadata.properties import OUTPUTS
from headrace.metadata.recorded_kinds import is_damaged
from headrace.orchestration.output_manifests import are_same, has_times, local_manifest
from headrace.settings import Settings

_SYSTEM = ".system"  # TFX's, in a node's folder, beside those of its keys
_EXECUTIONS = "executor_execution"  # there: a folder an execution
_WORKING_FOLDERS = "stateful_working_dir"  # there: a folder an execution, of a name that stands in the property
_WORKING_FOLDER = "__stateful_working_dir_index__"
_EARLY_SECONDS = 60.0  # a file server's clock may be slow by so much; nobody writes to an execution that is to come
_TICK_SECONDS = 0.05  # the times of files come in ticks


class OutputPlaces:
    """The places in a home, links of the folders above them followed."""

    def __init__(self, settings: Settings) -> None:
        """Takes the settings of the home."""
        self._settings = settings
        self._home = Path(realpath(settings.home))
        self._others = {self._home / name for name in ("cards", "logs", "pages", "serving")}
        self._real: dict[str, str] = {}  # by folder; many artifacts lie in each
        self._roots: dict[str, set[Path]] = defaultdict(set)  # where each pipeline has made outputs
        self._numbered: dict[Path, dict[str, list[Path]]] = {}  # by a node's folder: what lies there, by its name

    def of(self, uri: str) -> Path | None:
        """Where an artifact lies; None for what is on no disk of this machine."""
        if not uri or "://" in uri or "\0" in uri:
            return None
        folder, name = split(uri.rstrip("/"))
        if name in ("", ".", ".."):  # nobody's output
            return None
        if folder not in self._real:
            self._real[folder] = realpath(folder)
        return Path(self._real[folder], name)

    def made_by(self, execution: Execution, uri: str) -> Path | None:
        """Where an artifact lies, if this execution made it there: where its outputs belong, or below that."""
        place = self.of(uri)
        if place is None:
            return None
        for own in (place, *place.parents):
            if own.name == str(execution.id) and self._is_of_node(own.parent.parent, execution.node):
                self._roots[execution.pipeline].add(own.parents[2])
                return place
        return None

    def left_by(self, execution: Execution) -> Iterator[Path]:
        """What lies where an execution that did not succeed has left outputs unfinished, and what it worked with.

        A pipeline's root is known from what `made_by` found of it, or is the project's own for the pipeline.
        """
        folder = str(execution.properties.get(_WORKING_FOLDER, ""))
        root = Path(realpath(self._settings.pipeline_root(execution.pipeline)))
        for known in sorted({root, *self._roots[execution.pipeline]}):
            node = known / execution.node.rpartition(".")[2]
            if self._is_of_node(node, execution.node):
                numbered = self._of_node(node)
                for place in (*numbered.get(str(execution.id), ()), *numbered.get(folder, ())):
                    if place.parent.parent.name != _SYSTEM or _holds_files(place):
                        yield place

    def is_of_several(self, place: Path, pipelines: Iterable[str]) -> bool:
        """Whether this is no artifact's own place: the home, the root of one of these pipelines, or what they lie in.

        Whatever component gives such a place to an artifact, all other outputs lie there, too.
        """
        roots = [Path(realpath(self._settings.pipeline_root(one))) for one in pipelines]
        return any(place in (one, *one.parents) for one in (self._home, *roots))

    def is_as_left(self, execution: Execution, place: Path, is_whole: bool = True) -> bool:
        """Whether all that lies at a place came after an execution began, and is what that left there.

        That is told by what was recorded at its end of the names, sizes and times of the files. What was killed
        recorded nothing, nor did TFX and an older Headrace (no times, at least): then no file may be younger than the
        end of the execution.

        Args:
            execution: that made it.
            place: which may be gone.
            is_whole: whether it is all there; it is not, where a clean-up was interrupted.
        """
        if not os.path.lexists(place):
            return True
        if not _came_after(execution, place):
            return False
        if is_whole and (recorded := _manifests(execution)):
            now = local_manifest(place)
            found = [one for one in recorded if are_same(one, now)]
            if not found or any(map(has_times, found)):
                return bool(found)
        return _was_done(execution, place, self._fast_seconds)

    @cached_property
    def _fast_seconds(self) -> float:
        """By how much the clock of the home's disk may be ahead of the one that records when executions end."""
        with suppress(OSError), TemporaryFile(dir=self._home) as file:  # without a name
            file.write(b"now")
            file.flush()
            return max(0.0, os.fstat(file.fileno()).st_mtime - time.time()) + _TICK_SECONDS
        return _TICK_SECONDS  # nothing is written there, or removed

    def _is_of_node(self, folder: Path, node: str) -> bool:
        """Whether this is the folder of a node in a pipeline's root: in the home, and in none of its other folders.

        That of a node of a sub-pipeline, `inner.Trainer`, has the name that it has there.
        """
        root = folder.parent
        in_home = self._home in root.parents and self._others.isdisjoint({root, *root.parents})
        return in_home and bool(folder.name) and (node == folder.name or node.endswith(f".{folder.name}"))

    def _of_node(self, folder: Path) -> dict[str, list[Path]]:
        """What lies in the folders of a node's keys, and of the system; no link is followed."""
        if folder not in self._numbered:
            found: dict[str, list[Path]] = {}
            system = folder / _SYSTEM
            keys = [key for key in _folders(folder) if key != system]
            for key in [*keys, system / _EXECUTIONS, system / _WORKING_FOLDERS] if _is_folder(folder) else []:
                for place in _entries(key):
                    found.setdefault(place.name, []).append(place)
            self._numbered[folder] = found
        return self._numbered[folder]


def _came_after(execution: Execution, place: Path) -> bool:
    """Whether all that lies there came after an execution began.

    Who copies a file can set its time; the time of its entry is then the copy's.
    """
    earliest = execution.started.timestamp() - _EARLY_SECONDS
    return all(found.st_ctime >= earliest for found in _stats(place))


def _was_done(execution: Execution, place: Path, fast_seconds: float) -> bool:
    """Whether no file there was changed after an execution ended; an interrupted clean-up has changed folders."""
    latest = execution.ended.timestamp() + fast_seconds
    return all(stat.S_ISDIR(found.st_mode) or found.st_mtime <= latest for found in _stats(place))


def _manifests(execution: Execution) -> list[str]:
    """What was recorded of the files of each output; empty where nothing was, or it cannot be read."""
    recorded = str(execution.properties.get(OUTPUTS, ""))
    if not recorded or is_damaged(OUTPUTS, recorded):
        return []
    return [str(one) for one in json.loads(recorded).values()]


def _stats(place: Path) -> Iterator[os.stat_result]:
    """Of all that lies at a place, no link followed; none where nothing is."""
    with suppress(FileNotFoundError):
        yield place.lstat()
    for folder, folders, files in os.walk(place) if _is_folder(place) else ():
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # it went meanwhile
                yield os.lstat(os.path.join(folder, name))


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if _is_folder(folder) else []


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in _entries(folder) if _is_folder(entry)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _holds_files(folder: Path) -> bool:
    return any(names for _, _, names in os.walk(folder))
