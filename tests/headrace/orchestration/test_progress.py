import io
from pathlib import Path

import pytest
from rich.console import Console

from headrace.orchestration.outcomes import NodeOutcome, NodeState, RunOutcome, RunState
from headrace.orchestration.progress import ConsoleProgress
from headrace.orchestration.summary import Findings

NO_LOG = Path("/no/such/folder/node.log")  # a node that has not logged yet


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console that takes what it writes to for a terminal."""
    monkeypatch.setenv("TERM", "xterm")
    return Console(file=io.StringIO(), width=100, color_system=None, force_terminal=True)


def plain() -> Console:
    return Console(file=io.StringIO(), width=100, color_system=None)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_without_a_terminal_each_start_and_end_has_a_plain_line() -> None:
    console = plain()
    with ConsoleProgress(console) as progress:
        progress.started("Trainer", NO_LOG)
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
        progress.started("node[bold]", NO_LOG)
        progress.ended(NodeOutcome("node[bold]", NodeState.FAILED))
    assert written(console).splitlines() == ["  node[bold] started", "✗ node[bold] failed"]


def test_the_live_line_of_a_node_shows_its_id_as_it_is(terminal: Console) -> None:
    with ConsoleProgress(terminal) as progress:
        progress.started("node:smile:[bold]", NO_LOG)
    assert "node:smile:[bold]" in written(terminal)


def test_without_a_console_of_its_own_an_id_is_no_picture_either(capsys: pytest.CaptureFixture[str]) -> None:
    with ConsoleProgress() as progress:
        progress.ended(NodeOutcome("node:smile:", NodeState.FAILED))
    assert capsys.readouterr().out == "✗ node:smile: failed\n"


def test_a_node_that_needed_several_attempts_says_how_many() -> None:
    console = plain()
    with ConsoleProgress(console) as progress:
        progress.ended(NodeOutcome("Trainer", NodeState.SUCCEEDED, attempts=3))
        progress.ended(NodeOutcome("Pusher", NodeState.SUCCEEDED, attempts=1))
    assert written(console).splitlines() == ["✓ Trainer succeeded at attempt 3", "✓ Pusher succeeded"]


def test_without_a_terminal_nothing_is_said_of_nodes_that_wait() -> None:
    console = plain()
    with ConsoleProgress(console) as progress:
        progress.waiting({"Pusher": {"Trainer"}})
    assert written(console) == ""


def test_the_start_of_a_run_names_it_and_the_end_prints_its_summary() -> None:
    console = plain()
    with ConsoleProgress(console) as progress:
        progress.run_started("taxi[bold]", "1")
        progress.run_ended(RunOutcome("taxi", "1", (), Path("/logs"), 1.0), Findings((), ("/models/1",)))
    lines = written(console).splitlines()
    assert lines[0] == "taxi[bold] run 1"
    assert lines[-2:] == ["pushed to /models/1", "logs in /logs"]


def test_on_a_terminal_what_has_ended_stays_and_the_live_lines_go(terminal: Console) -> None:
    with ConsoleProgress(terminal) as progress:
        progress.started("Trainer", NO_LOG)
        progress.ended(NodeOutcome("Trainer", NodeState.SUCCEEDED, 2.0))
    output = written(terminal)
    assert "✓ Trainer succeeded 2.0 s\n" in output
    assert "Trainer started" not in output
    assert output.count("\x1b[?25l") == output.count("\x1b[?25h") == 1  # the cursor, hidden and given back


def test_on_a_terminal_a_node_that_waits_has_a_line_that_says_for_what(terminal: Console) -> None:
    with ConsoleProgress(terminal) as progress:
        progress.waiting({"Trainer[1]": {"Transform", "SchemaGen"}})
        assert "Trainer[1] waits for SchemaGen, Transform " in written(terminal)
        progress.waiting({"Trainer[1]": {"Transform"}})
        progress.started("Beside", NO_LOG)  # draws all lines again
        assert "Trainer[1] waits for Transform " in written(terminal)


def test_on_a_terminal_a_node_that_is_ready_waits_for_its_turn_not_for_nothing(terminal: Console) -> None:
    with ConsoleProgress(terminal) as progress:
        progress.waiting({"Trainer": set()})
    assert "Trainer waits for its turn " in written(terminal)


def test_on_a_terminal_a_node_has_one_line_which_follows_it_from_waiting_to_its_end(terminal: Console) -> None:
    def drawn(name: str) -> list[str]:
        """The lines on the screen, drawn again now, that are about nodes."""
        written_before = len(written(terminal))
        progress.started(name, NO_LOG)
        return [line.split("0:00")[0].strip() for line in written(terminal)[written_before:].splitlines()]

    with ConsoleProgress(terminal) as progress:
        progress.waiting({"Trainer": {"Transform"}, "Pusher": {"Trainer"}})
        progress.started("Trainer", NO_LOG)
        progress.waiting({"Pusher": {"Trainer"}})
        lines = drawn("First")
        assert sum("Trainer" in line and "Pusher" not in line for line in lines) == 1
        assert not any("Trainer waits" in line for line in lines)
        assert sum("Pusher waits for Trainer" in line for line in lines) == 1
        progress.ended(NodeOutcome("Trainer", NodeState.FAILED))
        progress.ended(NodeOutcome("Pusher", NodeState.BLOCKED))
        assert not any("Trainer" in line or "Pusher" in line for line in drawn("Second"))


def test_a_run_tells_which_nodes_failed_themselves() -> None:
    nodes = tuple(NodeOutcome(state.name, state) for state in NodeState)
    assert [node.node for node in RunOutcome("taxi", "1", nodes, Path(), 1.0).failed] == ["FAILED"]


@pytest.mark.parametrize(
    ("node", "stopped", "state"),
    [
        (NodeState.SUCCEEDED, False, RunState.SUCCEEDED),
        (NodeState.SKIPPED, False, RunState.SUCCEEDED),
        (NodeState.FAILED, False, RunState.FAILED),
        (NodeState.FAILED, True, RunState.CANCELED),
        (NodeState.BLOCKED, True, RunState.CANCELED),
    ],
)
def test_a_run_ended_as_its_nodes_did_unless_it_was_stopped(node: NodeState, stopped: bool, state: RunState) -> None:
    nodes = (NodeOutcome("a", NodeState.SUCCEEDED), NodeOutcome("b", node))
    assert RunOutcome("taxi", "1", nodes, Path(), 1.0, stopped).state is state
