"""A copy of the project in which faults are put, so that every process of a test has them: Python finds it first."""

import compileall
import os
import py_compile
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mutants.faults import Fault

_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".uv", ".headrace", "__pycache__", ".*_cache", ".hypothesis")
_AUTHOR = ("-c", "user.name=mutants", "-c", "user.email=mutants@localhost")
_AT_START = "sitecustomize.py"  # Python imports it in each process


class Tree:
    """The copy. Its modules are compiled to files that Python compares with the source by hash.

    By the usual time stamp, in seconds, a fault of the same length as what it replaces would not be in force.
    """

    def __init__(self, project: Path, folder: Path) -> None:
        """Takes the root of a project, and where the copy is made."""
        self.root = folder
        folder.parent.chmod(0o755)  # for tests that become another user, as the project is
        shutil.copytree(project, folder, ignore=_NOT_COPIED, symlinks=True)
        if (project / ".git").exists():  # tests ask for the commit; the project's own repository is not theirs to touch
            for words in (["init", "-q"], ["add", "-A"], [*_AUTHOR, "commit", "-q", "--no-verify", "-m", "a copy"]):
                subprocess.run(["git", *words], cwd=folder, check=True)
        compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)

    def environment(self) -> dict[str, str]:
        """The variables with which Python imports from the copy."""
        return {**os.environ, "PYTHONPATH": str(self.root)}

    @contextmanager
    def with_fault(self, fault: Fault) -> Iterator[None]:
        """The copy with a fault, for a while."""
        file = self.root / fault.module
        source, before = file.read_text(), file.stat()
        file.write_text(fault.applied(source))
        try:
            yield
        finally:
            file.write_text(source)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    @contextmanager
    def following(self, notes: Path) -> Iterator[None]:
        """The copy whose processes note which functions they call, for a while."""
        start = self.root / _AT_START
        start.write_text(f"from mutants.touched import follow\n\nfollow({str(self.root)!r}, {str(notes)!r})\n")
        try:
            yield
        finally:
            start.unlink()
