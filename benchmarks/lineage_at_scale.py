"""Times `headrace lineage` on a store of 10,000 executions and 50,000 artifacts, each command as a process of its own.

    python benchmarks/lineage_at_scale.py [RUNS] [--like HOME]

It writes RUNS runs (1,000 without an argument) of the taxi pipeline's 10 nodes into a new home, with 50 artifacts a
run and the events between them; every tenth run has new data, the others have theirs from the cache. With --like,
what the artifacts hold is that of the newest run in HOME. It prints seconds: the best of 3, and the worst,
and the CPU seconds of the best.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.metadata import MetadataStore
from headrace.metadata import properties as names
from headrace.metadata.contexts import NODE, PIPELINE, PIPELINE_RUN
from headrace.metadata.store import sqlite_config
from headrace.settings import Settings

TAXI = "taxi"
# Node to the keys and nodes it reads, and the keys and types it makes.
NODES: dict[str, tuple[dict[str, tuple[str, str]], dict[str, str]]] = {
    "CsvExampleGen": ({}, {"examples": "Examples"}),
    "ImportSchemaGen": ({}, {"schema": "Schema"}),
    "StatisticsGen": ({"examples": ("CsvExampleGen", "examples")}, {"statistics": "ExampleStatistics"}),
    "ExampleValidator": (
        {"statistics": ("StatisticsGen", "statistics"), "schema": ("ImportSchemaGen", "schema")},
        {"anomalies": "ExampleAnomalies"},
    ),
    "AnomalyGate": ({"anomalies": ("ExampleValidator", "anomalies")}, {"blessing": "DataBlessing"}),
    "Transform": (
        {"examples": ("CsvExampleGen", "examples"), "schema": ("ImportSchemaGen", "schema")},
        {"transform_graph": "TransformGraph", "transformed_examples": "Examples"},
    ),
    "Trainer": (
        {
            "examples": ("Transform", "transformed_examples"),
            "transform_graph": ("Transform", "transform_graph"),
            "schema": ("ImportSchemaGen", "schema"),
        },
        {"model": "Model", "model_run": "ModelRun"},
    ),
    "latest_blessed_model": ({}, {}),
    "Evaluator": (
        {"examples": ("CsvExampleGen", "examples"), "model": ("Trainer", "model")},
        {"evaluation": "ModelEvaluation", "blessing": "ModelBlessing"},
    ),
    "Pusher": (
        {"model": ("Trainer", "model"), "model_blessing": ("Evaluator", "blessing")},
        {"pushed_model": "PushedModel"},
    ),
}
TYPES = {
    "CsvExampleGen": "tfx.components.example_gen.csv_example_gen.component.CsvExampleGen",
    "ImportSchemaGen": "tfx.components.schema_gen.import_schema_gen.component.ImportSchemaGen",
    "StatisticsGen": "tfx.components.statistics_gen.component.StatisticsGen",
    "ExampleValidator": "tfx.components.example_validator.component.ExampleValidator",
    "AnomalyGate": "components.anomaly_gate.component.AnomalyGate",
    "Transform": "tfx.components.transform.component.Transform",
    "Trainer": "tfx.components.trainer.component.Trainer",
    "latest_blessed_model": "tfx.dsl.components.common.resolver.Resolver",
    "Evaluator": "tfx.components.evaluator.component.Evaluator",
    "Pusher": "tfx.components.pusher.component.Pusher",
}
DATA_NODES = ("CsvExampleGen", "ImportSchemaGen", "StatisticsGen", "ExampleValidator", "AnomalyGate", "Transform")
RUNS_A_SPAN = 10  # that share the outputs of their data nodes
ARTIFACTS_A_RUN = 50
REPEATS = 3


def run_id(index: int) -> str:
    """The id of a run, shaped as the runner's."""
    return f"20260101-000000.{index:06}"


class Writer:
    """Writes the store, in bulk: executions, then artifacts, then events and contexts."""

    def __init__(self, settings: Settings, like: Path | None) -> None:
        """Takes the settings of an empty home, and a home whose artifacts lend their contents."""
        settings.make_home()
        self._settings = settings
        self._handle = MetadataStore.connect(sqlite_config(settings.metadata_path)).handle
        self._contents = _contents_of(like) if like else {}

    def write(self, runs: int) -> None:
        """Writes that many runs."""
        pipeline, *_ = self._contexts(PIPELINE, [TAXI])
        of_runs = self._contexts(PIPELINE_RUN, [run_id(index) for index in range(runs)])
        of_nodes = dict(zip(NODES, self._contexts(NODE, [f"{TAXI}.{node}" for node in NODES]), strict=True))
        self._handle.put_parent_contexts([mlmd.ParentContext(child_id=one, parent_id=pipeline) for one in of_runs])
        executions = self._handle.put_executions(list(self._executions(runs)))
        made = self._artifacts(runs)
        events: list[mlmd.Event] = []
        associations: list[mlmd.Association] = []
        for index, execution in enumerate(executions):
            run, node = index // len(NODES), list(NODES)[index % len(NODES)]
            events += self._events(execution, run, node, made)
            contexts = (pipeline, of_runs[run], of_nodes[node])
            associations += [mlmd.Association(execution_id=execution, context_id=one) for one in contexts]
        for start in range(0, len(events), 10_000):
            self._handle.put_events(events[start : start + 10_000])
        self._handle.put_attributions_and_associations([], associations)

    def _contexts(self, kind: str, values: list[str]) -> list[int]:
        type_id = self._handle.put_context_type(mlmd.ContextType(name=kind))
        return list(self._handle.put_contexts([mlmd.Context(type_id=type_id, name=value) for value in values]))

    def _executions(self, runs: int) -> Iterator[mlmd.Execution]:
        types = {node: self._handle.put_execution_type(mlmd.ExecutionType(name=TYPES[node])) for node in NODES}
        for run in range(runs):
            for node in NODES:
                cached = node in DATA_NODES and run % RUNS_A_SPAN
                state = mlmd.Execution.CACHED if cached else mlmd.Execution.COMPLETE
                execution = mlmd.Execution(type_id=types[node], last_known_state=state)
                custom = execution.custom_properties
                custom[names.CPU_SECONDS].double_value = 1.5
                custom[names.WALL_SECONDS].double_value = 2.5
                custom[names.PEAK_MEMORY_BYTES].int_value = 500_000_000
                custom[names.CODE].string_value = f"{run:064x}"
                custom["custom_config"].string_value = json.dumps({"learning_rate": run, "more": "x" * 500})
                key = {"inputs": {}, "parameters": {"custom_config": str(run)}, "code": {"model.py": str(run)}}
                custom[names.KEY].string_value = json.dumps(key)
                if node == "CsvExampleGen":
                    file = f"/data/span-{run // RUNS_A_SPAN}/trips.csv"
                    custom[names.INPUT_FILES].string_value = json.dumps({"train": [[file, 1000, 1]]})
                    custom[names.ROWS].string_value = json.dumps({"train": 1000})
                yield execution

    def _artifacts(self, runs: int) -> dict[tuple[int, str, str], int]:
        """Artifact ids by run, node and key; of a node with a key more for each that makes it up to 50 a run."""
        artifacts, keys = [], []
        types: dict[str, int] = {}
        for run in range(runs):
            fresh = [(node, *one) for node, (_, outputs) in NODES.items() for one in outputs.items()]
            fresh += [("Trainer", f"extra_{index}", "ModelRun") for index in range(ARTIFACTS_A_RUN - len(fresh))]
            for node, key, kind in fresh:
                if kind not in types:
                    types[kind] = self._handle.put_artifact_type(mlmd.ArtifactType(name=kind))
                uri = self._contents.get((node, key)) or f"/pipelines/{TAXI}/{node}/{key}/{run}"
                one = mlmd.Artifact(type_id=types[kind], uri=uri, state=mlmd.Artifact.LIVE)
                if kind == "PushedModel":
                    one.custom_properties["pushed"].int_value = int(run % 2 == 0)
                    one.custom_properties["pushed_destination"].string_value = f"/serving/{TAXI}/{run}"
                if kind == "ModelBlessing":
                    one.custom_properties["blessed"].int_value = int(run % 2 == 0)
                artifacts.append(one)
                keys.append((run, node, key))
        return dict(zip(keys, self._handle.put_artifacts(artifacts), strict=True))

    @staticmethod
    def _events(execution: int, run: int, node: str, made: dict[tuple[int, str, str], int]) -> Iterator[mlmd.Event]:
        def event(artifact: int, kind: int, key: str) -> mlmd.Event:
            steps = [mlmd.Event.Path.Step(key=key), mlmd.Event.Path.Step(index=0)]
            path = mlmd.Event.Path(steps=steps)
            return mlmd.Event(execution_id=execution, artifact_id=artifact, type=kind, path=path)

        def source(producer: str) -> int:
            return run - run % RUNS_A_SPAN if producer in DATA_NODES else run

        inputs, outputs = NODES[node]
        for key, (producer, its_key) in inputs.items():
            yield event(made[source(producer), producer, its_key], mlmd.Event.INPUT, key)
        if run and node == "Evaluator":
            yield event(made[run - 1, "Trainer", "model"], mlmd.Event.INPUT, "baseline_model")
        if run and node == "latest_blessed_model":
            yield event(made[run - 1, "Trainer", "model"], mlmd.Event.OUTPUT, "model")
        for key in outputs:
            yield event(made[source(node), node, key], mlmd.Event.OUTPUT, key)
        if node == "Trainer":
            index = 0
            while (run, node, f"extra_{index}") in made:
                yield event(made[run, node, f"extra_{index}"], mlmd.Event.OUTPUT, f"extra_{index}")
                index += 1


def _contents_of(home: Path) -> dict[tuple[str, str], str]:
    """Where the newest run of taxi in a home has what it made, by node and key."""
    store = MetadataStore.open(Settings(home=home).metadata_path)
    run = store.runs(TAXI, 1)[0]
    return {
        (execution.node, key): artifacts[0].uri
        for execution in store.executions(run)
        for key, artifacts in store.outputs(execution.id).items()
    }


def commands(runs: int) -> list[tuple[str, ...]]:
    """What is timed, after `headrace lineage`."""
    last, before = run_id(runs - 1), run_id(runs - 1 - RUNS_A_SPAN)  # on other data
    return [
        ("trace", "latest"),
        ("trace", f"/serving/{TAXI}/{(runs - 2) // 2 * 2}"),
        ("trace", "latest", "--json"),
        ("impact", "/data/span-3/trips.csv"),
        ("impact", "1"),  # the examples of the first span
        ("diff", before, last),
        ("live", TAXI),
        ("schema", TAXI),
    ]


def _cpu_seconds() -> float:
    """What the processes that have ended so far used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Writes a store, and times each command on it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", type=int, nargs="?", default=1000)
    parser.add_argument("--like", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        started = time.monotonic()
        Writer(Settings(home=Path(home)), asked.like).write(asked.runs)
        print(f"{asked.runs} runs, written in {time.monotonic() - started:.1f} s")
        environment = {**os.environ, "HEADRACE_HOME": home}
        program = str(Path(sys.executable).with_name("headrace"))
        for arguments in commands(asked.runs):
            seconds, cpu = [], []
            for _ in range(REPEATS):
                started, used = time.monotonic(), _cpu_seconds()
                ran = subprocess.run(
                    [program, "lineage", *arguments], env=environment, capture_output=True, check=False
                )
                seconds.append(time.monotonic() - started)
                cpu.append(_cpu_seconds() - used)
            told = f"{min(seconds):.2f} to {max(seconds):.2f} s, CPU {min(cpu):.2f} s, exit code {ran.returncode}"
            print(f"headrace lineage {' '.join(arguments):45} {told}")


if __name__ == "__main__":
    main()
