"""`headrace lineage export`: lines to the terminal, to a file, to a server."""

from pathlib import Path

import pytest

from headrace.metadata import MetadataStore
from tests.headrace.cli.conftest import Command
from tests.headrace.lineage.openlineage_reading import read_event
from tests.headrace.lineage_server import lineage_server
from tests.headrace.recording import record_artifact, record_execution

EXPORT = ("lineage", "export", "--openlineage")


@pytest.fixture(autouse=True)
def runs(store: MetadataStore) -> None:
    """Two runs of a node."""
    for run in ("20260101-1", "20260102-1"):
        model = record_artifact(store, "Model", f"/home/{run}/model")
        record_execution(store, "taxi", run, "Trainer", outputs={"model": [model]})


def made(lines: str) -> set[str]:
    """The outputs that lines name."""
    return {one.name for line in lines.splitlines() for one in read_event(line).outputs or []}


def test_without_more_the_latest_run_goes_to_the_terminal(headrace: Command) -> None:
    code, out, err = headrace(*EXPORT)
    assert (code, err) == (0, "")
    assert made(out) == {"/home/20260102-1/model"}
    assert made(headrace(*EXPORT, "20260101")[1]) == {"/home/20260101-1/model"}


def test_a_file_gets_the_same_lines(headrace: Command, project: Path) -> None:
    lines = headrace(*EXPORT)[1]
    assert headrace(*EXPORT, "--output", "events.jsonl") == (0, "", "")
    assert (project / "events.jsonl").read_text() == lines


def test_a_server_gets_them_and_a_file_where_one_is_named(headrace: Command, project: Path) -> None:
    lines = headrace(*EXPORT)[1].splitlines()
    with lineage_server() as server:
        code, out, err = headrace(*EXPORT, "--to", server.url)
        assert (code, out, err) == (0, "", f"4 events were sent to {server.url}\n")
        assert headrace(*EXPORT, "--to", server.url, "--output", "events.jsonl")[0] == 0
    assert [one.body for one in server.posted] == lines * 2
    assert (project / "events.jsonl").read_text().splitlines() == lines


def test_the_password_of_a_server_is_not_shown(headrace: Command) -> None:
    with lineage_server() as server:
        code, out, err = headrace(*EXPORT, "--to", server.url.replace("://", "://ada:secret@"))
    assert (code, out, err) == (0, "", f"4 events were sent to {server.url}\n")


def test_a_server_that_refuses_makes_the_command_fail(headrace: Command) -> None:
    with lineage_server([(400, "no")]) as server:
        code, out, err = headrace(*EXPORT, "--to", server.url)
    assert (code, out) == (1, "")
    assert err.startswith("error: the server refused the START of taxi: 0 of 4 events were sent, 4 were not\n")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("lineage", "export"), "in which format?"),
        ((*EXPORT, "2027"), "there is no run '2027'"),
        ((*EXPORT, "--output", "/no/such/folder/events.jsonl"), "the events cannot be written"),
        ((*EXPORT, "--to", "localhost"), "'localhost' is no URL of a server"),
    ],
)
def test_a_mistake_is_one_message(headrace: Command, arguments: tuple[str, ...], what: str) -> None:
    code, out, err = headrace(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {what}")
    assert "Traceback" not in err
