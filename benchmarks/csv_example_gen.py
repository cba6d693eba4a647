"""CsvExampleGen, stock and Headrace's, on taxi data of any number of rows, in turn.

    python benchmarks/csv_example_gen.py --rows 300000

Each runs in a process of its own; the seconds are those of the executor, after its import.
The outputs are compared first: the same examples in the same splits.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

TAXI = Path(__file__).parent.parent / "data" / "taxi"
CLASSES = {
    "stock": "tfx.components.example_gen.csv_example_gen.executor",
    "headrace": "headrace.acceleration.csv_example_gen",
}


def main() -> None:
    """Measures on CSV files."""
    measure(__doc__ or "", CLASSES, make_rows)


def measure(description: str, classes: Mapping[str, str], make_data: Callable[[Path, int], None]) -> None:
    """Makes the rows, runs both, compares and prints."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--only", choices=classes, help="run one of them, compare nothing")
    parser.add_argument("--execute", nargs=3, metavar=("CLASS", "INPUT", "OUTPUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.execute:
        execute(*arguments.execute)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        make_data(data, arguments.rows)
        size = sum(file.stat().st_size for file in data.iterdir())
        print(f"{arguments.rows:,} rows, {size / 1e6:.1f} MB")
        measured = {}
        for name in [arguments.only] if arguments.only else classes:
            output = Path(folder, name)
            measured[name] = run(classes[name], data, output)
            written = sum(file.stat().st_size for file in output.rglob("*.gz"))
            print(
                f"{name:>9}: {measured[name]['seconds']:7.2f} s, {measured[name]['cpu_seconds']:7.2f} s of CPU, "
                f"peak {measured[name]['peak_mb']:,.0f} MB, {measured[name]['import_peak_mb']:,.0f} MB of it imported, "
                f"{written / 1e6:.1f} MB written"
            )
        if len(measured) == 2:
            compare(*(Path(folder, name) for name in classes))
            print(f"the same examples in the same splits; {ratio(measured):.1f} times faster")


def make_rows(folder: Path, rows: int) -> None:
    """Writes a CSV file of `rows` rows, those of data/taxi again and again."""
    folder.mkdir()
    lines = [file.read_text().splitlines(keepends=True) for file in sorted(TAXI.glob("*.csv"))]
    with (folder / "trips.csv").open("w") as file:
        file.write(lines[0][0])
        file.writelines(itertools.islice(itertools.cycle([row for one in lines for row in one[1:]]), rows))


def run(module: str, data: Path, output: Path) -> dict[str, float]:
    """Runs an executor in a process of its own; returns what it measured."""
    command = [sys.executable, __file__, "--execute", module, str(data), str(output)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def execute(module: str, data: str, output: str) -> None:
    """Runs an executor here, and prints seconds and memory as JSON."""
    import importlib

    from tfx.components.example_gen import utils
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.proto import example_gen_pb2
    from tfx.types import standard_artifacts
    from tfx.utils import proto_utils

    executor_class = importlib.import_module(module).Executor
    examples = standard_artifacts.Examples()
    examples.uri = output
    config = utils.make_default_input_config()
    properties = {
        "input_base": data,
        "input_config": proto_utils.proto_to_json(config),
        "output_config": proto_utils.proto_to_json(utils.make_default_output_config(config)),
        "output_data_format": example_gen_pb2.FORMAT_TF_EXAMPLE,
        "output_file_format": example_gen_pb2.FORMAT_TFRECORDS_GZIP,
    }
    imported, start, cpu = peak_mb(), time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(sys.stderr):
        context = BaseBeamExecutor.Context(beam_pipeline_args=["--runner=FnApiRunner"])
        executor_class(context).Do({}, {"examples": [examples]}, properties)
    seconds = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    print(json.dumps({**seconds, "peak_mb": peak_mb(), "import_peak_mb": imported}))


def compare(stock: Path, ours: Path) -> None:
    """Fails unless both folders hold the same examples in the same splits."""
    for folder in sorted(stock.iterdir()):
        if examples_of(folder) != examples_of(ours / folder.name):
            raise SystemExit(f"{folder.name} differs")


def examples_of(folder: Path) -> Counter[bytes]:
    """The examples of a split and how often each is there; as digests, for there may be millions."""
    import tensorflow as tf

    def digest(record: bytes) -> bytes:
        # Stock writes the entries of a map in any order.
        return hashlib.blake2b(tf.train.Example.FromString(record).SerializeToString(deterministic=True)).digest()

    files = [str(file) for file in folder.iterdir()]
    return Counter(digest(record) for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())


def peak_mb() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ratio(measured: dict[str, dict[str, float]]) -> float:
    """How many times faster Headrace's is."""
    return measured["stock"]["seconds"] / measured["headrace"]["seconds"]


if __name__ == "__main__":
    main()
