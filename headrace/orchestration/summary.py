"""What a run leaves on the console: nodes, metrics, verdicts, pushed models, failures, logs."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headrace.contents.evaluation import Evaluation, read_evaluation
from headrace.metadata import Artifact, MetadataStore
from headrace.orchestration.outcomes import NodeState, RunOutcome
from headrace.orchestration.progress import MARKS

MOST_REASONS = 5  # more stand in the evaluation itself


@dataclass(frozen=True)
class Findings:
    """What a run's nodes made that a person wants to know at once."""

    evaluations: tuple[tuple[Artifact, Evaluation], ...]
    blessed: tuple[bool, ...]  # one for each evaluator
    pushed: tuple[str, ...]  # one for each pusher: where to, or empty


def findings_of(outcome: RunOutcome, store: MetadataStore) -> Findings:
    """Reads the outputs of the nodes that ended well; takes seconds where there is an evaluation."""
    outputs = [
        artifact
        for node in outcome.nodes
        if node.execution_id is not None and node.state.unlocks
        for artifacts in store.outputs(node.execution_id).values()
        for artifact in artifacts
    ]
    return Findings(
        evaluations=tuple((one, read_evaluation(Path(one.uri))) for one in outputs if one.type == "ModelEvaluation"),
        blessed=tuple(one.properties.get("blessed") == 1 for one in outputs if one.type == "ModelBlessing"),
        pushed=tuple(str(one.properties.get("pushed_destination", "")) for one in outputs if one.type == "PushedModel"),
    )


def print_summary(outcome: RunOutcome, findings: Findings, console: Console) -> None:
    """Prints the table of nodes, then what the run found and made, then what failed and why."""
    console.print(_node_table(outcome))
    for artifact, evaluation in findings.evaluations:
        _print_evaluation(artifact, evaluation, console)
    for blessed in findings.blessed:
        console.print("[green]blessed[/]" if blessed else "[bold yellow]not blessed[/]")
    for destination in findings.pushed:
        console.print(f"pushed to {escape(destination)}" if destination else "nothing was pushed", soft_wrap=True)
    for node in outcome.failed:
        console.print(f"[bold red]{escape(node.node)} failed[/]")
        console.print(escape(str(node.failure)), soft_wrap=True)
        if node.log:
            console.print(f"  log: {escape(str(node.log))}", soft_wrap=True)
    console.print(f"logs in {escape(str(outcome.log_folder))}", soft_wrap=True)


def _node_table(outcome: RunOutcome) -> Table:
    table = Table("", "node", "state", caption=f"{outcome.pipeline} run {outcome.run_id}: {outcome.seconds:.1f} s")
    table.add_column("seconds", justify="right")
    for node in outcome.nodes:
        seconds = f"{node.seconds:.1f}" if node.state in (NodeState.SUCCEEDED, NodeState.FAILED) else ""
        table.add_row(MARKS[node.state], escape(node.node), node.state, seconds)
    return table


def _print_evaluation(artifact: Artifact, evaluation: Evaluation, console: Console) -> None:
    metrics = {name: value for name, value in evaluation.metrics[()].items() if value is not None}
    console.print(", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))
    for check in (*evaluation.failures[:MOST_REASONS], *evaluation.passed[:MOST_REASONS]):
        mark = MARKS[NodeState.SUCCEEDED if check.held else NodeState.FAILED]
        console.print(f"  {mark} {escape(str(check))}", soft_wrap=True)
    if len(evaluation.failures) > MOST_REASONS:
        console.print(f"  {len(evaluation.failures) - MOST_REASONS} more reasons: headrace show {artifact.id}")
