"""Writes folders wholly or not at all, and never over anything."""

import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import UserError


@dataclass(frozen=True)
class NewFolder:
    """A folder to write."""

    path: Path
    files: Mapping[str, bytes]  # by their paths in it


def write_folders(root: Path, folders: list[NewFolder]) -> None:
    """Writes folders below `root`; a folder has its name only when all files of all folders are written.

    Args:
        root: of the project.
        folders: that are not there yet.

    Raises:
        UserError: one is there already, or cannot be written; nothing is left behind.
    """
    for folder in folders:
        if folder.path.exists():
            raise UserError(
                f"there is a folder {folder.path.relative_to(root)} already",
                where=str(folder.path),
                next_step="choose another name, or move the folder away",
            )
    try:
        with ExitStack() as stack:
            drafts = [_draft(folder, stack) for folder in folders]
            with ExitStack() as on_failure:
                for folder, draft in zip(folders, drafts, strict=True):
                    os.rename(draft, folder.path)  # fails where somebody has just written into a folder of that name
                    on_failure.callback(shutil.rmtree, folder.path)
                on_failure.pop_all()
    except OSError as error:
        raise UserError("the files cannot be written", where=str(root), why=str(error)) from error


def _draft(folder: NewFolder, stack: ExitStack) -> Path:
    """Writes the files beside where the folder is to be; what is left of that is removed when the stack ends."""
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.path.with_name(f".{folder.path.name}-{os.getpid()}")
    draft.mkdir()
    stack.callback(shutil.rmtree, draft, ignore_errors=True)
    for name, content in folder.files.items():
        path = draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return draft
