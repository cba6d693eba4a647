"""Where a `module_file` is: TFX runs a copy of it, which it installs from a wheel into a temporary folder."""

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfx.orchestration.pipeline import Pipeline

_MODULE_FILE = "module_file"  # the parameter, which TFX empties while it compiles
_PLACE = re.compile(r"(?P<file>.+\.py)(?P<line>:\d+.*)", re.DOTALL)

_sources: dict[str, Path] = {}  # by the id of the node that was given it, of the pipeline that was compiled last


def note_module_files(pipeline: Pipeline) -> None:
    """Remembers the `module_file` of each node of a pipeline that is about to be compiled."""
    if isinstance(pipeline, Pipeline):  # else TFX says what is wrong with it
        _sources.clear()
        _sources.update(_module_files(pipeline.components))


def _module_files(nodes: Iterable[Any]) -> Iterable[tuple[str, Path]]:
    for node in nodes:
        if isinstance(node, Pipeline):
            yield from _module_files(node.components)
        elif isinstance(file := node.exec_properties.get(_MODULE_FILE), str) and file:
            yield node.id, Path(file).absolute()


def as_written(place: str, node: str) -> str:
    """The place of an error, `file:line in function`; one in the copy of a node's module file, in the file itself."""
    source, found = _sources.get(node), _PLACE.fullmatch(place)
    if source is None or found is None:
        return place
    copy, file = Path(found["file"]), source.parent / Path(found["file"]).name
    is_copy = copy.parent.parent == Path(tempfile.gettempdir()) and file.is_file()
    return f"{file}{found['line']}" if is_copy else place
