"""The taxi pipeline of this project."""

from pathlib import Path

from benchmarks.measured.stock_runner import HOME, root, run
from pipelines.taxi.pipeline import create_pipeline

DATA = Path(__file__).parents[2] / "data" / "taxi"

if __name__ == "__main__":
    run(create_pipeline("taxi", Path(root("taxi")), DATA, HOME / "serving"))
