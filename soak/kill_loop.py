"""Kills any process of a run at any moment, goes on with the run, and looks at what is left.

Each round runs a small pipeline of its own, kills one process with SIGKILL at random (the command, the orchestrator,
the copy of the program, a node, the warm server), and types what a person would until the run succeeds. Then nothing
may be RUNNING, nothing lost and nothing doubled.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from pydantic import SecretStr

from headrace.metadata import MetadataStore, State
from headrace.orchestration.run_lock import live_runs, reconcile
from headrace.settings import Settings
from headrace.warm_server.client import statuses
from tests.database_servers import running

NODES = ("Make", "Left", "Right", "Sum", "Last")
PIPELINE = """
import time
from tfx import v1 as tfx
from tfx.orchestration.local.local_dag_runner import LocalDagRunner

In, Out, Integer = (
    tfx.dsl.components.InputArtifact, tfx.dsl.components.OutputArtifact, tfx.types.standard_artifacts.Integer
)

@tfx.dsl.components.component
def Make(n: Out[Integer]):
    time.sleep(0.1)
    n.value = 1

@tfx.dsl.components.component
def Add(a: In[Integer], b: In[Integer], n: Out[Integer]):
    time.sleep(0.1)
    n.value = a.value + b.value

def add(name, a, b):
    return Add(a=a.outputs["n"], b=b.outputs["n"]).with_id(name)

make = Make()
left, right = add("Left", make, make), add("Right", make, make)
both = add("Sum", left, right)
nodes = [make, left, right, both, add("Last", both, make)]
LocalDagRunner().run(tfx.dsl.Pipeline({name!r}, {root!r}, components=nodes, enable_cache=False))
"""
VALUES = {"Make": "1", "Left": "2", "Right": "2", "Sum": "4", "Last": "5"}
MOST_COMMANDS = 6  # to type until a run succeeds
KINDS = ("command", "orchestrator", "copy", "node", "warm server")
LONGEST_WAIT = 1.2  # seconds, until a process to kill is looked for
LONGEST_DELAY = 0.1  # seconds, until it is killed
RUN_SECONDS = 120


class KillLoop:
    """Rounds on one store."""

    def __init__(self, home: Path, metadata: str | None, seed: int) -> None:
        """Takes a folder for all that is made, the URL of a store on a server, and what the draws begin from."""
        self._settings = Settings(home=home / "home", metadata=SecretStr(metadata) if metadata else None)
        self._home = home
        self._random = random.Random(seed)
        self._environment = {**os.environ, "HEADRACE_HOME": str(self._settings.home)}
        if metadata:
            self._environment["HEADRACE_METADATA"] = metadata
        self.killed: Counter[str] = Counter()

    def round(self, number: int) -> list[str]:
        """One round; returns what is wrong after it."""
        name = f"round{number}"
        file = self._home / f"{name}.py"
        root = self._settings.pipeline_root(name)
        file.write_text(PIPELINE.replace("{name!r}", repr(name)).replace("{root!r}", repr(str(root))))
        command = [str(Path(sys.executable).with_name("headrace")), "run", str(file)]
        words: list[str] = []
        for attempt in range(MOST_COMMANDS):
            with subprocess.Popen(
                [*command, *words], env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as process:
                if attempt == 0:
                    self._kill_one(process)
                said, _ = process.communicate(timeout=RUN_SECONDS)
            if process.returncode == 0 or ("nothing to resume" in said and "succeeded" in said):
                return self._wrong(name)
            self._wait_until_ended()
            words = [] if "there is no earlier run" in said else ["--resume"]
        return [f"{name} does not succeed: {said.strip()[-600:]}"]

    def _kill_one(self, process: "subprocess.Popen[str]") -> None:
        """Draws the kind first: a node is there for a moment, the command for the whole run."""
        kind = self._random.choice(KINDS)
        time.sleep(self._random.uniform(0, LONGEST_WAIT))
        while process.poll() is None:
            if pids := [pid for of, pid in self._victims(process) if of == kind]:
                time.sleep(self._random.uniform(0, LONGEST_DELAY))
                with suppress(ProcessLookupError):
                    os.kill(self._random.choice(pids), 9)
                    self.killed[kind] += 1
                    return
            time.sleep(0.01)

    def _victims(self, process: "subprocess.Popen[str]") -> Iterator[tuple[str, int]]:
        yield "command", process.pid
        for status in statuses():
            yield "warm server", status.pid
        for run in live_runs(self._settings):
            if run.pid is not None:
                yield "orchestrator", run.pid
                with suppress(psutil.NoSuchProcess):
                    for copy in psutil.Process(run.pid).children():
                        yield "copy", copy.pid
                        for node in copy.children():
                            yield "node", node.pid

    def _wait_until_ended(self) -> None:
        deadline = time.monotonic() + RUN_SECONDS
        while live_runs(self._settings) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _wrong(self, name: str) -> list[str]:
        store = MetadataStore.of_project(self._settings)
        for died in reconcile(self._settings, store):
            print(f"  {died}")
        wrong, done = [], Counter[str]()
        for execution in (one for run in store.runs(name) for one in store.executions(run)):
            if execution.state in (State.NEW, State.RUNNING):
                wrong.append(f"{name}: {execution.node} {execution.id} is {execution.state} for ever")
            if execution.state is not State.COMPLETE:
                continue
            done[execution.node] += 1
            for artifact in store.outputs(execution.id).get("n", []):
                value = Path(artifact.uri)
                if not value.exists() or value.read_text() != VALUES[execution.node]:
                    wrong.append(f"{name}: the output of {execution.node} {execution.id} is lost")
        wrong += [f"{name}: {node} succeeded {done[node]} times" for node in NODES if done[node] != 1]
        return wrong


@contextmanager
def store_url(kind: str) -> Iterator[str | None]:
    """The URL of a new store on a server that is started; None for a file in the home."""
    if kind == "sqlite":
        yield None
        return
    with running(kind) as server, server.database("soak") as url:
        yield url


def main() -> None:
    """Runs the rounds; exit code 1 if anything is wrong after one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--store", choices=("sqlite", "postgresql", "mysql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="headrace-soak-") as folder, store_url(asked.store) as url:
        loop = KillLoop(Path(folder), url, asked.seed)
        for number in range(asked.rounds):
            found = loop.round(number)
            wrong += found
            print(f"round {number + 1} of {asked.rounds}: {'; '.join(found) or 'right'}", flush=True)
    print(f"killed on {asked.store}: {dict(loop.killed)}; wrong: {len(wrong)}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
