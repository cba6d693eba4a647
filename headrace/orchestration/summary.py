"""What a run leaves on the console: nodes, metrics, verdicts, pushed models, failures, logs."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headrace.contents.evaluation import Evaluation, read_evaluation
from headrace.contents.metrics import OVERALL
from headrace.contents.notification import NOTIFICATION, Notification, read_notification
from headrace.contents.serving_check import CHECK_FILE, REASON, ServingCheck, read_serving_check
from headrace.contents.verdict import verdict_text
from headrace.errors import typed
from headrace.metadata import Artifact, MetadataStore
from headrace.metadata.properties import CHANGED_INPUTS, NOTE
from headrace.metadata.seen_examples import seen_by_baselines, seen_text
from headrace.orchestration.outcomes import NodeState, RunOutcome

Content = TypeVar("Content")
_BLESSING, _INFRA, _PUSHED = "ModelBlessing", "InfraBlessing", "PushedModel"
_DESTINATION = "pushed_destination"
MARKS = {
    NodeState.SUCCEEDED: "[green]✓[/]",
    NodeState.CACHED: "[cyan]≡[/]",
    NodeState.REUSED: "[cyan]≡[/]",
    NodeState.LEFT_OUT: "[dim]-[/]",
    NodeState.SKIPPED: "[dim]-[/]",
    NodeState.FAILED: "[bold red]✗[/]",
    NodeState.BLOCKED: "[yellow]·[/]",
    NodeState.CANCELED: "[yellow]·[/]",
}


@dataclass(frozen=True)
class Findings:
    """What a run's nodes made that a person wants to know at once."""

    evaluations: tuple[Evaluation, ...]
    pushed: tuple[str, ...]  # one for each pusher: where to, or empty
    served: tuple[ServingCheck, ...] = ()
    kept_back: tuple[str, ...] = ()  # one for each pusher: why it pushed nothing, or empty
    told: tuple[Notification, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()  # node, and what it left a note of on an artifact, or what is to say of it
    pushed_before: frozenset[str] = frozenset()  # of `pushed`: what an earlier run pushed, and is still there


def findings_of(outcome: RunOutcome, store: MetadataStore) -> Findings:
    """Reads the outputs of the nodes that ended well; takes seconds where there is an evaluation."""
    found = [
        (node.node, execution_id, artifact)
        for node in outcome.nodes
        if node.state.unlocks
        for execution_id in node.executions
        for artifacts in store.outputs(execution_id).values()
        for artifact in artifacts
    ]
    made = [(node, artifact) for node, _, artifact in found]
    pushers = [(execution_id, one) for _, execution_id, one in found if one.type == _PUSHED]
    cached = {node.node for node in outcome.nodes if node.state is not NodeState.SUCCEEDED}
    pushes = [(node, _destination(one)) for node, one in made if one.type == _PUSHED]
    rolled_back = [(node, place) for node, place in pushes if place and node in cached and not _is_there(place)]
    notes = [(node, str(note)) for node, one in made if (note := one.properties.get(NOTE))]
    judging = {
        execution_id: node.node
        for node in outcome.nodes
        for execution_id in node.executions
        if any(node.node == name and one.type == "ModelEvaluation" for name, one in made)
    }
    seen = seen_by_baselines(store, judging)
    notes += [(judging[execution_id], seen_text(examples)) for execution_id, examples in seen.items()]
    notes += [(node, _rolled_back_text(outcome.pipeline, node, place)) for node, place in rolled_back]
    ended = [node for node in outcome.nodes if node.state is NodeState.SUCCEEDED]
    notes += [(node.node, text) for node in ended for one in node.executions for text in changed_inputs_of(store, one)]
    evaluations = list(_read(read_evaluation, made, "ModelEvaluation", notes))
    served = [*_read(read_serving_check, made, _INFRA, notes), *_refused_by_stock(made)]
    told = list(_read(read_notification, made, NOTIFICATION, notes))
    return Findings(
        evaluations=tuple(evaluations),
        pushed=tuple("" if (node, place) in rolled_back else place for node, place in pushes),
        served=tuple(served),
        kept_back=tuple(_why_not_pushed(one, store.inputs(execution_id)) for execution_id, one in pushers),
        told=tuple(told),
        notes=tuple(notes),
        pushed_before=frozenset(place for node, place in pushes if node in cached and place),
    )


def changed_inputs_of(store: MetadataStore, execution_id: int) -> list[str]:
    """What a person should know of an execution whose inputs changed while it ran: a sentence for each."""
    execution = store.execution(execution_id)
    places = json.loads(str(execution.properties.get(CHANGED_INPUTS, "[]"))) if execution else []
    return [
        f"its input changed while it ran: {place}; what made it is not taken from the cache any more, "
        "and a component must not write into its inputs"
        for place in places
    ]


def _refused_by_stock(made: Iterable[tuple[str, Artifact]]) -> Iterator[ServingCheck]:
    """The refusals of InfraValidators, which leave no check."""
    for node, artifact in made:
        refused = artifact.type == _INFRA and artifact.properties.get("blessed") == 0
        if refused and not (Path(artifact.uri) / CHECK_FILE).exists():
            yield ServingCheck(False, str(artifact.properties.get(REASON) or f"{node} gave no reason: see its log"))


def _why_not_pushed(pushed: Artifact, inputs: Mapping[str, Iterable[Artifact]]) -> str:
    """Which blessing a pusher lacked; empty if it pushed, or nobody knows."""
    if pushed.properties.get(_DESTINATION):
        return ""
    refused = {one.type for artifacts in inputs.values() for one in artifacts if one.properties.get("blessed") == 0}
    words = {_BLESSING: "not blessed", _INFRA: "not blessed as served"}
    lacked = [told for kind, told in words.items() if kind in refused]
    return f"the model is {' and '.join(lacked)}" if lacked else ""


def _destination(pushed: Artifact) -> str:
    return str(pushed.properties.get(_DESTINATION, ""))


def _is_there(place: str) -> bool:
    return "://" in place or os.path.exists(place)


def _rolled_back_text(pipeline: str, node: str, place: str) -> str:
    command = typed("headrace", "run", pipeline, "--only", node, "--no-cache")
    told = f"what an earlier run pushed to {place} is gone, and was not pushed again because nothing changed"
    return f"{told}. To push it again: {command}"


def _read(
    read: Callable[[Path], Content], made: Iterable[tuple[str, Artifact]], kind: str, notes: list[tuple[str, str]]
) -> Iterator[Content]:
    """What the artifacts of a type hold; of one that is damaged there is a note."""
    for node, artifact in made:
        if artifact.type == kind:
            try:
                yield read(Path(artifact.uri))
            except FileNotFoundError:  # another component's, in a form of its own
                continue
            except ValueError as error:
                notes.append((node, str(error)))


def print_summary(outcome: RunOutcome, findings: Findings, console: Console) -> None:
    """Prints the table of nodes, then what the run found and made, then what failed and why."""
    console.print(_node_table(outcome))
    console.print(f"{escape(outcome.pipeline)} run {outcome.run_id} took {outcome.seconds:.1f} s", soft_wrap=True)
    for evaluation in findings.evaluations:
        _print_evaluation(evaluation, console)
    for check in findings.served:
        _print_verdict(check.text, check.blessed, console)
    for destination, why in zip_longest(findings.pushed, findings.kept_back, fillvalue=""):
        before = "nothing new to push: an earlier run " if destination in findings.pushed_before else ""
        nothing = f"nothing was pushed: {why}" if why else "nothing was pushed"
        console.print(escape(f"{before}pushed to {destination}" if destination else nothing), soft_wrap=True)
    for one in findings.told:
        if one.events:
            console.print(f"note: {escape(one.text)}", style="bold yellow" if one.problem else None, soft_wrap=True)
    for name, note in findings.notes:
        console.print(f"[bold yellow]{escape(name)}:[/] {escape(note)}", soft_wrap=True)
    for node in outcome.failed:
        console.print(f"[bold red]{escape(node.node)} failed[/]")
        console.print(escape(str(node.failure)), soft_wrap=True)
        if node.log:
            console.print(f"  log: {escape(str(node.log))}", soft_wrap=True)
    console.print(f"logs in {escape(str(outcome.log_folder))}", soft_wrap=True)


def _node_table(outcome: RunOutcome) -> Table:
    table = Table("", "node", "state")
    table.add_column("seconds", justify="right")
    for node in outcome.nodes:
        seconds = f"{node.seconds:.1f}" if node.state in (NodeState.SUCCEEDED, NodeState.FAILED) else ""
        table.add_row(MARKS[node.state], escape(node.node), node.state, seconds)
    return table


def _print_evaluation(evaluation: Evaluation, console: Console) -> None:
    metrics = {name: value for name, value in evaluation.metrics.get(OVERALL, {}).items() if value is not None}
    if metrics:
        console.print(", ".join(f"{name} {value:.4g}" for name, value in metrics.items()), soft_wrap=True)
    _print_verdict(verdict_text(evaluation), evaluation.blessed, console)


def _print_verdict(text: str, blessed: bool, console: Console) -> None:
    console.print(escape(text), style="green" if blessed else "bold yellow", soft_wrap=True)
