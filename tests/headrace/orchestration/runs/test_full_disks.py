"""Runs on a disk of their own that is full: before they begin, or by what they write."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from headrace.errors import RunFailedError
from headrace.metadata import MetadataStore, State
from headrace.metadata import properties as names
from headrace.settings import Settings
from tests.conftest import assert_one_clear_message
from tests.headrace.disks import enlarge, fill, small_disk
from tests.headrace.orchestration.runs.conftest import RunPipeline
from tests.small_components import FillOutput, Number

DEFINITION = """
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from headrace.settings import Settings
from tests.small_components import Number

root = str(Settings.load().pipeline_root("full"))
LocalDagRunner().run(Pipeline("full", root, components=[Number(value=1)], enable_cache=False))
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    with small_disk(tmp_path / "disk", "size=4m,nr_inodes=200") as disk:
        yield disk


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
    if what == "bytes":
        fill(settings.home)
    else:
        take_all_files(settings.home)
    result = run_command(tmp_path, settings.home)
    assert_one_clear_message(result, 2, str(settings.home))
    assert "No space left on device" in result.stderr or "disk is full" in result.stderr


def test_a_store_that_a_run_fills_the_disk_with_is_one_message_and_takes_the_next_run(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=300k") as disk:
        home = disk / "home"
        results: list[subprocess.CompletedProcess[str]] = []
        while not results or not results[-1].returncode:
            assert len(results) < 10, "the disk never was full"
            results.append(run_command(tmp_path, home))
        failed = results[-1]
        assert_one_clear_message(failed, 1, "No space left on device", "Number failed", f"df -h {home}")
        assert "Transaction" not in failed.stdout + failed.stderr
        assert "ERROR:" not in failed.stderr
        enlarge(disk, "4m")
        assert run_command(tmp_path, home, "--resume").returncode == 0
        store = MetadataStore.open(home / "metadata.sqlite")
        expected = [State.COMPLETE] * (len(results) - 1) + [State.FAILED, State.COMPLETE]
        assert [execution.state for execution in store.executions()] == expected


def test_a_disk_that_is_full_at_the_first_run_leaves_nothing_in_the_way_of_the_second(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=100k") as disk:
        refused = run_command(tmp_path, disk / "home")
        assert_one_clear_message(refused, 2, "No space left on device", str(disk))
        enlarge(disk, "4m")
        ran = run_command(tmp_path, disk / "home")
        assert ran.returncode == 0, ran.stderr


def run_command(folder: Path, home: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Runs a pipeline of one node."""
    definition = folder / "full.py"
    definition.write_text(DEFINITION)
    return subprocess.run(
        [str(Path(sys.executable).with_name("headrace")), "run", str(definition), *options],
        env={**os.environ, "HEADRACE_HOME": str(home)},
        text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


def take_all_files(folder: Path) -> None:
    """Leaves no room for one file more on the disk of a folder."""
    with suppress(OSError):
        for number in count():
            (folder / f"filler{number}").touch()
