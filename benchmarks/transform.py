"""Transform, stock and Headrace's, of the taxi pipeline on any number of rows, in turn.

    python benchmarks/transform.py --rows 300000

Each runs in a process of its own; the seconds are those of the executor, after its import.
The outputs are compared first: the same vocabularies, schemas and examples, floats within 2e-6
(a float32 mean depends on how rows are batched, and stock's batches are of any size).
"""

import argparse
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_path_parts import Measured, line, measure, ratio, run_in_process
from statistics_gen import make_examples

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "pipelines" / "taxi" / "schema.pbtxt"
CLASSES = {"stock": "tfx.components.transform.executor", "headrace": "headrace.acceleration.transform"}
CLOSE = 2e-6


def main() -> None:
    """Makes the examples, runs both, compares and prints."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--only", choices=CLASSES, help="run one of them, compare nothing")
    parser.add_argument("--execute", nargs=3, metavar=("CLASS", "EXAMPLES", "OUTPUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.execute:
        execute(*arguments.execute)
        return
    with tempfile.TemporaryDirectory() as folder:
        examples = Path(folder, "examples")
        make_examples(Path(folder), examples, arguments.rows)
        size = sum(file.stat().st_size for file in examples.rglob("*.gz"))
        print(f"{arguments.rows:,} rows, {size / 1e6:.1f} MB of examples")
        measured: dict[str, Measured] = {}
        for name in [arguments.only] if arguments.only else CLASSES:
            measured[name] = run_in_process(__file__, CLASSES[name], str(examples), str(Path(folder, name)))
            print(line(name, measured[name]))
        if len(measured) == 2:
            compare(*(Path(folder, name) for name in CLASSES))
            print(
                f"the same graph and examples; {ratio(measured):.1f} times faster, "
                f"{ratio(measured, 'cpu_seconds'):.1f} in CPU"
            )


def execute(module: str, examples: str, output: str) -> None:
    """Runs an executor here, and prints seconds and memory as JSON."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

    sys.path.insert(0, str(ROOT))  # for the taxi pipeline
    executor_class = importlib.import_module(module).Executor
    given, outputs = artifacts(examples, output)
    properties = {"preprocessing_fn": "pipelines.taxi.preprocessing.preprocessing_fn", "custom_config": "null"}
    context = BaseBeamExecutor.Context(beam_pipeline_args=["--runner=FnApiRunner"])
    measure(lambda: executor_class(context).Do(given, outputs, properties))


def artifacts(examples: str, output: str) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """The artifacts that go in and out, as of a Transform with all its defaults."""
    from tfx.components.util import examples_utils
    from tfx.proto import example_gen_pb2
    from tfx.types import artifact_utils, standard_artifacts

    rows, schema = standard_artifacts.Examples(), standard_artifacts.Schema()
    rows.uri, schema.uri = examples, f"{output}-schema"
    rows.split_names = artifact_utils.encode_split_names(["train", "eval"])
    examples_utils.set_payload_format(rows, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(rows, "tfrecords_gzip")
    Path(schema.uri).mkdir()
    Path(schema.uri, SCHEMA.name).write_bytes(SCHEMA.read_bytes())
    kinds = {
        "transform_graph": standard_artifacts.TransformGraph,
        "transformed_examples": standard_artifacts.Examples,
        "updated_analyzer_cache": standard_artifacts.TransformCache,
        "pre_transform_schema": standard_artifacts.Schema,
        "pre_transform_stats": standard_artifacts.ExampleStatistics,
        "post_transform_schema": standard_artifacts.Schema,
        "post_transform_stats": standard_artifacts.ExampleStatistics,
        "post_transform_anomalies": standard_artifacts.ExampleAnomalies,
    }
    outputs = {name: [kind()] for name, kind in kinds.items()}
    for name, (artifact,) in outputs.items():
        artifact.uri = str(Path(output, name))
    return {"examples": [rows], "schema": [schema]}, outputs


def compare(stock: Path, ours: Path) -> None:
    """Fails unless both folders hold the same files, vocabularies, schemas and examples."""
    files = [{str(file.relative_to(folder)) for file in folder.rglob("*.*")} for folder in (stock, ours)]
    if files[0] != files[1]:
        raise SystemExit(f"other files: {files[0] ^ files[1]}")
    for name in files[0]:
        as_bytes = "assets/" in name or name.endswith("pbtxt")
        if as_bytes and (stock / name).read_bytes() != (ours / name).read_bytes():
            raise SystemExit(f"{name} differs")
    for split in (stock / "transformed_examples").iterdir():
        for index, (theirs, found) in enumerate(
            zip(columns_of(split), columns_of(ours / "transformed_examples" / split.name), strict=True)
        ):
            if not same(theirs, found):
                raise SystemExit(f"{split.name} differs in rows {index * 10_000:,} and after")


def columns_of(folder: Path) -> Iterator[Any]:
    """The examples of a split as Arrow tables of 10,000 rows."""
    from headrace.acceleration.example_reading import read_examples, split_files

    return read_examples(split_files(folder), 10_000)


def same(one: Any, other: Any) -> bool:
    """Whether two record batches hold the same, floats nearly; both executors keep the order of rows."""
    import numpy as np
    import pyarrow as pa

    if sorted(one.schema.names) != sorted(other.schema.names) or one.num_rows != other.num_rows:
        return False
    for name in one.schema.names:
        first, second = one.column(name), other.column(name)
        if first.flatten().type != pa.float32():
            if not first.equals(second):
                return False
        elif not np.allclose(first.flatten().to_numpy(), second.flatten().to_numpy(), rtol=CLOSE, atol=CLOSE):
            return False
    return True


if __name__ == "__main__":
    main()
