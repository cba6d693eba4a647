"""ImportExampleGen, stock and Headrace's, on taxi data of any number of rows, in turn.

    python benchmarks/import_example_gen.py --rows 300000
    python benchmarks/import_example_gen.py --rows 300000 --parquet   # stock's custom executor for Parquet

Everything else is as in csv_example_gen.py.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

import csv_example_gen
from data_path_parts import make_rows

RECORDS = {
    "stock": "tfx.components.example_gen.import_example_gen.executor",
    "headrace": "headrace.acceleration.import_example_gen",
}
PARQUET = {
    "stock": "tfx.components.example_gen.custom_executors.parquet_executor",
    "headrace": "headrace.acceleration.parquet_example_gen",
}


def main() -> None:
    """Measures on TFRecord files, or on Parquet."""
    if "--parquet" in sys.argv:
        sys.argv.remove("--parquet")
        csv_example_gen.side_by_side(__doc__ or "", PARQUET, make_parquet)
    else:
        csv_example_gen.side_by_side(__doc__ or "", RECORDS, make_records)


def make_records(folder: Path, rows: int) -> None:
    """Writes gzipped TFRecord files of the rows, as CsvExampleGen makes them."""
    with tempfile.TemporaryDirectory() as made:
        make_rows(Path(made, "rows"), rows)
        with contextlib.redirect_stdout(sys.stderr):
            csv_example_gen.execute(
                csv_example_gen.CLASSES["headrace"], str(Path(made, "rows")), str(Path(made, "out"))
            )
        folder.mkdir()
        for file in Path(made, "out").rglob("*.gz"):
            file.rename(folder / f"{file.parent.name}.gz")


def make_parquet(folder: Path, rows: int) -> None:
    """Writes a Parquet file of the rows."""
    import pyarrow.csv
    import pyarrow.parquet

    with tempfile.TemporaryDirectory() as made:
        make_rows(Path(made, "rows"), rows)
        folder.mkdir()
        table = pyarrow.csv.read_csv(Path(made, "rows", "trips.csv"))
        pyarrow.parquet.write_table(table, folder / "trips.parquet", row_group_size=50_000)


if __name__ == "__main__":
    main()
