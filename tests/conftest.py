"""Real runs of the pipelines, which all tests that look at one share, and the means to run more."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr

from headrace.metadata import Artifact, Execution, MetadataStore, Run
from headrace.settings import Settings
from headrace.warm_server.address import variables
from headrace.warm_server.client import statuses, stop
from tests.database_servers import KINDS, DatabaseServer, NotInstalledError, running

ROOT = Path(__file__).parents[1]
_OF_TENSORFLOW = re.compile(r"[IWE]\d{4} \d\d:\d\d:")
# Of whoever runs the tests, whose home and store are not to be touched: gone before any test is imported.
for _variable in [name for name in os.environ if name.upper().startswith(("HEADRACE_", "OPENLINEAGE_"))]:
    del os.environ[_variable]
# SQLite waits for the disk at each transaction: the folders of tests are in memory where there is enough.
_MEMORY, _ENOUGH = Path("/dev/shm"), 4 * 2**30  # bytes; a whole run leaves a tenth of that
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
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


@dataclass(frozen=True)
class MonthlyRun:
    """A run for a month: what it printed, and what it recorded."""

    printed: "subprocess.CompletedProcess[str]"
    recorded: RecordedRun

    def inputs(self, node: str, key: str) -> list[Artifact]:
        return self.recorded.store.inputs(self.recorded.executions[node].id)[key]

    def outputs(self, node: str, key: str) -> list[Artifact]:
        return self.recorded.store.outputs(self.recorded.executions[node].id).get(key, [])


def without_notes(stderr: str) -> str:
    """What is printed there beside notes, and what TensorFlow logs of GPUs where a program parses absl flags."""
    lines = stderr.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("note: ") and not _OF_TENSORFLOW.match(line))


def assert_one_clear_message(result: "subprocess.CompletedProcess[str]", code: int, *parts: str) -> None:
    """Asserts that a command failed as it should: without a traceback, with one error that is told from all others."""
    assert result.returncode == code, result.stdout + result.stderr
    whats = [line for line in without_notes(result.stderr).splitlines() if not line.startswith("  ")]
    assert len(whats) == 1, result.stderr
    [what] = whats
    assert what.startswith("error: ")
    assert "Traceback" not in result.stdout + result.stderr
    for part in parts:
        assert part in result.stdout + result.stderr


@pytest.fixture(scope="session", autouse=True)
def no_server_left() -> Iterator[None]:
    """Ends the warm server that the tests have started, if they did."""
    were_there = statuses()
    yield
    if not were_there:
        stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home that all end-to-end runs share, so that they share cached results as well."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    return Settings(home=home)


def readme_commands() -> list[str]:
    """The commands of the README's console blocks, without their comments."""
    blocks = re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+#.*", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def from_readme(start: str) -> str:
    """The README's command that begins so; the shortest, if several do."""
    return min((command for command in readme_commands() if command.startswith(start)), key=len)


@pytest.fixture(scope="session")
def command(home: Path) -> Command:
    """Runs a command line at the project's root, with the environment's programs on the path, as a person would."""

    def run(line: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-c", line],
            cwd=ROOT,
            env={**variables(), "PATH": path, "HEADRACE_HOME": str(home), **environment},
            text=True,
            capture_output=True,
            timeout=600,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def taxi(command: Command) -> "subprocess.CompletedProcess[str]":
    """What `headrace run taxi` printed, the first run in the home."""
    return command(from_readme("headrace run taxi"))


@pytest.fixture(scope="session")
def taxi_run(taxi: "subprocess.CompletedProcess[str]", home: Path) -> RecordedRun:
    """That run, as recorded."""
    assert taxi.returncode == 0, taxi.stdout + taxi.stderr
    store = MetadataStore.open(home / "metadata.sqlite")
    return RecordedRun(store, store.runs("taxi")[-1])


@pytest.fixture(scope="session")
def flights_rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[int, int]]:
    """A folder of months, a sixth of the flights of January to April, and how many flights each has."""
    folder, counts = tmp_path_factory.mktemp("flights"), {}
    for month in (1, 2, 3, 4):
        name = f"span-{month:02}/v0/flights.parquet"
        flights = pq.read_table(ROOT / "data" / "flights" / name)
        some = flights.take(list(range(0, len(flights), 6)))
        (folder / name).parent.mkdir(parents=True)
        pq.write_table(some, folder / name)
        counts[month] = len(some)
    return folder, counts


@pytest.fixture(scope="session")
def flights_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of `flights_runs`."""
    return tmp_path_factory.mktemp("flights_home")


@pytest.fixture(scope="session")
def flights_runs(
    command: Command, flights_rows: tuple[Path, Mapping[int, int]], flights_home: Path
) -> list[MonthlyRun]:
    """The flights pipeline on those: March and April as a series, and March again."""
    series = from_readme("headrace run flights --span").replace("3..12", "3..4")
    again = from_readme("headrace run flights --set").replace("=4", "=3")
    done = []
    for line, new in ((series, 2), (again, 1)):
        printed = command(f"{line} --set data_root={flights_rows[0]}", HEADRACE_HOME=str(flights_home))
        assert printed.returncode == 0, printed.stdout + printed.stderr
        store = MetadataStore.open(flights_home / "metadata.sqlite")
        done += [MonthlyRun(printed, RecordedRun(store, run)) for run in store.runs("flights")[new - 1 :: -1]]
    return done


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def mysql() -> Iterator[DatabaseServer]:
    """A MariaDB server."""
    with _running_or_skipped("mysql") as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    """A PostgreSQL server."""
    with _running_or_skipped("postgresql") as server:
        yield server


@pytest.fixture(params=KINDS)
def database_server(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each server in turn."""
    server: DatabaseServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["sqlite", *KINDS])
def settings_with_each_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a project whose metadata store is new: a file, or on each server in turn."""
    if request.param == "sqlite":
        yield Settings(home=tmp_path / "home")
        return
    server: DatabaseServer = request.getfixturevalue(request.param)
    with server.database(f"store_{next(_databases)}") as url:
        yield Settings(home=tmp_path / "home", metadata=SecretStr(url))


_databases = count(1)


@contextmanager
def _running_or_skipped(kind: str) -> Iterator[DatabaseServer]:
    try:
        with running(kind) as server:
            yield server
    except NotInstalledError as error:
        pytest.skip(str(error))
