"""A new pipeline: a blank one, or a copy of one of the project's, its tests with it."""

import re
from pathlib import Path

from headrace.errors import UnknownNameError
from headrace.scaffold.names import check_name
from headrace.scaffold.rendering import TESTS, rendered
from headrace.scaffold.writing import NewFolder, write_folders

BLANK = "blank"
RUNNER = "local_runner.py"  # what makes a folder in pipelines/ a pipeline


def new_pipeline(root: Path, name: str, source: str) -> list[Path]:
    """Writes a pipeline and its tests; returns their folders.

    Args:
        root: of the project.
        name: of the new pipeline.
        source: `blank`, or the pipeline of the project to copy.

    Raises:
        UserError: there is one of that name, or it cannot be called so; nothing is written.
        UnknownNameError: there is no such source.
    """
    check_name("pipeline", name)
    sources = sources_of(root)
    if source not in sources:
        raise UnknownNameError.among(
            "pipeline to start from", source, sources, next_step=f"headrace new pipeline {name} --from {BLANK}"
        )
    home, tests = root / "pipelines", root / "tests" / "pipelines"
    if source == BLANK:
        files = rendered("pipeline/blank", {"name": name})
        test_files = {f"test_{name}.py": files.pop(TESTS)}
    else:
        files = _copied(home / source, source, name)
        test_files = _copied(tests / source, source, name)
    folders = [NewFolder(home / name, files)]
    if test_files:
        folders.append(NewFolder(tests / name, test_files))
    write_folders(root, folders)
    return [folder.path for folder in folders]


def sources_of(root: Path) -> list[str]:
    """What a new pipeline can start from."""
    return [BLANK, *sorted(path.parent.name for path in (root / "pipelines").glob(f"*/{RUNNER}"))]


def _copied(folder: Path, source: str, name: str) -> dict[str, bytes]:
    """The files of a folder, the pipeline renamed in them; the data it reads stays that of the source."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {path.relative_to(folder): path.read_bytes() for path in paths}
    return {
        str(path): _renamed(content, source, name)
        for path, content in files.items()
        if not any(part.startswith((".", "__pycache__")) for part in path.parts)
    }


def _renamed(content: bytes, source: str, name: str) -> bytes:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    before = r'\bpipelines[./]|"pipelines" / "|\bheadrace (?:run|plan) |^NAME = "'
    return re.sub(rf"({before}){re.escape(source)}\b", rf"\g<1>{name}", text, flags=re.MULTILINE).encode()
