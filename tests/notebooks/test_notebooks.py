"""The notebooks run from the first cell to the last, and show what they speak of."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOKS = ROOT / "notebooks"


def executed(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    monkeypatch.setenv("HEADRACE_HOME", str(home))
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    return notebook


def test_the_taxi_notebook_draws_statistics_and_slices_without_a_network(
    taxi_run: object, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy"):  # whatever goes out fails at once
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    notebook = executed("01_taxi_pipeline.ipynb", home, monkeypatch)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    figures = [output for output in outputs if "application/vnd.plotly.v1+json" in output.get("data", {})]
    assert len(figures) == 4
    text = "".join(output.get("text", "") for output in outputs)
    assert "Blessed" in text
    assert "overall (5,469 examples)" in text
    tables = "".join(output.data.get("text/plain", "") for output in outputs if "data" in output)
    for shown in ("AnomalyGate", "ExampleStatistics", "payment_type", "saved_model.pb"):
        assert shown in tables


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_kept_without_outputs(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
