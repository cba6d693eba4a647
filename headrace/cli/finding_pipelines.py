"""The file that defines a pipeline, from what a person calls it: its name, its folder or its path."""

import os
from pathlib import Path

from headrace.errors import UnknownNameError, UserError, nearest, typed
from headrace.project import project_root

_RUNNER = "local_runner.py"
_LONGEST = 200  # characters of a name that may be mistyped


def find_definition(pipeline: str) -> Path:
    """The file that defines a pipeline, from its name, its folder or its path.

    Raises:
        UnknownNameError: there is none; suggests the nearest name.
        UserError: there is a file or a folder of that name, and it defines no pipeline.
    """
    if os.path.isfile(pipeline):  # pathlib's raises for a name that is too long
        if pipeline.endswith(".py"):
            return Path(pipeline).resolve()
        why = "a pipeline is defined by a file that ends with .py"
        raise UserError(f"{pipeline} is no Python file", why=why, next_step=_ls(os.path.dirname(pipeline) or "."))
    folder = project_root() / "pipelines"
    known = {path.parent.name: path for path in folder.glob(f"*/{_RUNNER}")}
    if pipeline in known:
        return known[pipeline]
    if os.path.isdir(pipeline):
        return _in_folder(Path(pipeline))
    if os.path.isfile(f"{pipeline}.py"):
        raise _no_such_file(pipeline, f"{pipeline}.py")
    if pipeline.endswith(".py") or os.sep in pipeline:
        raise _no_such_file(pipeline, _near_file(pipeline))
    next_step = _ls(folder) if folder.is_dir() else "headrace run FILE.py  # a file that calls run() of a TFX runner"
    raise UnknownNameError.among("pipeline", pipeline, known, where=str(folder), next_step=next_step)


def _in_folder(folder: Path) -> Path:
    runner = folder / _RUNNER
    if runner.is_file():
        return runner.resolve()
    files = sorted(path.name for path in folder.glob("*.py"))
    why = f"there is no {_RUNNER} in it" + (f"; it has {', '.join(files[:3])}" if files else "")
    next_step = typed("headrace", "run", folder / files[0]) if len(files) == 1 else _ls(folder)
    raise UserError(f"the folder {folder} defines no pipeline", why=why, next_step=next_step)


def _no_such_file(pipeline: str, near: str) -> UserError:
    what = "there is no such file" if pipeline.endswith(".py") else f"there is no pipeline {pipeline!r}"
    if near:
        why, next_step = f"did you mean {near!r}?", typed("headrace", "run", near)
        return UnknownNameError(what, where=pipeline, why=why, next_step=next_step)
    place = os.path.dirname(os.path.abspath(pipeline))
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    return UnknownNameError(what, where=pipeline, next_step=_ls(os.path.relpath(place)))


def _near_file(pipeline: str) -> str:
    """The Python file beside the one that is not there whose name is most like it; empty where none is."""
    folder, name = os.path.split(pipeline)
    if not os.path.isdir(folder or ".") or len(name) > _LONGEST:
        return ""
    near = nearest(name, [path.name for path in Path(folder or ".").glob("*.py")])
    return os.path.join(folder, near) if near else ""


def _ls(folder: Path | str) -> str:
    return typed("ls", folder)
