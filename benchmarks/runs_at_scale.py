"""Times `headrace runs` on a store of many executions, each command as a process of its own.

    python benchmarks/runs_at_scale.py [RUNS]

It writes RUNS runs (1,000 without an argument) of 10 nodes into a new home, with the contexts and properties
that TFX and Headrace write, their logs beside them, then prints seconds: the best of 3, and the worst.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore
from headrace.metadata import properties as names
from headrace.metadata.contexts import NODE, PIPELINE, PIPELINE_RUN
from headrace.metadata.store import sqlite_config
from headrace.settings import Settings

PIPELINES = ("taxi", "penguin")
NODES = tuple(f"Node{index}" for index in range(10))
REPEATS = 3
SINGLE = "20260101-000000.000500"
COMMANDS = (
    ("list",),
    ("list", "--limit", "1000", "--json"),
    ("list", "--pipeline", PIPELINES[0]),
    ("show", "latest"),
    ("show", SINGLE),
    ("show", "latest", "--json"),
    ("logs", "latest"),
    ("logs", "latest", NODES[3]),
    ("show", "mistyped"),
)


def run_id(index: int) -> str:
    """The id of a run, shaped as the runner's."""
    return f"20260101-000000.{index:06}"


def write(settings: Settings, runs: int) -> None:
    """Writes the store and the logs, in bulk."""
    settings.make_home()
    handle = MetadataStore.connect(sqlite_config(settings.metadata_path)).handle

    def contexts(kind: str, values: list[str]) -> list[int]:
        type_id = handle.put_context_type(mlmd.ContextType(name=kind))
        return list(handle.put_contexts([mlmd.Context(type_id=type_id, name=value) for value in values]))

    pipelines = contexts(PIPELINE, list(PIPELINES))
    of_runs = contexts(PIPELINE_RUN, [run_id(index) for index in range(runs)])
    of_nodes = contexts(NODE, [f"{pipeline}.{node}" for pipeline in PIPELINES for node in NODES])
    caches = contexts("execution_cache", [f"{index:064x}" for index in range(runs * len(NODES))])
    parents = [pipelines[index % len(PIPELINES)] for index in range(runs)]
    handle.put_parent_contexts(
        [mlmd.ParentContext(child_id=child, parent_id=parent) for child, parent in zip(of_runs, parents, strict=True)]
    )
    ids = handle.put_executions(list(_executions(handle, settings, runs)))
    associations = []
    for index, execution in enumerate(ids):
        run, node = divmod(index, len(NODES))
        of_node = of_nodes[run % len(PIPELINES) * len(NODES) + node]
        contexts_of_it = (parents[run], of_runs[run], of_node, caches[index])
        associations += [mlmd.Association(execution_id=execution, context_id=one) for one in contexts_of_it]
    handle.put_attributions_and_associations([], associations)


def _executions(handle: Any, settings: Settings, runs: int) -> Iterator[mlmd.Execution]:
    types = [handle.put_execution_type(mlmd.ExecutionType(name=f"components.{node}")) for node in NODES]
    for run in range(runs):
        folder = settings.log_folder(PIPELINES[run % len(PIPELINES)], run_id(run))
        folder.mkdir(parents=True)
        for node, type_id in zip(NODES, types, strict=True):
            log = folder / f"{node}.log"
            log.write_text(f"{node} of run {run}\n" * 20)
            execution = mlmd.Execution(type_id=type_id, last_known_state=mlmd.Execution.COMPLETE)
            execution.custom_properties[names.CPU_SECONDS].double_value = 1.5
            execution.custom_properties[names.WALL_SECONDS].double_value = 2.5
            execution.custom_properties[names.PEAK_MEMORY_BYTES].int_value = 500_000_000
            execution.custom_properties[names.LOG].string_value = str(log)
            execution.custom_properties["custom_config"].string_value = "x" * 500  # as a component's parameters
            yield execution


def main() -> None:
    """Writes a store, and times each command on it."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as home:
        started = time.monotonic()
        write(Settings(home=Path(home)), runs)
        print(f"{runs * len(NODES)} executions in {runs} runs, written in {time.monotonic() - started:.1f} s")
        environment = {**os.environ, "HEADRACE_HOME": home}
        program = str(Path(sys.executable).with_name("headrace"))
        for arguments in COMMANDS:
            seconds = []
            for _ in range(REPEATS):
                started = time.monotonic()
                ran = subprocess.run([program, "runs", *arguments], env=environment, capture_output=True, check=False)
                seconds.append(time.monotonic() - started)
            told = f"{min(seconds):.2f} to {max(seconds):.2f} s, exit code {ran.returncode}"
            print(f"headrace runs {' '.join(arguments):30} {told}")


if __name__ == "__main__":
    main()
