"""Times Headrace against stock TFX's LocalDagRunner, on the same files.

    python benchmarks/orchestrator.py [--runs N] [--only NAME]

Each file of benchmarks/measured calls `LocalDagRunner().run(...)`. Stock TFX runs it as `python FILE`, Headrace as
`headrace run FILE`: once with --no-server, so that TFX is imported as it is before a first run, and once on a warm
server that was there already. Fresh processes, a fresh home each, by turns first. Nothing is timed that did not come
out the same: the states of the executions, the artifacts, their values, the model's AUC.
"""

import argparse
import ctypes
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.contents.evaluation import read_evaluation
from headrace.metadata import Execution, MetadataStore
from headrace.warm_server.address import variables
from headrace.warm_server.client import statuses
from headrace.warm_server.messages import Status

MEASURED = Path(__file__).with_name("measured")
PROGRAMS = Path(sys.executable).parent
STOCK, COLD, WARM, ACCELERATED = "stock", "Headrace, cold", "Headrace, warm", "Headrace, accelerated"
_RUN = (str(PROGRAMS / "headrace"), "run")
COMMANDS = {
    STOCK: (sys.executable,),
    COLD: (*_RUN, "--no-acceleration", "--no-server"),
    WARM: (*_RUN, "--no-acceleration"),
    ACCELERATED: _RUN,
}
# Stand-ins keep another order of examples, which trains another model, as good as the first.
SAME_AUC = {COLD: 1e-6, WARM: 1e-6, ACCELERATED: 5e-3}
_PARTS = (
    ("total", "in all"),
    ("first_node", "to the first node"),
    ("after_import", "after the import"),
    ("cpu", "CPU"),
)
_PR_SET_CHILD_SUBREAPER = 36  # from linux/prctl.h


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    file: str
    what: str
    runners: tuple[str, ...] = (STOCK, COLD, WARM)


_ALL = (STOCK, COLD, WARM, ACCELERATED)
CASES = (
    Case("sleepers", "sleepers.py", "4 independent nodes that wait 5 s"),
    Case("computers", "computers.py", "2 independent nodes, each 5 s on one core"),
    Case("chain", "chain.py", "30 trivial nodes in a row"),
    Case("taxi", "taxi.py", "taxi, nothing cached", _ALL),
    # A home's second run has a blessed model to compare with, its third one finds everything in the cache.
    Case("taxi compared", "taxi.py", "taxi again, the model compared with the first", _ALL),
    Case("taxi cached", "taxi.py", "taxi once more, all cached", _ALL),
)


@dataclass(frozen=True)
class Timing:
    """Seconds of one run."""

    total: float  # from the start of the process to its end
    first_node: float  # from the start of the process to the first execution that is recorded
    after_import: float  # from the moment the pipeline was handed to the runner to the end
    cpu: float  # of all its processes; what else the machine does hardly changes it


@dataclass(frozen=True)
class Result:
    """What a run left behind: each node's executions, with their outputs, and the model's quality."""

    executions: tuple[tuple[str, str, str], ...]
    auc: float | None

    def difference(self, other: "Result", same_auc: float) -> str:
        """What differs, or nothing; AUCs may by `same_auc`."""
        for mine, its in zip(self.executions, other.executions, strict=False):
            if mine != its:
                return f"{mine} and {its}"
        if len(self.executions) != len(other.executions):
            return f"{len(self.executions)} and {len(other.executions)} executions"
        if self.auc is not None and (other.auc is None or abs(self.auc - other.auc) > same_auc):
            return f"AUC {self.auc} and {other.auc}"
        return ""


def run(case: Case, runner: str, home: Path) -> Timing:
    """Runs a file to its end in a new process.

    Raises:
        SystemExit: it failed.
    """
    (home / "started").unlink(missing_ok=True)
    environment = {**variables(), "HEADRACE_HOME": str(home), "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    command = [*COMMANDS[runner], str(MEASURED / case.file)]
    cpu, started = _cpu_of_children(), time.time()
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    now = time.time()
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} exited with code {ended.returncode}\n{ended.stdout}{ended.stderr}")
    if runner == COLD:
        _wait_for_its_server()
    first = min(one.started.timestamp() for one in _last_run(home)[1])
    return Timing(now - started, first - started, now - float((home / "started").read_text()), _cpu_of_children() - cpu)


def _cpu_of_children() -> float:
    """Seconds of those that ended and were waited for, and of warm servers with what they forked."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + sum(map(_cpu_of_server, statuses()))


def _cpu_of_server(status: Status) -> float:
    fields = Path(f"/proc/{status.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _wait_for_its_server() -> None:
    """It ends a moment after the run, no child of it any more; `main` adopts it, to count it."""
    shared = {status.pid for status in statuses()}
    orphans = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for pid in set(map(int, orphans)) - shared:
        os.waitpid(pid, 0)


def result(home: Path) -> Result:
    """What the last run in a home left behind."""
    store, executions = _last_run(home)
    described = sorted((one.node, one.state.value, _outputs(store, one)) for one in executions)
    evaluations = [artifact for one in executions for artifact in store.outputs(one.id).get("evaluation", [])]
    aucs = [read_evaluation(Path(artifact.uri)).metrics[()]["auc"] for artifact in evaluations]
    return Result(tuple(described), aucs[0] if aucs else None)


def _last_run(home: Path) -> tuple[MetadataStore, list[Execution]]:
    store = MetadataStore.open(home / "metadata.sqlite")
    return store, store.executions(store.runs()[0])


def _outputs(store: MetadataStore, execution: Execution) -> str:
    described = []
    for key, artifacts in sorted(store.outputs(execution.id).items()):
        for artifact in artifacts:
            place = Path(artifact.uri)
            value = f" {place.read_text()}" if place.is_file() else ""
            described.append(f"{key}: {artifact.type} {artifact.state}{value}")
    return ", ".join(described)


def measure(runs: int, cases: Sequence[Case], report: Callable[[str], None]) -> dict[tuple[str, str], list[Timing]]:
    """The timings of every case with either runner, by its name and the runner's."""
    timings: dict[tuple[str, str], list[Timing]] = {(case.name, name): [] for case in cases for name in case.runners}
    for index in range(runs):
        for file in dict.fromkeys(case.file for case in cases):
            with tempfile.TemporaryDirectory() as folder:
                homes = {name: Path(folder) / name.lower() for name in COMMANDS}
                for case in (one for one in CASES if one.file == file):  # a later run needs those before it
                    order = case.runners if index % 2 == 0 else case.runners[::-1]
                    took = {}
                    for name in order:
                        homes[name].mkdir(exist_ok=True)
                        took[name] = run(case, name, homes[name])
                    for name in case.runners[1:]:
                        if difference := result(homes[STOCK]).difference(result(homes[name]), SAME_AUC[name]):
                            raise SystemExit(f"{case.name}: {STOCK} and {name} differ: {difference}")
                    if case in cases:
                        for name in order:
                            timings[case.name, name].append(took[name])
                        report(f"{case.name}: " + ", ".join(f"{name} {took[name].total:.1f} s" for name in order))
    return timings


def table(cases: Sequence[Case], timings: dict[tuple[str, str], list[Timing]]) -> Iterator[str]:
    """A Markdown table of median seconds, the best beside them; a ratio above 1: Headrace is so many times as fast."""
    yield f"| | | {STOCK} |" + "".join(f" {name} | ratio |" for name in _ALL[1:])
    yield "|---" * (3 + 2 * len(_ALL[1:])) + "|"
    for case in cases:
        for part, what in _PARTS:
            seconds = {name: [getattr(one, part) for one in timings[case.name, name]] for name in case.runners}
            median = {name: statistics.median(ones) for name, ones in seconds.items()}
            cells = [case.what if part == "total" else "", what]
            for name, ones in seconds.items():
                cells.append(f"{median[name]:.1f} ({min(ones):.1f})")
                cells += [f"{median[STOCK] / median[name]:.2f}"] if name != STOCK else []
            yield f"| {' | '.join(cells)} |"


def _warm_up() -> None:
    with tempfile.TemporaryDirectory() as home:
        run(CASES[0], WARM, Path(home))


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(description="Times Headrace against stock TFX's LocalDagRunner.")
    parser.add_argument("--runs", type=int, default=3, help="how often each is run (default: 3)")
    parser.add_argument("--only", choices=[case.name for case in CASES], action="append", help="may be given again")
    arguments = parser.parse_args()
    cases = [case for case in CASES if not arguments.only or case.name in arguments.only]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores, load before: {load}")
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _warm_up()
    timings = measure(arguments.runs, cases, lambda line: print(line, file=sys.stderr, flush=True))
    for line in table(cases, timings):
        print(line)


if __name__ == "__main__":
    main()
