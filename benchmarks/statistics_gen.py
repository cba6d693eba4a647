"""StatisticsGen, stock and Headrace's, on taxi data of any number of rows, in turn.

    python benchmarks/statistics_gen.py --rows 300000

Each runs in a process of its own; the seconds are those of the executor, after its import.
The outputs are compared: the same statistics, quantiles within the error that both allow.
The floor is what it takes to read and decode the examples, and nothing more.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import csv_example_gen
from data_path_parts import Measured, line, make_rows, measure, ratio, run_in_process

CLASSES = {
    "stock": "tfx.components.statistics_gen.executor",
    "headrace": "headrace.acceleration.statistics_gen",
}
FLOOR = "floor"
# TFDV's sketches err by 0.01 of the rows in a rank, either one's in its own direction.
RANK_ERROR = 0.02


def main() -> None:
    """Makes the examples, runs both, compares and prints."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--only", choices=[*CLASSES, FLOOR], help="run one of them, compare nothing")
    parser.add_argument("--execute", nargs=3, metavar=("CLASS", "INPUT", "OUTPUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.execute:
        execute(*arguments.execute)
        return
    with tempfile.TemporaryDirectory() as folder:
        examples = Path(folder, "examples")
        make_examples(Path(folder), examples, arguments.rows)
        size = sum(file.stat().st_size for file in examples.rglob("*.gz"))
        print(f"{arguments.rows:,} rows, {size / 1e6:.1f} MB")
        measured: dict[str, Measured] = {}
        for name in [arguments.only] if arguments.only else [*CLASSES, FLOOR]:
            measured[name] = run_in_process(__file__, CLASSES.get(name, FLOOR), str(examples), str(Path(folder, name)))
            print(line(name, measured[name]))
        if not arguments.only:
            compare(*(Path(folder, name) for name in CLASSES))
            print(
                f"the same statistics; {ratio(measured):.1f} times faster, {ratio(measured, 'cpu_seconds'):.1f} in CPU"
            )


def make_examples(folder: Path, examples: Path, rows: int) -> None:
    """Writes examples of `rows` rows, train and eval, by Headrace's CsvExampleGen; `folder` gets the CSV file."""
    make_rows(folder / "data", rows)
    run_in_process(csv_example_gen.__file__, csv_example_gen.CLASSES["headrace"], str(folder / "data"), str(examples))


def execute(module: str, examples: str, output: str) -> None:
    """Runs an executor here, or only reads the examples, and prints seconds and memory as JSON."""
    import importlib

    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import artifact_utils, standard_artifacts

    if module == FLOOR:
        from headrace.acceleration.example_reading import read_examples
        from headrace.acceleration.statistics_gen import BATCH_ROWS

        files = sorted(Path(examples).rglob("*.gz"))
        measure(lambda: sum(batch.num_rows for batch in read_examples(files, BATCH_ROWS)))
        return
    executor_class = importlib.import_module(module).Executor
    given, made = standard_artifacts.Examples(), standard_artifacts.ExampleStatistics()
    given.uri, made.uri = examples, output
    given.split_names = artifact_utils.encode_split_names(["train", "eval"])
    context = BaseBeamExecutor.Context(beam_pipeline_args=["--runner=FnApiRunner"])
    measure(lambda: executor_class(context).Do({"examples": [given]}, {"statistics": [made]}, {}))


def compare(stock: Path, ours: Path) -> None:
    """Fails unless both folders hold the same statistics."""
    sys.path.append(str(Path(__file__).parent.parent))
    from tests.headrace.acceleration.statistics_stock import differences, written

    theirs, found = written(stock), written(ours)
    different = [one for name in theirs for one in differences(theirs[name], found[name], RANK_ERROR)]
    if theirs.keys() != found.keys() or different:
        raise SystemExit("\n".join(["the statistics differ", *different]))


if __name__ == "__main__":
    main()
