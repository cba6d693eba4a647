"""From CSV to transformed examples: stock executors and Headrace's in turn, on taxi data of any number of rows.

    python benchmarks/data_path.py --rows 15000 --rows 300000
    python benchmarks/data_path.py --rows 3000000 --only headrace

Each executor runs in a process of its own; the seconds are its own, after the import. StatisticsGen and Transform read
the examples that Headrace's CsvExampleGen made. Outputs are compared before a ratio is printed. The floor is what it
costs to read the CSV file, to encode it and to write it compressed, with nothing else.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import csv_example_gen
import statistics_gen
import transform
from data_path_parts import Measured, make_rows, measure, run_in_process

FLOOR = "floor"
Times = dict[str, Measured]


@dataclass(frozen=True)
class Node:
    """One line of the table."""

    name: str
    benchmark: ModuleType
    compare: Callable[[Path, Path], None]


NODES = (
    Node("CsvExampleGen", csv_example_gen, csv_example_gen.compare),
    Node("StatisticsGen", statistics_gen, statistics_gen.compare),
    Node("Transform", transform, transform.compare),
)


def main() -> None:
    """Measures, and prints a table for each number of rows."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, action="append", help="may be given again (default: 15,000 and 300,000)")
    parser.add_argument("--only", choices=csv_example_gen.CLASSES, help="run one of them, compare nothing")
    parser.add_argument("--execute", nargs=3, metavar=("CLASS", "INPUT", "OUTPUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.execute:
        _, data, output = arguments.execute
        measure(lambda: read_encode_and_write(Path(data), Path(output)))
        return
    for rows in arguments.rows or (15_000, 300_000):
        with tempfile.TemporaryDirectory() as folder:
            for line in table(rows, measured(Path(folder), rows, arguments.only)):
                print(line, flush=True)


def measured(folder: Path, rows: int, only: str | None) -> dict[str, Times]:
    """What each node took by either executor, and the floor."""
    data, examples = folder / "data", folder / NODES[0].name / "headrace"
    make_rows(data, rows)
    found: dict[str, Times] = {}
    for node in NODES:
        (folder / node.name).mkdir()
        given = data if node is NODES[0] else examples
        classes = {name: path for name, path in node.benchmark.CLASSES.items() if only in (None, name)}
        outputs = {name: folder / node.name / name for name in classes}
        found[node.name] = {
            name: run_in_process(str(node.benchmark.__file__), path, str(given), str(outputs[name]))
            for name, path in classes.items()
        }
        if len(outputs) == len(node.benchmark.CLASSES):
            node.compare(outputs["stock"], outputs["headrace"])
    found[FLOOR] = {"headrace": run_in_process(__file__, FLOOR, str(data), str(folder / FLOOR))}
    return found


def table(rows: int, found: dict[str, Times]) -> Iterator[str]:
    """A Markdown table: seconds, CPU seconds in brackets, ratios of both, peak memory."""
    yield f"| {rows:,} rows | stock TFX, s (CPU) | Headrace, s (CPU) | ratio (CPU) | peak memory, MB: stock, Headrace |"
    yield "|---|---|---|---|---|"
    sums: Times = {}
    for name in found[NODES[0].name]:
        ones = [found[node.name][name] for node in NODES]
        sums[name] = {of: sum(one[of] for one in ones) for of in ("seconds", "cpu_seconds")}
        sums[name]["peak_mb"] = max(one["peak_mb"] for one in ones)
    for node in NODES:
        yield _line(node.name, found[node.name])
    yield _line("together", sums)
    yield _line("floor of CsvExampleGen", found[FLOOR])


def _line(node: str, times: Times) -> str:
    cells = {name: f"{one['seconds']:.1f} ({one['cpu_seconds']:.1f})" for name, one in times.items()}
    peaks = {name: f"{one['peak_mb']:,.0f}" for name, one in times.items()}
    ratios = ""
    if {"stock", "headrace"} <= times.keys():
        wall, cpu = (times["stock"][of] / times["headrace"][of] for of in ("seconds", "cpu_seconds"))
        ratios = f"{wall:.1f} ({cpu:.1f})"
    both = ", ".join(peaks.get(name, "-") for name in ("stock", "headrace"))
    return f"| {node} | {cells.get('stock', '')} | {cells.get('headrace', '')} | {ratios} | {both} |"


def read_encode_and_write(data: Path, output: Path) -> None:
    """What has to be done at the least: CSV read by Arrow, examples encoded by tfx_bsl, gzipped by zlib at level 1."""
    import gzip

    import pyarrow as pa
    import pyarrow.csv
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

    encoder = RecordBatchToExamplesEncoder()
    types = {pa.float64(): pa.float32(), pa.string(): pa.binary()}
    output.mkdir()
    with gzip.open(output / "examples.gz", "wb", compresslevel=1) as file:
        for batch in pyarrow.csv.open_csv(data / "trips.csv"):
            one_each = pa.array(range(batch.num_rows + 1), pa.int32())
            columns = [
                pa.ListArray.from_arrays(one_each, column.cast(types.get(column.type, column.type)))
                for column in batch.columns
            ]
            file.write(b"".join(encoder.encode(pa.record_batch(columns, batch.schema.names))))


if __name__ == "__main__":
    main()
