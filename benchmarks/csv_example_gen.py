"""CsvExampleGen, stock and Headrace's, on taxi data of any number of rows, in turn.

    python benchmarks/csv_example_gen.py --rows 300000

Each runs in a process of its own; the seconds are those of the executor, after its import.
The outputs are compared first: the same examples in the same splits.
"""

import argparse
import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from data_path_parts import line, make_rows, measure, ratio, run_in_process

CLASSES = {
    "stock": "tfx.components.example_gen.csv_example_gen.executor",
    "headrace": "headrace.acceleration.csv_example_gen",
}


def main() -> None:
    """Measures on CSV files."""
    side_by_side(__doc__ or "", CLASSES, make_rows)


def side_by_side(description: str, classes: Mapping[str, str], make_data: Callable[[Path, int], None]) -> None:
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
            measured[name] = run_in_process(__file__, classes[name], str(data), str(output))
            written = sum(file.stat().st_size for file in output.rglob("*.gz"))
            print(f"{line(name, measured[name])}, {written / 1e6:.1f} MB written")
        if len(measured) == 2:
            compare(*(Path(folder, name) for name in classes))
            print(f"the same examples in the same splits; {ratio(measured):.1f} times faster")


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
    context = BaseBeamExecutor.Context(beam_pipeline_args=["--runner=FnApiRunner"])
    measure(lambda: executor_class(context).Do({}, {"examples": [examples]}, properties))


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


if __name__ == "__main__":
    main()
