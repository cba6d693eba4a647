"""Runs on a disk of their own that is full: before they begin, or by what they write."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.errors import RunFailedError
from headrace.metadata import State
from headrace.metadata import properties as names
from headrace.settings import Settings
from tests.conftest import assert_one_clear_message
from tests.headrace.orchestration.runs.conftest import RunPipeline
from tests.small_components import FillOutput, Number

DEFINITION = """
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from headrace.settings import Settings
from tests.small_components import Number

root = str(Settings.load().pipeline_root("full"))
LocalDagRunner().run(Pipeline("full", root, components=[Number(value=1)]))
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=200", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a disk, and not everywhere")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def settings(disk: Path) -> Settings:
    return Settings(home=disk / "home")


def test_a_node_that_fills_the_disk_says_so_though_its_log_cannot_be_written(
    run_pipeline: RunPipeline, settings: Settings
) -> None:
    assert run_pipeline("full", [Number(value=1)]).error is None  # the store is there
    ran = run_pipeline("full", [FillOutput()])
    assert isinstance(ran.error, RunFailedError)
    [execution] = ran.of("FillOutput")
    assert execution.state is State.FAILED
    facts = execution.properties
    assert facts[names.ERROR_KIND] == "OSError"
    assert "No space left on device" in str(facts[names.ERROR_MESSAGE])
    assert "in FillOutput" in str(facts[names.ERROR_WHERE])
    folder = settings.pipeline_root("full") / "FillOutput"
    assert facts[names.ERROR_WHY] == f"no space was left on the disk of {folder}"
    assert f"df -h {folder}" in str(facts[names.ERROR_NEXT])


@pytest.mark.parametrize("what", ["bytes", "files"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_disk_that_is_full_before_a_run_is_one_message(
    run_pipeline: RunPipeline, settings: Settings, tmp_path: Path, what: str, is_first: bool
) -> None:
    settings.make_home()
    if not is_first:
        run_pipeline("full", [Number(value=1)])
    fill(settings.home, what)
    definition = tmp_path / "full.py"
    definition.write_text(DEFINITION)
    result = subprocess.run(
        [str(Path(sys.executable).with_name("headrace")), "run", str(definition)],
        env={**os.environ, "HEADRACE_HOME": str(settings.home)},
        text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert_one_clear_message(result, 2, str(settings.home))
    assert "No space left on device" in result.stderr or "disk is full" in result.stderr


def fill(folder: Path, what: str) -> None:
    """Leaves no byte free on the disk of a folder, or no room for one file more."""
    with pytest.raises(OSError, match="No space left"):
        _fill(folder, what)


def _fill(folder: Path, what: str) -> None:
    with open(folder / "filler", "wb", buffering=0) as file:
        for number in range(1 << 16):
            if what == "bytes":
                file.write(bytes(1 << 12))
            else:
                (folder / f"filler{number}").touch()
