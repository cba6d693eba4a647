"""Evaluator, stock and Headrace's, on the taxi pipeline's model and any number of its trips, in turn.

    python benchmarks/evaluator.py --rows 15000 --baseline

Each runs in a process of its own; the seconds are those of the executor, after its import.
The outputs are compared first: the same metrics of the same slices, and the same blessing.
"""

import argparse
import itertools
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_path_parts import Measured, line, measure, ratio, run_in_process

ROOT = Path(__file__).parent.parent
CLASSES = {"stock": "tfx.components.evaluator.executor", "headrace": "headrace.acceleration.evaluator"}
SPLIT, FILE = "Split-eval", "data_tfrecord-00000-of-00001.gz"


def main() -> None:
    """Trains a model, makes the rows, runs both, compares and prints."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=15_000)
    parser.add_argument("--baseline", action="store_true", help="compare the model with a baseline, itself")
    parser.add_argument("--home", type=Path, help="where the taxi pipeline ran; it runs in a new home if not given")
    parser.add_argument("--only", choices=CLASSES, help="run one of them, compare nothing")
    parser.add_argument("--execute", nargs=4, metavar=("CLASS", "MODEL", "EXAMPLES", "OUTPUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.execute:
        execute(*arguments.execute, baseline=arguments.baseline)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.home or run_taxi(Path(folder, "home"))
        model, trips = newest(home, "Trainer/model"), newest(home, "CsvExampleGen/examples")
        make_rows(trips, Path(folder, "examples"), arguments.rows)
        print(f"{arguments.rows:,} rows, {'two models' if arguments.baseline else 'one model'}")
        measured: dict[str, Measured] = {}
        baseline = ["--baseline"] if arguments.baseline else []
        for name in [arguments.only] if arguments.only else CLASSES:
            words = [str(model), str(Path(folder, "examples")), str(Path(folder, name)), *baseline]
            measured[name] = run_in_process(__file__, CLASSES[name], *words)
            print(line(name, measured[name]))
        if len(measured) == 2:
            slices = compare(*(Path(folder, name) for name in CLASSES))
            print(f"the same metrics of the same {slices} slices; {ratio(measured):.1f} times faster")


def run_taxi(home: Path) -> Path:
    """Runs the taxi pipeline in a home of its own, for a model and examples."""
    command = [str(Path(sys.executable).with_name("headrace")), "run", "taxi"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "HEADRACE_HOME": str(home)}, check=True, capture_output=True)
    return home


def newest(home: Path, output: str) -> Path:
    """The newest artifact of an output of the taxi pipeline."""
    return max((home / "pipelines" / "taxi" / output).iterdir(), key=lambda path: int(path.name))


def make_rows(trips: Path, folder: Path, rows: int) -> None:
    """Writes `rows` examples, those of the pipeline again and again."""
    import tensorflow as tf

    (folder / SPLIT).mkdir(parents=True)
    records = list(tf.data.TFRecordDataset(str(trips / SPLIT / FILE), "GZIP").as_numpy_iterator())
    with tf.io.TFRecordWriter(str(folder / SPLIT / FILE), "GZIP") as writer:
        for record in itertools.islice(itertools.cycle(records), rows):
            writer.write(record)


def execute(module: str, model: str, examples: str, output: str, *, baseline: bool) -> None:
    """Runs an executor here, and prints seconds and memory as JSON."""
    import importlib

    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import standard_artifacts
    from tfx.utils import proto_utils

    sys.path.insert(0, str(ROOT))  # for the taxi pipeline
    from pipelines.taxi.pipeline import eval_config

    def artifact(kind: Any, uri: str, number: int) -> Any:
        made = kind()
        made.uri, made.id = uri, number
        return made

    executor_class = importlib.import_module(module).Executor
    trips = artifact(standard_artifacts.Examples, examples, 1)
    trips.split_names = '["eval"]'
    inputs = {"examples": [trips], "model": [artifact(standard_artifacts.Model, model, 2)]}
    if baseline:
        inputs["baseline_model"] = [artifact(standard_artifacts.Model, model, 3)]
    outputs = {
        "evaluation": [artifact(standard_artifacts.ModelEvaluation, f"{output}/evaluation", 4)],
        "blessing": [artifact(standard_artifacts.ModelBlessing, f"{output}/blessing", 5)],
    }
    for [one] in outputs.values():
        os.makedirs(one.uri)
    properties = {"eval_config": proto_utils.proto_to_json(eval_config()), "example_splits": "null"}
    context = BaseBeamExecutor.Context(beam_pipeline_args=["--runner=FnApiRunner"])
    measure(lambda: executor_class(context).Do(inputs, outputs, properties))


def compare(stock: Path, ours: Path) -> int:
    """Fails unless both hold the same files, metrics of slices and blessing; returns how many slices."""
    files = [{str(path.relative_to(folder)) for path in folder.rglob("*")} for folder in (stock, ours)]
    if files[0] != files[1]:
        raise SystemExit(f"the files differ: {files[0] ^ files[1]}")
    theirs, own = (dict(metrics_of(folder / "evaluation")) for folder in (stock, ours))
    if theirs.keys() != own.keys():
        raise SystemExit(f"the metrics differ: {theirs.keys() ^ own.keys()}")
    for key, value in theirs.items():
        if not math.isclose(value, own[key], rel_tol=1e-6):
            raise SystemExit(f"{key} is {value} and {own[key]}")
    return len({key[0] for key in theirs})


def metrics_of(evaluation: Path) -> Iterator[tuple[tuple[bytes, bytes], float]]:
    """The metrics, by slice and key."""
    import tensorflow as tf
    import tfx.components  # noqa: F401 - before TFMA
    from tensorflow_model_analysis.proto import metrics_for_slice_pb2

    for record in tf.data.TFRecordDataset(str(evaluation / "metrics-00000-of-00001.tfrecord")).as_numpy_iterator():
        sliced = metrics_for_slice_pb2.MetricsForSlice.FromString(record)
        for one in sliced.metric_keys_and_values:
            key = one.key.SerializeToString(deterministic=True)
            yield (sliced.slice_key.SerializeToString(deterministic=True), key), one.value.double_value.value


if __name__ == "__main__":
    main()
