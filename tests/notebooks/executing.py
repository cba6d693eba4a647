"""Notebooks, executed without a network, and what their cells show."""

import os
import re
from html import unescape
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOKS = ROOT / "notebooks"
PLOTLY = "application/vnd.plotly.v1+json"


def executed(name: str, home: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    # Whatever goes out fails at once.
    environment = {"HEADRACE_HOME": str(home), "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}})
    client.execute(env={**os.environ, **environment})
    return notebook


def outputs_of(notebook: nbformat.NotebookNode, ending: str = "") -> list[nbformat.NotebookNode]:
    """The outputs of the cells whose code ends so."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.endswith(ending)]
    return [output for cell in cells for output in cell.outputs]


def page(notebook: nbformat.NotebookNode, ending: str) -> str:
    """What the only cell whose code ends so shows; words, not markup."""
    [output] = outputs_of(notebook, ending)
    return unescape(output.data["text/html"]).replace("<wbr>", "")


def table(notebook: nbformat.NotebookNode, ending: str) -> list[dict[str, str]]:
    """The rows of the first table that the only cell whose code ends so shows: a column's name to its text."""
    html = page(notebook, ending).partition("</table>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL)
    head, *body = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [dict(zip(head, cells, strict=True)) for cells in body]


def printed(notebook: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in outputs_of(notebook))


def figures(notebook: nbformat.NotebookNode, ending: str = "") -> list[nbformat.NotebookNode]:
    return [output.data[PLOTLY] for output in outputs_of(notebook, ending) if PLOTLY in output.get("data", {})]
