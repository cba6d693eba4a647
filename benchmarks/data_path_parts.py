"""What the benchmarks of single executors share: rows of any number, a process for each run, what it took."""

import contextlib
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

TAXI = Path(__file__).parent.parent / "data" / "taxi"
Measured = dict[str, float]


def make_rows(folder: Path, rows: int) -> None:
    """Writes a CSV file of `rows` rows, those of data/taxi again and again."""
    folder.mkdir()
    lines = [file.read_text().splitlines(keepends=True) for file in sorted(TAXI.glob("*.csv"))]
    with (folder / "trips.csv").open("w") as file:
        file.write(lines[0][0])
        file.writelines(itertools.islice(itertools.cycle([row for one in lines for row in one[1:]]), rows))


def run_in_process(script: str, *arguments: str) -> Measured:
    """Runs `script --execute ARGUMENTS` in a process of its own; returns what it measured."""
    command = [sys.executable, script, "--execute", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(work: Callable[[], object]) -> None:
    """Does some work here, and prints its seconds and memory as JSON, for `run_in_process`."""
    imported, start, cpu = peak_mb(), time.perf_counter(), cpu_seconds()
    with contextlib.redirect_stdout(sys.stderr):
        work()
    seconds = {"seconds": time.perf_counter() - start, "cpu_seconds": cpu_seconds() - cpu}
    print(json.dumps({**seconds, "peak_mb": peak_mb(), "import_peak_mb": imported}))


def line(name: str, measured: Measured) -> str:
    """What was measured, to be printed."""
    return (
        f"{name:>9}: {measured['seconds']:7.2f} s, {measured['cpu_seconds']:7.2f} s of CPU, "
        f"peak {measured['peak_mb']:,.0f} MB, {measured['import_peak_mb']:,.0f} MB of it imported"
    )


def cpu_seconds() -> float:
    """Of this process and of those it started: stock executors pack TFX up in one."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_mb() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ratio(measured: dict[str, Measured], of: str = "seconds") -> float:
    """How many times as much the stock executor took."""
    return measured["stock"][of] / measured["headrace"][of]
