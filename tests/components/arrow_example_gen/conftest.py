"""Files of rows; and runs of small pipelines, as the runner's own tests have them."""

from pathlib import Path

import pytest

from headrace.acceleration import arrow_columns, csv_blocks, parquet_reading
from tests.headrace.orchestration.runs.conftest import run_pipeline, settings

__all__ = ["data", "run_pipeline", "settings", "small_blocks"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have many blocks, and blocks are encoded in more than one part."""
    monkeypatch.setattr(arrow_columns, "_ENCODED_BYTES", 50_000)
    monkeypatch.setattr(parquet_reading, "_BATCH_ROWS", 300)
    monkeypatch.setattr(csv_blocks.blocks, "__defaults__", (20_000,))
    monkeypatch.setattr("components.arrow_example_gen.json_file._BLOCK_BYTES", 20_000)
