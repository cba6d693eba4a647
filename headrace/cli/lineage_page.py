"""The lineage page: what lineage answers, put together for what display draws."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.writing import writing
from headrace.display.page.drawings import Judgement, Table
from headrace.display.page.lineage_page import LineagePage
from headrace.lineage.evaluations import EvaluationFacts, evaluations_of
from headrace.lineage.trace import input_section
from headrace.metadata.records import Run

if TYPE_CHECKING:
    from headrace.lineage import Lineage
    from headrace.lineage.shown import Section
    from headrace.lineage.trace import Trace

_OF_NODES = frozenset({"Steps", "Parameters", "Code"})  # sections that the records of the nodes tell
_OF_TABLES = frozenset({"Evaluation"})  # whose tables are drawn beside their nodes


def page_of_trace(lineage: "Lineage", thing: str) -> LineagePage:
    """The page of what a thing came from; of a run, also of its nodes that failed, were skipped, or were cached.

    Raises:
        UnknownNameError: it stands for nothing, or for several things.
    """
    found = lineage.trace(thing)
    title, graph, asked = found.title, found.graph, found.starts
    if isinstance(found.subject, Run):
        graph, asked = lineage.graph(found.subject.id), ()
    else:
        title = f"{found.subject.type} {found.subject.id}"
    return LineagePage(
        title,
        graph,
        asked,
        tuple(map(_table, _overview(found))),
        _judgements(found.evaluations),
        {one.artifact: (_table(input_section(one)),) for one in found.inputs},
    )


def _overview(found: "Trace") -> "list[Section]":
    """The run itself first, or the newest one; then what became of what it made, and the data."""
    sections = [one for one in reversed(found.sections()[1:]) if one.title not in _OF_NODES]
    if not isinstance(found.subject, Run):
        return sections
    own = next(one for one in found.runs if one.id == found.subject.id).sections()
    return [*own, *(one for one in sections if one not in own)]


def page_of_impact(lineage: "Lineage", thing: str) -> LineagePage:
    """The page of what was made from a thing.

    Raises:
        UnknownNameError: it stands for nothing.
        UserError: it is a run.
    """
    found = lineage.impact(thing)
    return LineagePage(
        f"made from {found.subject}",
        found.graph,
        found.starts,
        tuple(map(_table, found.sections())),
        _judgements(evaluations_of(found.graph)),
    )


def written(page: LineagePage, path: Path) -> Path:
    """The page's file, in full.

    Raises:
        UserError: it cannot be written.
    """
    with writing("the page", path, next_step="headrace lineage open --output FILE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.html(), encoding="utf-8")
    return path.resolve()


def _judgements(evaluations: Iterable[EvaluationFacts]) -> dict[int, Judgement]:
    return {one.execution: Judgement(one.verdict, one.metrics or {}, one.baseline_metrics) for one in evaluations}


def _table(section: "Section") -> Table:
    if section.title in _OF_TABLES:
        return Table(section.title, section.lines[:1])
    return Table(section.title, section.lines, section.columns, section.rows)
