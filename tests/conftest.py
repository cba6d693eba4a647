"""One real run of the taxi pipeline, which all tests that look at one share, and the means to run more there."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from headrace.metadata import Artifact, Execution, MetadataStore, Run
from headrace.settings import Settings

ROOT = Path(__file__).parents[1]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class RecordedRun:
    """A run as ML Metadata has it."""

    store: MetadataStore
    run: Run

    @property
    def executions(self) -> dict[str, Execution]:
        return {execution.node: execution for execution in self.store.executions(self.run)}

    def output(self, node: str, key: str) -> Artifact:
        [artifact] = self.store.outputs(self.executions[node].id)[key]
        return artifact


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home that all end-to-end runs share, so that they share cached results as well."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    return Settings(home=home)


@pytest.fixture(scope="session")
def command(home: Path) -> Command:
    """Runs a command of the environment at the project's root, as a person would."""

    def run(name: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        program = Path(sys.executable).with_name(name)
        return subprocess.run(
            [str(program), *arguments],
            cwd=ROOT,
            env={**os.environ, "HEADRACE_HOME": str(home), **environment},
            text=True,
            capture_output=True,
            timeout=600,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def taxi(command: Command) -> "subprocess.CompletedProcess[str]":
    """What `headrace run taxi` printed, the first run in the home."""
    return command("headrace", "run", "taxi")


@pytest.fixture(scope="session")
def taxi_run(taxi: "subprocess.CompletedProcess[str]", home: Path) -> RecordedRun:
    """That run, as recorded."""
    assert taxi.returncode == 0, taxi.stdout + taxi.stderr
    store = MetadataStore.open(home / "metadata.sqlite")
    return RecordedRun(store, store.runs("taxi")[-1])
