"""Disks of a test's own, small ones, and what fills them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """Mounts a disk at a new folder, with options of tmpfs; skips the test where that is not permitted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a disk, and not everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def enlarge(disk: Path, size: str) -> None:
    """Gives a disk more space."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def fill(folder: Path) -> Path:
    """Leaves no byte free on the disk of a folder; returns what fills it."""
    filler = folder / "filler"
    with suppress(OSError), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 12))
    return filler
