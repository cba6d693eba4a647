import io
from pathlib import Path

import pytest
from rich.console import Console

from headrace.orchestration.outcomes import NodeOutcome, NodeState, RunOutcome
from headrace.orchestration.progress import ConsoleProgress


def plain() -> Console:
    return Console(file=io.StringIO(), width=100, color_system=None)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_without_a_terminal_each_start_and_end_has_a_plain_line() -> None:
    console = plain()
    with ConsoleProgress(console) as progress:
        progress.started("Trainer")
        progress.ended(NodeOutcome("Trainer", NodeState.SUCCEEDED, 1.26))
    assert written(console).splitlines() == ["  Trainer started", "✓ Trainer succeeded 1.3 s"]


@pytest.mark.parametrize("state", list(NodeState))
def test_every_state_has_its_line_and_a_node_that_never_started_may_end(state: NodeState) -> None:
    console = plain()
    with ConsoleProgress(console) as progress:
        progress.ended(NodeOutcome("Pusher", state))
    [line] = written(console).splitlines()
    assert line.endswith(f" Pusher {state}")


def test_a_nodes_id_is_shown_as_it_is_brackets_included() -> None:
    console = plain()
    with ConsoleProgress(console) as progress:
        progress.started("node[bold]")
        progress.ended(NodeOutcome("node[bold]", NodeState.FAILED))
    assert written(console).splitlines() == ["  node[bold] started", "✗ node[bold] failed"]


def test_on_a_terminal_what_has_ended_stays_and_the_live_lines_go() -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None, force_terminal=True)
    with ConsoleProgress(console) as progress:
        progress.started("Trainer")
        progress.ended(NodeOutcome("Trainer", NodeState.SUCCEEDED, 2.0))
    output = written(console)
    assert "✓ Trainer succeeded 2.0 s\n" in output
    assert "Trainer started" not in output
    assert output.count("\x1b[?25l") == output.count("\x1b[?25h") == 1  # the cursor, hidden and given back


def test_a_run_tells_which_nodes_failed_themselves() -> None:
    nodes = tuple(NodeOutcome(state.name, state) for state in NodeState)
    assert [node.node for node in RunOutcome("taxi", "1", nodes, Path(), 1.0).failed] == ["FAILED"]
