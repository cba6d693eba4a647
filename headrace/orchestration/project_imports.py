"""Which of the project's own files an import runs, found by reading the source: nothing is imported.

The same search as Python's: the folders of `sys.path`, packages and modules before
namespace packages. Libraries (site-packages, the standard library) and Headrace itself
are not the project's. Imports inside functions count, and `importlib.import_module("name")`;
a name that is computed does not show in the source, and is not found.
"""

import ast
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_LIBRARY_NAMES = {"site-packages", "dist-packages"}
_PYTHON = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
_LIBRARY_TEXTS = tuple(f"{folder}{os.sep}" for folder in (*_PYTHON, str(Path(__file__).parents[1])))
_LIBRARIES = tuple(Path(folder).resolve() for folder in (*_PYTHON, str(Path(__file__).parents[1])))


@dataclass(frozen=True)
class _Import:
    level: int  # the dots of a relative import
    module: tuple[str, ...]
    names: tuple[str, ...]  # what is taken from it: names of its own, or submodules


def files_of_module(name: str) -> list[Path]:
    """The project's files that importing the module `name` runs: itself and its packages; none for a library's."""
    parts = name.split(".")
    folders = _search_folders(os.getcwd(), tuple(sys.path))
    found = _search(folders, parts) or _search(_hooked_folders(parts[0]), parts)
    if not found and (loaded := getattr(sys.modules.get(name), "__file__", None)):
        found = [Path(loaded)]
    return [path for path in found if not is_library(path)]


def with_imports(files: Sequence[Path]) -> set[Path]:
    """These files, and all the project's files that their imports run, and those files' imports, and so on."""
    seen: set[Path] = set()
    waiting = [path.resolve() for path in files]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if path.suffix == ".py":
            waiting += [one.resolve() for one in imported_files(path.read_bytes(), path.parent)]
    return seen


def imported_files(source: bytes, folder: Path | None) -> Iterator[Path]:
    """The project's files that a module in `folder` imports, or nothing if Python cannot read it."""
    for one in _imports(source):
        if not one.level:
            for parts in (one.module, *((*one.module, name) for name in one.names)):
                yield from files_of_module(".".join(parts))
        elif folder is not None:
            package = folder if one.level == 1 else folder.parents[min(one.level - 1, len(folder.parents)) - 1]
            for parts in (("__init__",), one.module, *((*one.module, name) for name in one.names)):
                yield from _search([package], parts)


def is_library_text(file: str) -> bool:
    """The file's path says so as it is: a process has thousands of modules, and to resolve each path takes a second."""
    return file.startswith(_LIBRARY_TEXTS) or any(f"/{name}/" in file for name in _LIBRARY_NAMES)


def is_library(path: Path) -> bool:
    """The file is a library's, Python's or Headrace's: its version counts, not its text."""
    resolved = path.resolve()
    return not _LIBRARY_NAMES.isdisjoint(resolved.parts) or any(map(resolved.is_relative_to, _LIBRARIES))


def _search(folders: Sequence[Path], parts: Sequence[str]) -> list[Path]:
    """The `__init__.py` of each package on the way, and the module; as far as they are there."""
    files: list[Path] = []
    for part in parts:
        portions: list[Path] = []
        for folder in folders:
            if (package := folder / part / "__init__.py").is_file():
                files.append(package)
                portions = [folder / part]
                break
            if (module := folder / f"{part}.py").is_file():
                return [*files, module]
            if (folder / part).is_dir():
                portions.append(folder / part)
        folders = portions
    return files


@lru_cache(maxsize=16)
def _search_folders(working_folder: str, path: Sequence[str]) -> list[Path]:
    folders = (Path(working_folder, entry).resolve() for entry in path)
    return [folder for folder in folders if folder.is_dir() and not is_library(folder)]


def _hooked_folders(package: str) -> list[Path]:
    """Where an import hook finds the package: an editable installation need not be a folder on `sys.path`."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: it is loaded, and does not say from where
        return []
    if spec is None:
        return []
    places = list(spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else []))
    return [Path(place).parent for place in places if not is_library(Path(place))]


@lru_cache(maxsize=4096)
def _imports(source: bytes) -> tuple[_Import, ...]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [_Import(0, tuple(alias.name.split(".")), ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            found.append(_Import(node.level, module, tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.Call) and (name := _imported_by_call(node)):
            level = len(name) - len(name.lstrip("."))
            found.append(_Import(level, tuple(filter(None, name.split("."))), ()))
    return tuple(found)


def _imported_by_call(call: ast.Call) -> str:
    """The module that a call of `import_module` or `__import__` names; empty for any other."""
    function = getattr(call.func, "attr", getattr(call.func, "id", ""))
    name = call.args[0] if call.args and function in ("import_module", "__import__") else None
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else ""
