"""The code behind a node: which files, and what is in them.

TFX's cache key holds the name of a node's executor, not what it does: edit the body
of a component, and the old result comes back. These files complete the key. They are
hashed as they are, so a changed comment counts as a change: too much is run again
rather than too little.
"""

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from google.protobuf.message import Message
from tfx.proto.orchestration.executable_spec_pb2 import BeamExecutableSpec, PythonClassExecutableSpec
from tfx.proto.orchestration.pipeline_pb2 import PipelineNode

from headrace.orchestration.program_values import values_of
from headrace.orchestration.project_imports import (
    files_of_module,
    imported_files,
    is_library,
    is_library_text,
    with_imports,
)
from headrace.project import PROJECT_FILE, project_root

_FUNCTION_SUFFIX = "_fn"  # run_fn, preprocessing_fn, tuner_fn, ...: import paths
_WHEEL_SUFFIX = ".whl"
_as_loaded: dict[Path, tuple[object, str]] = {}  # of files: the load that the program has of each, and its sha256


def code_of(node: PipelineNode, executor_spec: Message | None) -> dict[str, str]:
    """The code a node runs: a file's path, in a project relative to its root, to the sha256 of its content.

    That is: the module of its executor, the functions and the files that its parameters name, and
    every module of the project that these import, at any depth. Libraries count by the version of the
    executor's own ("package tfx" to "1.21.0"). Values that the code finds in the program ("value ARGS") count
    by a sha256 as well. Folders are data, not code: they are left out.

    Args:
        node: the node, its parameters bound.
        executor_spec: what executes it; a container has no code that could be read.
    """
    python = python_spec(executor_spec)
    module = python.class_path.rpartition(".")[0] if python else ""
    files = _executor_files(module)
    code: dict[str, str] = {}
    if module and not files:
        code |= _package_version(module.partition(".")[0])
    if python:
        code |= values_of(python.class_path)
    for name, value in texts_of(node):
        if name.endswith(_FUNCTION_SUFFIX) and "." in value:
            files += files_of_module(value.rpartition(".")[0])
            code |= values_of(value)
        if wheel := wheel_of(value):
            texts = _wheel_texts(wheel)
            code |= {f"{name}/{file}": hashlib.sha256(text).hexdigest() for file, text in texts.items()}
            files += [one for text in texts.values() for one in imported_files(text, None)]
        elif Path(value).name and _is_file(value):
            files.append(Path(value))
    for path in sorted(with_imports(files)):
        name = _name(path)
        code[str(path) if name in code else name] = _hash(path)
    return code


def note_loaded(*, is_copied: bool) -> None:
    """Has modules of the project that are loaded count as they were when they were, whatever is in their files later.

    Args:
        is_copied: the processes of nodes are copies of this one. Otherwise they load the modules themselves.
    """
    before = dict(_as_loaded) if is_copied else {}
    _as_loaded.clear()
    for module in list(sys.modules.values()) if is_copied else []:
        file = getattr(module, "__file__", None)
        if (
            isinstance(file, str)
            and not is_library_text(file)
            and not is_library(path := Path(file))
            and _is_file(file)
        ):
            load = getattr(module, "__spec__", None) or module  # another one once it is loaded again
            seen = before.get(path.resolve())
            _as_loaded[path.resolve()] = seen if seen and seen[0] is load else (load, _hash_now(path))


def digest_of(code: Mapping[str, str]) -> str:
    """One short text that changes when any of the code does; empty for no code."""
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest() if code else ""


def python_spec(executor_spec: Message | None) -> PythonClassExecutableSpec | None:
    """The part that names a Python class, or None: a container, or a node without an executor."""
    if isinstance(executor_spec, BeamExecutableSpec):
        return executor_spec.python_executor_spec
    return executor_spec if isinstance(executor_spec, PythonClassExecutableSpec) else None


def wheel_of(value: str) -> Path | None:
    """The wheel that TFX made of a `module_file` and its folder, from the parameter "module@wheel"."""
    wheel = value.partition("@")[2]
    return Path(wheel) if wheel.endswith(_WHEEL_SUFFIX) and _is_file(wheel) else None


def _executor_files(module: str) -> list[Path]:
    if module == "__main__":  # a component of the very file that was run
        main = getattr(sys.modules["__main__"], "__file__", None)
        return [Path(main)] if main and not is_library(Path(main)) else []
    return files_of_module(module) if module else []


def texts_of(node: PipelineNode) -> Iterator[tuple[str, str]]:
    """The parameters of a node that are texts, by their names."""
    for name, value in node.parameters.parameters.items():
        if value.field_value.string_value:
            yield name, value.field_value.string_value


def _is_file(value: str) -> bool:
    try:
        return Path(value).is_file()
    except (OSError, ValueError):  # no path at all: too long, or with a zero byte
        return False


def _name(path: Path) -> str:
    """Relative to the project the file is in: the same wherever the project lies and the command is typed."""
    root = project_root(path.parent)
    return path.relative_to(root).as_posix() if (root / PROJECT_FILE).is_file() else str(path)


def _hash(path: Path) -> str:
    return _as_loaded[path][1] if path in _as_loaded else _hash_now(path)


def _hash_now(path: Path) -> str:
    status = path.stat()
    return _hash_at(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _hash_at(path: Path, modified: int, size: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=64)
def _package_version(package: str) -> dict[str, str]:
    try:
        return {f"package {package}": metadata.version(package)}
    except metadata.PackageNotFoundError:  # the distribution has another name than its package
        names = metadata.packages_distributions().get(package, [])
        return {f"package {package}": ", ".join(f"{name} {metadata.version(name)}" for name in names)} if names else {}


def _wheel_texts(wheel: Path) -> dict[str, bytes]:
    """The wheel's modules: its own bytes differ at each build, for they hold times."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in sorted(archive.namelist()) if name.endswith(".py")}
